// Joining a limit to what the searches can do.
#include "counted_limit.hpp"

#include "search_bound.hpp"

namespace natbound {

void count_limit(guaranteed_result& out, counted_limit limit) {
    if (out.at_most && *out.at_most <= limit.size) return;
    const bool first = out.nothing_fails || out.at_least >= limit.size;
    out.nothing_fails = false;
    out.connections.reset();
    out.at_most = limit.size;
    out.binds = std::move(limit.kind);
    out.nat = std::move(limit.nat);
    out.failing = std::move(limit.failing);
    out.sets_it = std::move(limit.sets_it);
    out.evidence = {};
    if (!first) {
        out.sets_it += "; whether a search can fail with fewer is not settled";
        return;
    }
    out.at_least = limit.size;
    out.connections = limit.size;
    limit.reason["limit"] = detail::number(limit.size);
    out.evidence["connections"] = detail::number(limit.size);
    out.evidence["lower-bound"] = std::move(limit.reason);
}

}  // namespace natbound
