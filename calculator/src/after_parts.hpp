#pragma once
// The pieces of after.cpp: traffic and systems before a change in terms of those after it, and what
// is put together from courses.
#include <algorithm>
#include <string>
#include <vector>

#include "after_course.hpp"
#include "natbound/calculator/after.hpp"
#include "natbound/calculator/systems.hpp"

namespace natbound::calculator::detail {

// The traffic before the change, exponential holds as they are after it (the load stays): holds
// without memory have the same law at the change, and take the new mean from there on.
filled_traffic as_kept(const scenario& before, filled_traffic old, const scenario& now,
                       const filled_traffic& traffic);

// Whether a stream of one scenario goes between the sets of a stream of another, by name.
bool same_sets(const scenario& a, const stream& x, const scenario& b, const stream& y);

// What tells a system apart in both scenarios.
std::string place_of(const scenario& s, const system_split& all, const loss_system& system);

// Of streams or parts of systems: whether it has forgotten when it began.
template <class Part>
bool memoryless(const Part& p) {
    return p.open.law == hold_law::exponential &&
           std::all_of(p.closing.begin(), p.closing.end(),
                       [](const auto& c) { return c.share * c.seconds <= 0; });
}

// The mean of all holds, where they are exponential and equal; else 0.
template <class Part>
double one_hold(const std::vector<Part>& all) {
    if (all.empty()) return 0;
    for (const auto& p : all)
        if (!memoryless(p) || p.open.mean != all.front().open.mean) return 0;
    return all.front().open.mean;
}

// The parts of a system before the change as parts of the one after it. Kinds that are there no
// longer are added to `split`. Throws input_error where their clients or servers are gone.
std::vector<system_part> in_terms_of(const loss_system& old, const scenario& before,
                                     const system_split& old_split, const loss_system& system,
                                     const scenario& now, system_split& split);

// Mean number live t after the change where nothing is refused; old: none were before.
double without_refusals(const std::vector<system_part>* old, const std::vector<system_part>& now,
                        double t);

double without_refusals(const std::vector<stream>& old, const std::vector<stream>& now, double t);

// n flows, each in this system with that chance. Throws input_error where there surely are more
// than ports.
occupancy spread_over(std::uint64_t n, double share, std::uint64_t ports);
// What is live in the long run; approximate: as if refused only where all ports are busy.
occupancy stationary_of(const loss_curve& curve, double load, bool& approximate);
// Without the chances at both ends that a double hardly holds.
occupancy trimmed(occupancy law);

// The streams through a NAT, or of a client set.
std::vector<stream> through(const scenario& s, const filled_traffic& traffic,
                            const std::string& nat_name);
std::vector<stream> of_clients(const scenario& s, const filled_traffic& traffic,
                               const std::string& clients);

// A table or a quota, and its traffic over `each` on both sides of a change. It held `before`, and
// what is live of that stays: new ones are refused until less is live.
struct limit_change {
    double limit = 0, before = 0, each = 1;
    const scenario *was = nullptr, *is = nullptr;
    std::vector<stream> old = {}, now = {};
};
// The chain for exponential holds of one mean, else stepped by its number. Where what is live goes
// beyond what a law of chances holds it is approximate (D. L. Jagerman 1975).
system_course limit_course(const limit_change& change, const after_options& options,
                           bool& approximate, const std::function<void(double)>& progress);

// Of what was seen and the bound on what was not; runs: none (0) are exact.
refusal_odds as_odds(const log_odds& seen, double unseen, std::uint64_t runs);
refusal_odds average(const std::vector<after_kind>& kinds, std::size_t time, double rate);

// The first refusal of independent systems, each so many times.
// To find the worst by: bounds say less than anything that was seen.
inline double rank(const refusal_odds& odds) { return odds.log - (odds.at_most ? 1e12 : 0); }

first_refusal_law first_of(const std::vector<std::pair<const system_course*, double>>& all,
                           const after_options& options);

}  // namespace natbound::calculator::detail
