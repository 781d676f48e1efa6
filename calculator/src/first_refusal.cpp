// When the first connection is refused, of a scenario's limits.
#include <cmath>
#include <limits>
#include <set>

#include "first_of_limits.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "study_state.hpp"

namespace natbound::calculator {

namespace {

bool exponential(const filled_traffic& traffic) {
    return std::all_of(traffic.streams.begin(), traffic.streams.end(), [](const stream& t) {
        return t.open.law == hold_law::exponential && t.closing.empty();
    });
}

}  // namespace

// One complete search and nothing else that refuses.
const loss_curve* loss_study::state::only_curve() const {
    const auto& all = sums_->all();
    if (sums_->curves().size() != 1 || all.systems.size() != 1 || all.systems[0].copies != 1)
        return nullptr;
    const auto& curve = *sums_->curves()[0];
    const auto& limits = sums_->limits();
    const std::size_t nat = all.systems[0].nat;
    const bool others = limits.has_table(nat) || limits.has_subscribers(nat) ||
                        limits.has_rate(nat) || !limited_servers().empty() ||
                        std::any_of(all.kinds.begin(), all.kinds.end(), [&](const auto& kind) {
                            return limits.has_quota(kind.clients);
                        });
    if (curve.method() != loss_method::erlang_b || curve.shares() || others) return nullptr;
    return &curve;
}

// Ports that a search goes through whole, quotas and tables; nothing where something else may
// refuse, clients run out of ports of their own before, or holds are not exponential.
std::optional<loss_study::state::fillings> loss_study::state::filling(double scale) const {
    const auto& all = sums_->all();
    const auto& limits = sums_->limits();
    bool later = false;
    for (std::size_t c = 0; c < scenario_.clients.size(); ++c)
        later = later || is_later_stage(scenario_, c);
    if (!exponential(traffic_) || later || is_staged(scenario_) || !limited_servers().empty())
        return std::nullopt;
    for (std::size_t n = 0; n < all.plans.size(); ++n)
        if (limits.has_rate(n) || limits.has_subscribers(n)) return std::nullopt;
    fillings out;
    std::set<std::size_t> seen;
    for (std::size_t k = 0; k < all.kinds.size(); ++k)
        for (const auto& share : sums_->shares(k)) {
            if (!seen.insert(share.system).second) continue;
            const auto& system = all.systems[share.system];
            const auto& curve = *sums_->curves()[share.curve];
            if (curve.method() == loss_method::nothing_refuses) continue;
            if (!curve.complete() || curve.shares() || system.dealt || system.paired)
                return std::nullopt;
            double rate = 0;
            for (const auto& part : system.parts) rate += part.rate;
            out.limits.push_back({static_cast<std::uint64_t>(curve.ports()), system.load() * scale,
                                  system.load() / rate, system.copies});
            // who has no port of its own offers nothing, and what is offered is less than that
            for (const auto& part : system.parts)
                if (static_cast<double>(
                        system.ports_of(scenario_.clients[all.kinds[part.kind].clients]).size()) <
                    curve.ports())
                    return std::nullopt;
        }
    std::vector<double> rates(all.plans.size(), 0);
    std::map<std::size_t, detail::filling_limit> quotas;
    for (const auto& t : traffic_.streams) {
        const nat* n = nat_of(scenario_, t.clients);
        if (!n) continue;
        rates[static_cast<std::size_t>(n - scenario_.nats.data())] += t.rate;
        const auto& quota = n->connection_limits.limit_per_subscriber;
        if (!quota) continue;
        auto& one = quotas[t.clients];
        one.room = *quota;
        one.copies = static_cast<double>(scenario_.clients[t.clients].addresses.size());
        one.load += t.load() / one.copies;
        one.hold += t.rate / one.copies;  // the rate, until all are read
    }
    for (auto& [clients, one] : quotas) {
        one.hold = one.load / one.hold;
        one.load *= scale;
        out.limits.push_back(one);
        out.apart = false;
    }
    for (std::size_t n = 0; n < all.plans.size(); ++n) {
        if (!limits.has_table(n)) continue;
        out.limits.push_back({static_cast<std::uint64_t>(limits.table(n)), all.nat_load[n] * scale,
                              all.nat_load[n] / rates[n]});
        out.apart = false;
    }
    return out;
}

// Else the mean time between refusals: these come in clusters, so that the first is later.
first_time loss_study::state::first_refusal(double failing, double scale) const {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    // Refusals of bursts come in bursts: the time to the first is not one over their rate.
    if (traffic_.bursty()) return {};
    const first_time between{failing > 0 ? 1 / failing : infinite, infinite, false};
    const auto some = filling(scale);
    if (!some) return between;
    const auto found = detail::mean_first_refusal(some->limits, some->apart);
    if (!found) return between;
    return {std::max(between.at_least, found->low), std::max(between.at_least, found->high), true};
}

}  // namespace natbound::calculator
