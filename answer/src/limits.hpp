#pragma once
// All limits of a scenario in one unit, the load (of everything) at which each is felt: which one
// binds first as the traffic grows, and how far off the next is.
#include <boost/json.hpp>
#include <functional>
#include <vector>

#include "natbound/calculator/likely.hpp"
#include "natbound/model/scenario.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "natbound/solver/maximum.hpp"

namespace natbound {

struct limit_question {
    const scenario* s = nullptr;
    double epsilon = 1e-6;  // each limit's own refusals at which it is felt
    double load = 0;        // of the traffic; none: 0
    const calculator::likely_result* likely = nullptr;
    // likely of the same scenario without quotas, tables and rate limits
    std::function<calculator::likely_result()> ports_alone;
    // What is possible, where it was asked.
    const guaranteed_result* guaranteed = nullptr;
    const maximum_result* maximum = nullptr;
};

// {name, kind, connections, load, headroom, refusal_probability, binds, failure, source}, by load.
boost::json::array limits_part(const limit_question& q);

// {name, kind, factor, next: {name, kind, factor, times}} of that list: by what factor the traffic
// may grow until the first binds. null without limits or traffic.
boost::json::value first_limit(const boost::json::array& limits);

// Whether anything but ports can refuse: a quota, a table, a limit on mappings, subscribers or a
// rate, or a server.
bool has_other_limits(const scenario& s);
// The same scenario without them.
scenario with_ports_alone(scenario s);

}  // namespace natbound
