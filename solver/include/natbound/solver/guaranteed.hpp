#pragma once
// Guaranteed: the fewest live flows with which a new connection can fail, over every history of
// opens and closes, one at a time, every random draw, and every flow whose own socket is free.
// Derived from the design's description alone: its probe sequences bound it from below, and a
// history that fills just one such sequence, stepped on the concrete design, shows that the bound
// is met.
#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct guaranteed_result {
    std::optional<count> connections;  // exact; empty where only bounds are known
    count at_least = 0;
    std::optional<count> at_most;
    bool nothing_fails = false;    // then guaranteed is the maximum
    std::string binds;             // "search", "ports", "table", or "nothing"
    std::string nat;               // of which NAT
    std::string failing;           // the flow that fails, in words
    std::string sets_it;           // why just so many, and why fewer can't
    boost::json::object evidence;  // body of a certificate of kind `guaranteed`
};

// Throws unsupported for shapes that this version can't settle (cascades, overloading under eim or
// adm).
// `interrupt` is called now and then; what it throws ends the work.
guaranteed_result guaranteed(const scenario& s, const std::function<void()>& interrupt = {});

}  // namespace natbound
