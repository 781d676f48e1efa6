// Connections that meet several limits: what is refused at least.
#include <algorithm>
#include <cmath>
#include <limits>

#include "loss_study.hpp"

namespace natbound::calculator::detail {

bool kind_sums::several_limits(double scale, counted what) const {
    if (joined()) return true;
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        std::vector<double> met{limits_->log_dealt(k, scale),
                                limits_->log_quota(all_.kinds[k].clients, scale),
                                limits_->log_servers(k, scale)};
        if (const auto nat = all_.kinds[k].nat)
            met.insert(met.end(),
                       {limits_->log_table(*nat, scale, what), limits_->log_rate(*nat, scale),
                        limits_->log_subscribers(*nat, scale)});
        bool ports = false;
        for (const auto& part : shares_[k]) {
            const auto here = curves_[part.curve]->at(part.load * scale, part.place);
            ports = ports || (here.seen && here.log > log_zero);
        }
        const auto refuse =
            std::count_if(met.begin(), met.end(), [](double log) { return log > log_zero; });
        if (refuse + (ports ? 1 : 0) > 1) return true;
    }
    return false;
}

double kind_sums::least_of_ports(std::size_t kind, double scale) const {
    double out = log_zero;
    for (const auto& part : shares_[kind]) {
        const auto& curve = *curves_[part.curve];
        const auto here = curve.at(part.load * scale, part.place);
        if (curve.shares() || !here.seen || !curve.measured(part.load * scale, part.place))
            continue;
        const double wide = curve.exact() ? 0 : 1.96 * here.error;
        out = log_sum(out, here.log - wide + std::log(part.share));
    }
    return out;
}

double kind_sums::least(std::size_t kind, double scale, counted what) const {
    const auto& mine = all_.kinds[kind];
    const auto alone = [&](auto&& meets) {
        for (std::size_t k = 0; k < shares_.size(); ++k)
            if (k != kind && meets(k)) return false;
        return true;
    };
    double out = log_zero;
    if (alone([&](std::size_t k) { return all_.kinds[k].clients == mine.clients; }))
        out = std::max(out, limits_->log_quota(mine.clients, scale));
    if (alone([&](std::size_t k) { return all_.kinds[k].servers == mine.servers; }))
        out = std::max(out, limits_->log_servers(kind, scale));
    if (!mine.nat) return out;
    // tokens are met first, and by all alike
    out = std::max(out, limits_->log_rate_least(*mine.nat, scale));
    if (alone([&](std::size_t k) { return all_.kinds[k].nat == mine.nat; }))
        out = std::max(out, limits_->log_table(*mine.nat, scale, what));
    const auto beside = [&](std::size_t k) {
        for (const auto& part : shares_[k])
            for (const auto& own : shares_[kind])
                if (part.system == own.system) return true;
        return false;
    };
    if (alone(beside)) out = std::max(out, least_of_ports(kind, scale));
    return out;
}

double kind_sums::least_of_all(double scale, counted what) const {
    // What is refused by a limit is known in live connections: of those that are held longest it is
    // the fewest.
    double longest = 0;
    for (const auto& kind : all_.kinds) longest = std::max(longest, kind.load / kind.rate);
    double quotas = log_zero, servers = log_zero, rates = log_zero, tables = log_zero,
           ports = log_zero;
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        const double share = std::log(kind.rate * kind.endpoints / all_.rate);
        const double held = share + std::log(kind.load / kind.rate / longest);
        const auto gather = [&](double& sum, double log) { sum = log_sum(sum, log + held); };
        gather(quotas, limits_->log_quota(kind.clients, scale));
        if (kind.open > 0) {
            const double open = std::log(kind.open / kind.load);
            servers = log_sum(servers, limits_->log_servers(k, scale) + held + open);
        }
        gather(ports, least_of_ports(k, scale));
        if (!kind.nat) continue;
        rates = log_sum(rates, limits_->log_rate_least(*kind.nat, scale) + share);
        gather(tables, limits_->log_table(*kind.nat, scale, what));
    }
    return std::max({quotas, servers, rates, tables, ports});
}

}  // namespace natbound::calculator::detail
