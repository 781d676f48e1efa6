// A risk that no method knows, counted in a simulation of the scenario as it is.
#include <algorithm>
#include <cmath>
#include <limits>

#include "natbound/calculator/simulator.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

using namespace calculator;

namespace {

constexpr std::uint64_t connections = 1'000'000;

refusal_odds odds_of(const simulated_count& seen) {
    const double infinite = std::numeric_limits<double>::infinity();
    refusal_odds out;
    out.at_most = seen.refused == 0;
    out.value = out.at_most ? seen.high : seen.refusal_probability;
    out.low = seen.low;
    out.high = seen.high;
    out.log = out.value > 0 ? std::log(out.value) : -infinite;
    return out;
}

// Without the advice to do what is done here.
std::string reason(std::string text) {
    const std::string advice = "; simulate counts it";
    if (text.ends_with(advice)) text.resize(text.size() - advice.size());
    return text;
}

}  // namespace

simulate_options short_simulation(const risk_options& options, std::uint64_t arrivals) {
    simulate_options out;
    out.seed = options.seed;
    out.arrivals = arrivals;
    out.scale = options.scale;
    out.most_warm_up = 3e6;
    out.progress = [&options](std::uint64_t, std::uint64_t) {
        if (options.interrupt) options.interrupt();
    };
    return out;
}

risk_result counted_risk(const scenario& s, const risk_options& options, const unsupported& why) {
    simulate_result seen;
    try {
        seen = simulate(s, short_simulation(options, connections));
    } catch (const unsupported& also) {
        const std::string first = why.what(), second = also.what();
        if (first == second) throw;
        throw unsupported(first + " (nor can it be counted: " + second + ")");
    }
    const auto traffic = fill_traffic(s);
    risk_result out;
    out.counted = true;
    out.rate = traffic.rate() * options.scale;
    out.load = traffic.load() * options.scale;
    out.overall = odds_of(seen);
    out.bursty = traffic.bursty();
    out.method = "counted: " + grouped(count(seen.refused)) + " refused of " +
                 grouped(count(seen.arrivals)) + " simulated connections" +
                 (seen.independent < enough_to_judge && seen.refused > 0
                      ? ", too few by themselves to judge by"
                      : "") +
                 "; no method answers, for " + reason(why.what());
    out.assumed = seen.assumed;
    for (const auto& one : seen.refused_by)
        out.refused_by.push_back({one.limit, "", one.share.value, one.share.low, one.share.high});
    for (const auto& k : seen.kinds) {
        kind_result one;
        one.clients = k.clients;
        one.servers = k.servers;
        one.destination = k.destination;
        one.kind.rate = traffic.rate() * static_cast<double>(k.arrivals) /
                        static_cast<double>(std::max<std::uint64_t>(seen.arrivals, 1));
        one.kind.endpoints = 1;
        one.odds = odds_of(k);
        out.kinds.push_back(std::move(one));
    }
    std::stable_sort(out.kinds.begin(), out.kinds.end(),
                     [](const auto& a, const auto& b) { return a.odds.log > b.odds.log; });
    if (!out.kinds.empty()) out.worst = out.kinds.front().odds;
    const double failing = out.overall.value * out.rate;
    out.refusals_a_day = failing * 86400;
    if (failing > 0 && !out.bursty) out.first.at_least = 1 / failing;
    return out;
}

}  // namespace natbound
