// A table or a quota through a change.
#include <algorithm>
#include <cmath>

#include "after_numbers.hpp"
#include "after_parts.hpp"
#include "after_reach.hpp"
#include "natbound/calculator/erlang.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double most_of_a_law = 4'194'304;  // live, as chances one by one

// More than are ever live of that load, with a chance that a double holds.
double most_before(double load) { return load + 40 * std::sqrt(load) + 400; }

double load_of(const std::vector<stream>& all) {
    double sum = 0;
    for (const auto& s : all) sum += s.load();
    return sum;
}

occupancy start_of(const limit_change& change, double was, const after_options& options) {
    if (options.live && *options.live > 0)
        return spread_over(static_cast<std::uint64_t>(*options.live), was / *options.live,
                           static_cast<std::uint64_t>(std::min(change.limit, most_of_a_law)));
    if (options.live || !(was > 0)) return exactly(0);
    const double most = std::min(change.before, most_before(was));
    return trimmed(stationary(static_cast<std::uint64_t>(most), was));
}

std::vector<number_stream> numbers_of(const std::vector<stream>& all, double each) {
    std::vector<number_stream> out;
    for (const auto& s : all) out.push_back({s.rate / each, {s.open, s.closing}});
    return out;
}

}  // namespace

system_course limit_course(const limit_change& change, const after_options& options,
                           bool& approximate, const std::function<void(double)>& progress) {
    const double load = load_of(change.now) / change.each, was = load_of(change.old) / change.each;
    const double mean =
        options.live ? std::max(was, load) : most_mean(change.old, change.now) / change.each;
    const double reach = log_reached(change.limit, mean);
    std::vector<double> live;
    for (const double t : options.times)
        live.push_back(without_refusals(change.old, change.now, t) / change.each);
    double rate = 0;
    for (const auto& s : change.now) rate += s.rate / change.each;
    const double hold = one_hold(change.now);
    const bool chain = hold > 0 && change.limit <= most_of_a_law;
    const double enough = chain || options.runs > 0 ? as_good_as_never : bound_is_enough;
    if (reach < std::log(enough)) return bounded_course(reach, rate, live);
    if (chain)
        return erlang_course(static_cast<std::uint64_t>(change.limit), load, hold,
                             start_of(change, was, options), options.times,
                             [progress] { progress(0); });
    if (most_before(was) <= most_of_a_law) {
        number_change numbers{change.limit, numbers_of(change.old, change.each),
                              numbers_of(change.now, change.each), start_of(change, was, options),
                              live};
        for (std::size_t i = 0; i < change.old.size(); ++i)
            for (std::size_t j = 0; j < change.now.size(); ++j)
                if (same_sets(*change.was, change.old[i], *change.is, change.now[j])) {
                    numbers.before[i].becomes = j;
                    break;
                }
        return number_course(numbers, options.times, options.runs, 1, options.seed, progress);
    }
    approximate = true;
    system_course out;
    out.refused.resize(1);
    out.live = live;
    for (const double n : live) out.refused[0].push_back({log_erlang_b(change.limit, n), 0, true});
    return out;
}

}  // namespace natbound::calculator::detail
