#pragma once
// Gates in words and in certificates.
#include <boost/json.hpp>
#include <string>

#include "nat_capacity.hpp"
#include "natbound/model/gates.hpp"

namespace natbound {

// "the flow table of edge holds 1,000".
std::string in_words(const scenario& s, const gate& g);

boost::json::object json_of(const scenario& s, const gate& g,
                            const boost::json::storage_ptr& memory);

// All connections that could meet it.
count all_of(const scenario& s, const reach_table& reach, const gate& g);

// Tables that are a gate's (with_tables), by its own name.
void name_tables(const scenario& s, const without_gates& apart, std::string& words);

}  // namespace natbound
