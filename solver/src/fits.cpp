// Whether a demand fits: which of the ways to settle it a scenario takes.
#include <algorithm>

#include "cascade_view.hpp"
#include "contiguous.hpp"
#include "divided_pools.hpp"
#include "gated.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/ways_out.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/independent.hpp"
#include "natbound/solver/maximum.hpp"
#include "pair_fit.hpp"
#include "server_room.hpp"
#include "subscriber_demand.hpp"
#include "subscribers.hpp"

namespace natbound {

namespace {

// Ways out that share endpoints: it does not fit where one of them, or what all that have to do
// with one another have towards one server set, is too little; it does where they can be kept
// apart.
fit_result clashing_pairs(const scenario& s, const demand_list& demand) {
    by_pairs each(s, demand);
    if (each.passes_servers()) return each.found();
    each.each_nat();
    if (each.found().verdict == fit_verdict::does_not_fit) return each.found();
    const auto parts = independent_parts(s, demand);
    const auto too_much = [&](const independent_part& part,
                              const demand_list& some) -> std::optional<fit_result> {
        auto all = more_than_maximum(s, demand, part.s, some);
        if (all.verdict != fit_verdict::does_not_fit) return std::nullopt;
        return all;
    };
    if (parts.size() == 1) {
        if (auto all = more_than_maximum(s, demand); all.verdict == fit_verdict::does_not_fit)
            return all;
    } else {  // less than what all have together may be too much for one
        for (const auto& part : parts)
            if (auto found = too_much(part, part.demand)) return std::move(*found);
    }
    if (auto apart = placed_apart(s, demand)) return std::move(*apart);
    for (const auto& part : parts)
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            demand_list some = part.demand;
            std::erase_if(some, [&](const pair_demand& p) { return p.server != v; });
            if (some.size() < 2) continue;
            if (auto found = too_much(part, some)) return std::move(*found);
        }
    fit_result out;
    out.sets_it = "no division of the external endpoints that are shared was found that carries it";
    return out;
}

// Where server sets have more endpoints than backends: whether it fits on as many of them, where no
// two connections of one source endpoint can lead to one backend.
std::optional<fit_result> with_enough_endpoints(const scenario& s, const demand_list& demand) {
    const auto fewer = on_enough_endpoints(s);
    if (!fewer) return std::nullopt;
    auto out = fits(*fewer, demand);
    if (out.verdict != fit_verdict::fits) return std::nullopt;
    return out;
}

// Where more clients are inside a NAT than it may serve: whether it fits with as many of them as it
// may; or does not even without the limit, or by the maximum.
std::optional<fit_result> within_subscribers(const scenario& s, const demand_list& demand) {
    if (!limits_subscribers(s)) return std::nullopt;
    if (auto passed = passes_subscribers(s, demand)) return passed;
    fit_result out;
    if (const auto few = with_few_subscribers(s, demand)) out = fits(*few, demand);
    if (out.verdict == fit_verdict::fits) return out;
    scenario free = s;
    for (auto& n : free.nats) n.mapping_limits.limit_subscribers.reset();
    auto all = fits(free, demand);
    if (all.verdict == fit_verdict::does_not_fit) return all;
    all = more_than_maximum(s, demand);
    if (all.verdict == fit_verdict::does_not_fit) return all;
    out = {};
    out.sets_it = "no division of the subscribers that a NAT may serve was found that carries it";
    return out;
}

}  // namespace

fit_result fits(const scenario& s, const count& demand, placing place) {
    if (demand < 0) throw domain_error("a demand is 0 or more connections");
    if (place == placing::best || demand == 0) return from_maximum(s, demand);
    return fits(s, shared_demand(s, demand));
}

namespace {

fit_result settled(const scenario& s, const demand_list& demand,
                   const std::vector<std::uint64_t>& at) {
    if (total_of(demand) == 0) return from_maximum(s, 0);
    if (has_gates(s)) return gated_fit(s, demand, at);
    demand_list some = demand;
    std::erase_if(some, [](const pair_demand& p) { return p.connections == 0; });
    if (keeps_pairs(s)) return fits_in_pairs(s, some);
    if (auto found = with_enough_endpoints(s, some)) return std::move(*found);
    if (auto found = within_subscribers(s, some)) return std::move(*found);
    if (is_cascade(s)) return fits_through_cascade(s, std::move(some));
    if (clash_in_words(s)) return clashing_pairs(s, some);
    by_pairs all(s, std::move(some));
    if (!at.empty()) all.place_at(at);
    return all.run();
}

}  // namespace

fit_result fits(const scenario& s, const demand_list& demand,
                const std::vector<std::uint64_t>& at) {
    fit_result out;
    try {
        out = settled(s, demand, at);
    } catch (const limit_reached&) {
    }
    if (const auto ended = limit_hit(); ended && out.verdict == fit_verdict::unknown)
        out.sets_it = ended->what();
    return out;
}

}  // namespace natbound
