#pragma once
// How a design is read where a word may stand for it: whoever reads one includes this.
#include <string>

#include "natbound/model/json_io.hpp"

namespace natbound {

// The catalogue's design that this word names; throws input_error where there is none.
const design& design_named(const boost::json::value& word, const std::string& path);

// "design: cilium": the catalogue's own, which is not written out as JSON to be read again.
template <>
struct json_io::short_form<design> {
    static bool read(const boost::json::value& v, const std::string& path, design& out) {
        if (!v.is_string()) return false;
        out = design_named(v, path);
        return true;
    }
};

}  // namespace natbound
