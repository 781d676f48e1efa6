// Which limit refuses; and where limits that are not counted together leave wide bounds, a
// simulation of the scenario as it is, within them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "natbound/calculator/simulator.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

constexpr double narrow_enough = 1.1;      // high over low
constexpr double worth_it = 0.5;           // of the bounds' width, what is left of it
constexpr double unseen = 3;               // refusals, at most, of what refused none
constexpr double few = 200;                // refusals to expect: rarer ones are not looked for
constexpr double seldom_unoffered = 1e-3;  // else the simulator counts other connections

// Within what is proved; false where they do not meet.
bool within(const simulated_count& seen, refusal_odds& odds) {
    const double low = std::max(odds.low, seen.low), high = std::min(odds.high, seen.high);
    if (seen.independent < enough_to_judge || low > high) return false;
    odds.low = low;
    odds.high = high;
    odds.value = std::clamp(seen.refusal_probability, low, high);
    odds.log = std::log(odds.value);
    return true;
}

// Of kinds that the simulator tells apart; the others as far as all together say.
void narrow_kinds(const simulate_result& seen, risk_result& r) {
    for (auto& k : r.kinds) {
        const simulated_kind* mine = nullptr;
        for (const auto& one : seen.kinds)
            if (one.clients == k.clients && one.servers == k.servers &&
                one.destination == k.destination)
                mine = &one;
        const bool alone = std::count_if(r.kinds.begin(), r.kinds.end(), [&](const auto& other) {
                               return other.clients == k.clients && other.servers == k.servers &&
                                      other.destination == k.destination;
                           }) == 1;
        if (mine && alone && within(*mine, k.odds)) continue;
        const double part = k.kind.rate * k.kind.endpoints;
        if (k.odds.at_most || part <= 0) continue;
        k.odds.high = std::max(k.odds.low, std::min(k.odds.high, r.overall.high * r.rate / part));
        k.odds.value = std::min(k.odds.value, k.odds.high);
        k.odds.log = std::log(k.odds.value);
    }
    std::stable_sort(r.kinds.begin(), r.kinds.end(),
                     [](const auto& a, const auto& b) { return a.odds.log > b.odds.log; });
    r.worst = r.kinds.front().odds;
}

// A limit that only one NAT (or server set) has; the others keep their bounds, and share what these
// leave of all that are refused.
void narrow_limits(const simulate_result& seen, risk_result& r) {
    std::map<asked, int> many;
    for (const auto& one : r.refused_by) ++many[one.limit];
    std::vector<refused_by_limit*> others;
    double left = r.overall.value, shared = 0;
    for (auto& one : r.refused_by) {
        const auto by = std::find_if(seen.refused_by.begin(), seen.refused_by.end(),
                                     [&](const auto& limit) { return limit.limit == one.limit; });
        const bool told = many[one.limit] == 1 &&
                          (by == seen.refused_by.end() || by->share.independent >= enough_to_judge);
        if (told && by == seen.refused_by.end()) {
            // rarer than what was stepped shows
            one.value =
                std::max(one.low, std::min(one.value, unseen / static_cast<double>(seen.arrivals)));
        } else if (told && std::max(one.low, by->share.low) <= std::min(one.high, by->share.high)) {
            one.low = std::max(one.low, by->share.low);
            one.high = std::min(one.high, by->share.high);
            one.value = std::clamp(by->share.value, one.low, one.high);
        } else {
            shared += one.value;
            others.push_back(&one);
            continue;
        }
        left -= one.value;
    }
    for (auto* one : others)
        one->value = std::clamp(one->value * std::max(0.0, left) / std::max(shared, 1e-300),
                                one->low, one->high);
}

const char* kind_of(const scenario& s, const refused_by_limit& one) {
    if (one.limit == asked::table)
        for (const auto& n : s.nats)
            if (n.name == one.where && n.memory && n.connection_limits.limit_per_instance)
                if (const auto entries = n.memory->entries();
                    entries && *entries == *n.connection_limits.limit_per_instance)
                    return "memory";
    return name_of(one.limit);
}

}  // namespace

void narrow(const scenario& s, const risk_options& options, risk_result& r) {
    auto& all = r.overall;
    if (!r.bounds || r.counted || all.at_most || !r.hash_known || !r.cuts.empty()) return;
    if (all.high <= narrow_enough * all.low) return;
    const std::uint64_t arrivals = steps_connections(s) ? 60'000 : 400'000;
    if (all.value * static_cast<double>(arrivals) < few) return;
    auto how = short_simulation(options, arrivals);
    // another history than the one that `risk --simulate` holds against this
    how.seed = options.seed ^ 0x5bd1e995U;
    how.most_warm_up = 2 * static_cast<double>(arrivals);
    simulate_result seen;
    try {
        seen = simulate(s, how);
    } catch (const unsupported&) {
        return;  // the bounds stand
    }
    if (static_cast<double>(seen.unoffered) > seldom_unoffered * static_cast<double>(arrivals))
        return;
    const std::pair before{all.low, all.high};
    auto told = all;
    if (!within(seen, told) || told.high - told.low > worth_it * (all.high - all.low)) return;
    all = told;
    r.within = before;
    r.bounds = false;
    narrow_kinds(seen, r);
    narrow_limits(seen, r);
    r.method += "; these give bounds where several limits meet, and of " +
                grouped(count(seen.arrivals)) + " simulated connections " +
                grouped(count(seen.refused)) + " were refused, which tells where between them";
    const double failing = all.value * r.rate;
    r.refusals_a_day = failing * 86400;
    if (!r.bursty) r.first.at_least = std::max(r.first.at_least, 1 / failing);
}

bj::array refused_by_part(const scenario& s, const risk_result& r) {
    bj::array out;
    for (const auto& one : r.refused_by) {
        bj::object item{{"kind", kind_of(s, one)},
                        {"where", one.where.empty() ? bj::value(nullptr) : bj::value(one.where)},
                        {"value", one.value},
                        {"interval", bj::array{one.low, one.high}}};
        item["interval_is"] = r.exact ? "exact" : r.bounds || r.within ? "bounds" : "95 %";
        item["share"] =
            r.overall.value > 0 ? bj::value(one.value / r.overall.value) : bj::value(nullptr);
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace natbound
