// The odds of one kind, from curves and limits; and where nothing was seen.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "kind_names.hpp"
#include "natbound/calculator/window_loss.hpp"
#include "natbound/model/error.hpp"
#include "study_state.hpp"

namespace natbound::calculator {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<kind_result> loss_study::state::kinds() const {
    std::vector<kind_result> out;
    const auto& all = sums_->all();
    for (std::size_t k = 0; k < all.kinds.size(); ++k) {
        double most = 0;
        std::size_t heaviest = all.systems.size();
        for (const auto& part : sums_->shares(k)) {
            if (part.load <= most) continue;
            most = part.load;
            heaviest = part.system;
        }
        out.push_back(detail::named(scenario_, all, k, heaviest));
    }
    return out;
}

std::size_t loss_study::state::number(const traffic_kind& kind) const {
    const auto& all = sums_->all().kinds;
    for (std::size_t k = 0; k < all.size(); ++k)
        if (all[k].clients == kind.clients && all[k].servers == kind.servers &&
            all[k].address == kind.address && all[k].port == kind.port)
            return k;
    return 0;
}

bool loss_study::state::unmeasured(double scale) const {
    for (std::size_t k = 0; k < sums_->all().kinds.size(); ++k)
        for (const auto& part : sums_->shares(k)) {
            const auto& curve = *sums_->curves()[part.curve];
            if (!curve.measured(part.load * scale, part.place)) return true;
        }
    return false;
}

bool loss_study::state::blind(double scale) const {
    for (std::size_t k = 0; k < sums_->all().kinds.size(); ++k)
        for (const auto& part : sums_->shares(k)) {
            const auto& curve = *sums_->curves()[part.curve];
            if (curve.exact()) continue;
            bool above = false;
            for (const auto& p : curve.points())
                above = above || (p.load > part.load * scale && p.kinds[part.place].seen);
            if (!above && !curve.measured(part.load * scale, part.place)) return true;
        }
    return false;
}

refusal_odds loss_study::state::odds(const traffic_kind& kind, double scale,
                                     detail::counted what) const {
    const std::size_t k = number(kind);
    const log_odds seen = sums_->at(k, scale, what);
    bool known = true, possible = false, simulated = sums_->limits().has_kept(k);
    double sure = -infinite;  // of what was measured
    for (const auto& part : sums_->shares(k)) {
        const auto& curve = *sums_->curves()[part.curve];
        possible = possible || curve.method() != loss_method::nothing_refuses;
        simulated = simulated || !curve.exact() || curve.shares();
        const bool here = curve.measured(part.load * scale, part.place);
        known = known && here;
        if (here)
            sure = detail::log_sum(
                sure, curve.at(part.load * scale, part.place).log + std::log(part.share));
    }
    possible =
        possible || sums_->limits().has_quota(kind.clients) || sums_->limits().has_servers(k) ||
        (kind.nat && (sums_->limits().has_table(*kind.nat) || sums_->limits().has_rate(*kind.nat) ||
                      sums_->limits().has_subscribers(*kind.nat)));
    if (!possible) return {0, 0, 0, -infinite, false};
    // what is computed, of limits that the searches know nothing of
    const double limits = sums_->limits_alone(k, scale, what);
    if (known && seen.seen) {
        const double wide = simulated ? 1.96 * seen.error : 0;
        // Limits in sequence are joined from above.
        const double alone = sums_->several_limits(scale, what) ? sums_->least(k, scale, what)
                                                                : std::max(sure - wide, limits);
        return {std::exp(seen.log), std::exp(std::min(seen.log - wide, alone)),
                std::min(1.0, std::exp(seen.log + wide)), seen.log, false};
    }
    const double log = sums_->bound(k, scale, what);
    if (log == -infinite) return {0, 0, 0, -infinite, false};
    sure = std::max(sure, limits);
    // what was not measured may be too little to matter: it widens the interval
    if (log < sure + std::log(2)) {
        const double wide = 1.96 * seen.error, value = std::min(log, sure);
        return {std::exp(value), std::exp(value - wide),
                std::min(1.0, std::exp(std::max(log, value + wide))), value, false};
    }
    return {std::exp(log), 0, std::exp(log), log, true};
}

std::vector<refusing_limit> loss_study::state::refusing(double scale) const {
    std::map<std::pair<std::string, std::string>, double> most;
    const auto add = [&](const char* what, const std::string& where, double log) {
        if (log == -infinite) return;
        const auto [it, fresh] = most.try_emplace({what, where}, log);
        it->second = std::max(it->second, log);
    };
    const auto& limits = sums_->limits();
    for (std::size_t k = 0; k < sums_->all().kinds.size(); ++k) {
        const auto& kind = sums_->all().kinds[k];
        add("servers", scenario_.servers[kind.servers].name, limits.log_servers(k, scale));
        if (!kind.nat) continue;
        const std::string& nat = scenario_.nats[*kind.nat].name;
        const char* ports = ports_are_table(k) ? "table" : "ports";
        add(ports, nat, sums_->bound_of_ports(k, scale));
        if (const auto dealt = limits.dealt(k, scale)) {
            const bool blocks = sums_->all().systems[sums_->shares(k).front().system].dealt;
            const auto& quota = sums_->all().plans[*kind.nat].quota;
            const bool own = quota && limits.is_all_of_one(k, *quota);
            add(blocks ? "blocks" : ports, nat, dealt->by_pool);
            add(blocks ? "blocks" : own ? "quota" : ports, nat, dealt->by_quota);
            add("quota", nat, dealt->by_flows);
        }
        add("quota", nat, limits.log_quota(kind.clients, scale));
        add("table", nat, limits.log_table(*kind.nat, scale));
        add("subscribers", nat, limits.log_subscribers(*kind.nat, scale));
        if (limits.has_connections(*kind.nat))
            add("rate", nat, limits.log_connections(*kind.nat, scale));
        if (limits.has_packets(*kind.nat))
            add("packets", nat, std::log(limits.packets(*kind.nat, scale).refusal));
    }
    std::vector<refusing_limit> out;
    for (const auto& [key, log] : most) out.push_back({key.first, key.second, log});
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.log > b.log; });
    return out;
}

std::optional<window_formula> loss_study::state::windows(double scale) const {
    constexpr std::size_t most = 4;
    const auto& all = sums_->all();
    window_formula out;
    std::set<std::string> left_out;
    std::map<std::pair<std::size_t, double>, double> known;  // by curve and load
    double refused = 0;
    for (std::size_t k = 0; k < all.kinds.size(); ++k)
        for (const auto& part : sums_->shares(k)) {
            const auto [it, fresh] = known.try_emplace({part.curve, part.load}, 0);
            if (fresh) {
                const auto one = windows_of(part, scale, left_out);
                if (!one || known.size() > most) return std::nullopt;
                it->second = *one;
            }
            refused += all.kinds[k].rate * all.kinds[k].endpoints * part.share * it->second;
        }
    if (known.empty() || sums_->joined()) return std::nullopt;
    out.refusal = refused / all.rate;
    out.leaves_out.assign(left_out.begin(), left_out.end());
    return out;
}

std::optional<double> loss_study::state::windows_of(const detail::share_of_kind& part, double scale,
                                                    std::set<std::string>& left_out) const {
    const auto& system = sums_->all().systems[part.system];
    const auto& design = sums_->all().plans[system.nat].design;
    const auto& curve = *sums_->curves()[part.curve];
    if (curve.exact() || system.ranks != 1 || sums_->limits().has_table(system.nat))
        return std::nullopt;
    std::vector<std::uint64_t> rounds;
    for (const auto& r : design.search.rounds) {
        if (r.start != start_kind::random || r.step != step_kind::ascend || !r.probes)
            return std::nullopt;
        rounds.push_back(*r.probes);
        if (r.bits)
            left_out.insert("that rounds start from a random number of " + std::to_string(*r.bits) +
                            " bits");
    }
    if (design.first_choice != first_choice::none) left_out.insert("the preserved port");
    const auto law = system.parts.front().open.law;
    for (const auto& p : system.parts)
        if (p.open.law != law || !p.closing.empty() || p.arrives.law != arrival_law::poisson ||
            (law != hold_law::exponential && law != hold_law::constant))
            return std::nullopt;
    try {
        return window_loss(
            curve.ports(), part.load * scale, rounds,
            law == hold_law::constant ? window_hold::constant : window_hold::exponential);
    } catch (const domain_error&) {
        return std::nullopt;  // outside of what it was measured for
    }
}

}  // namespace natbound::calculator
