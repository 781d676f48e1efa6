#include "after_kept.hpp"

#include <algorithm>
#include <cmath>

#include "after_runs.hpp"
#include "natbound/model/json_io.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double least = 1e-300;   // chances below it are left out
constexpr double most_work = 3e6;  // arrivals in all, where the number of runs is free
constexpr double most_runs = 400;

std::string text_of(nat n) {
    scenario alone;
    n.inside.clear();
    n.timers.clear();
    n.design.timers.clear();
    alone.nats = {std::move(n)};
    return to_json(alone);
}

bool one_flow_a_mapping(const design& d) {
    return d.mapping_type == mapping_type::edm || d.mapping_type == mapping_type::eim_if_possible;
}

bool same_choice(const pool_rule& a, const pool_rule& b) {
    return a.choice == b.choice && a.hash == b.hash && a.of == b.of && a.fallback == b.fallback &&
           a.paired == b.paired;
}

// Whether the flows of one are parted into systems as those of the other are.
bool same_shape(const nat& before, const nat& now) {
    const nat_plan was(before), is(now);
    const auto& a = was.design;
    const auto& b = is.design;
    const bool one_address = was.pool_size == 1 && is.pool_size == 1;
    // each address a system like all others
    const bool by_lot = !b.pool.fallback && (b.pool.choice == pool_choice::random ||
                                             b.pool.choice == pool_choice::round_robin);
    if (by_lot && !one_address && before.external_ip_address_pool != now.external_ip_address_pool)
        return false;
    return a.clash_scope.destination == b.clash_scope.destination &&
           a.clash_scope.protocol == b.clash_scope.protocol && one_flow_a_mapping(a) &&
           one_flow_a_mapping(b) && a.port_parity_preservation == b.port_parity_preservation &&
           was.classes.size() == is.classes.size() && (one_address || same_choice(a.pool, b.pool));
}

}  // namespace

bool is_another(const nat& before, const nat& now) { return text_of(before) != text_of(now); }

bool searches_otherwise(const nat& before, const nat& now) {
    const auto searches = [](nat n) {
        n.connection_limits = {};
        n.rate_limits.reset();
        n.memory.reset();
        n.mapping_limits = {};
        return text_of(std::move(n));
    };
    return searches(before) != searches(now);
}

const nat* carried_from(const scenario& before, const nat& now) {
    for (const auto& was : before.nats)
        if (was.name == now.name)
            return !was.port_set && !now.port_set && translates(was) == translates(now) &&
                           is_another(was, now)
                       ? &was
                       : nullptr;
    return nullptr;
}

bool is_reshaped(const scenario& before, const scenario& now) {
    return std::any_of(now.nats.begin(), now.nats.end(), [&](const nat& n) {
        const nat* was = carried_from(before, n);
        return was && translates(n) && searches_otherwise(*was, n) && !same_shape(*was, n);
    });
}

std::string not_carried(const scenario& before, const scenario& now) {
    for (const auto& was : before.nats)
        for (const auto& n : now.nats)
            if (was.name == n.name && is_another(was, n) && !carried_from(before, n))
                return n.name +
                       ": what is live at the change is taken to be on the ports, and within the "
                       "limits, that there are after it, as its ports are dealt out in sets, or it "
                       "translates only before it or only after it";
    return {};
}

occupancy on_some(const occupancy& law, std::uint64_t ports, std::uint64_t some) {
    if (some == 0) return exactly(0);
    if (some >= ports) return law;
    const auto all = static_cast<double>(ports), kept = static_cast<double>(some);
    occupancy out;
    out.error_bound = law.error_bound;
    out.chances.assign(some + 1, 0);
    std::vector<double> terms;
    for (std::size_t i = 0; i < law.chances.size(); ++i) {
        const double chance = law.chances[i];
        if (chance < least) continue;
        const auto n = static_cast<double>(law.from + i);
        const double first = std::max(0.0, n - (all - kept)), last = std::min(n, kept);
        const double mode = std::clamp(std::floor((n + 1) * (kept + 1) / (all + 2)), first, last);
        // from the mode both ways; scaled to their own sum, so that nothing is lost to factorials
        const double enough = least / chance;
        terms.clear();
        double sum = 1, low = mode;
        for (double k = mode, term = 1; k > first && term > enough; --k) {
            term *= k * (all - kept - n + k) / ((kept - k + 1) * (n - k + 1));
            terms.push_back(term);
            sum += term;
            low = k - 1;
        }
        std::reverse(terms.begin(), terms.end());
        terms.push_back(1);
        for (double k = mode, term = 1; k < last && term > enough; ++k) {
            term *= (kept - k) * (n - k) / ((k + 1) * (all - kept - n + k + 1));
            terms.push_back(term);
            sum += term;
        }
        for (std::size_t k = 0; k < terms.size(); ++k)
            out.chances[static_cast<std::size_t>(low) + k] += chance * terms[k] / sum;
    }
    return out;
}

sampled_start sample_start(const simulation_input& input, const course_start& start,
                           std::uint64_t runs, std::uint64_t seed,
                           const std::function<void(double)>& progress) {
    std::vector<double> old(input.streams.size());
    double rate = 0, longest = 0;
    for (std::size_t i = 0; i < start.before; ++i) {
        old[i] = 1;
        rate += input.streams[i].rate;
        longest = std::max(longest, input.streams[i].hold());
    }
    sampled_start out;
    for (std::uint64_t run = 0; runs == 0 || run < runs; ++run) {
        simulation s(input, seed * 1000003 + run);
        s.rates(old);
        s.fill();
        const double warm_up = s.memory() * longest;
        if (runs == 0)
            runs = affordable_runs(warm_up * rate, start.share_of_work * most_work, most_runs);
        advance_in_slices(s, warm_up, rate, 20000,
                          [&] { progress(static_cast<double>(run) / static_cast<double>(runs)); });
        s.change(false);
        std::uint64_t inside = 0;
        for (std::uint32_t id = 0; id < s.table().ids(); ++id)
            inside += s.table().flow(id).state != flow_state::gone && !s.table().is_away(id);
        out.inside.push_back(inside);
        out.outside += static_cast<double>(s.live() - inside) / static_cast<double>(runs);
    }
    return out;
}

}  // namespace natbound::calculator::detail
