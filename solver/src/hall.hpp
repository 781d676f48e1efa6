#pragma once
// Minimum cuts as certificates write them: sets of mappings that may use a few external endpoints
// alone.
#include <boost/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "pairing.hpp"

namespace natbound {

// Sockets of client sets, joined as far as may be: a client set's addresses where ports and
// mappings agree, then its ports where addresses do.
std::vector<source_item> joined(std::vector<source_item> items);
std::vector<external_class> joined(std::vector<external_class> items);

// The levels of a group that count: those that some mapping lies in.
boost::json::array levels_json(const group& g, const pairing& found, const scenario& s,
                               const boost::json::storage_ptr& memory);

// The most connections of a group: keys x the sum of its levels.
count most_of(const group& g, const pairing& found);

// The items of a NAT's list of groups; groups with equal levels become one.
class group_list {
  public:
    group_list(const scenario& s, boost::json::storage_ptr memory)
        : s_(s), memory_(std::move(memory)) {}
    void add(const group& g, const pairing& found);
    boost::json::array json();

  private:
    struct entry {
        destination_list to;
        count keys, most;
        boost::json::array levels;
    };
    const scenario& s_;
    boost::json::storage_ptr memory_;
    std::vector<entry> entries_;
    std::unordered_multimap<std::size_t, std::size_t> by_hash_;
};

}  // namespace natbound
