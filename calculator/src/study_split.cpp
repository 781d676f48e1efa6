// Which limit refuses. A refused connection counts for the first limit that refuses it, in the
// order of asked.hpp. Limits that are counted together (a quota beside the ports of one system)
// have their parts exactly. Others are taken one after another: each lets through what it does not
// refuse by itself, which adds up to the product bound; and each refuses no more than it would by
// itself, so that it refuses at least what the others can't account for.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "study_state.hpp"

namespace natbound::calculator {
namespace {

// Of a kind's connections that meet it.
struct met_limit {
    asked limit;
    double chance, most;  // refused by it; no more than this
};

// Limits that are counted together.
using counted_together = std::vector<met_limit>;

double sum_of(const counted_together& group, double met_limit::*what) {
    double out = 0;
    for (const auto& one : group) out += one.*what;
    return out;
}

struct refused_part {
    double value = 0, low = 0, high = 0;

    void add(const refused_part& other, double weight) {
        value += weight * other.value;
        low += weight * other.low;
        high += weight * other.high;
    }
};

// What each limit refuses of one kind of which `odds` are refused in all, by limit.
std::map<asked, refused_part> parts_of(const std::vector<counted_together>& groups,
                                       const refusal_odds& odds) {
    double through = 1, valued = 0, most = 0, greatest = 0;
    for (const auto& group : groups) {
        const double here = sum_of(group, &met_limit::chance);
        valued += through * here;
        through *= std::max(0.0, 1 - here);
        most += sum_of(group, &met_limit::most);
        for (const auto& one : group) greatest = std::max(greatest, one.most);
    }
    std::map<asked, refused_part> out;
    if (most <= 0) return out;
    through = 1;
    for (const auto& group : groups) {
        const double here = sum_of(group, &met_limit::chance);
        const double whole = sum_of(group, &met_limit::most);
        for (const auto& one : group) {
            refused_part part;
            // what none was seen to refuse is the one's that is bounded worst
            const double share = valued > 0 ? through * one.chance / valued
                                            : (one.most == greatest ? one.most / most : 0);
            part.value = share * odds.value;
            if (groups.size() == 1) {
                part.low = share * odds.low;
                part.high = share * odds.high;
            } else {
                // With less traffic one limit of several that are counted together may refuse more
                // than with all of it, but no more than all of them do.
                part.high = std::max(part.value, std::min(whole, odds.high));
                part.low = std::clamp(odds.low - (most - one.most), 0.0, part.value);
            }
            auto& to = out[one.limit];
            to.add(part, 1);
        }
        through *= std::max(0.0, 1 - here);
    }
    return out;
}

}  // namespace

// A table that a complete search meets before its ports stands in their place.
bool loss_study::state::ports_are_table(std::size_t kind) const {
    const auto nat = sums_->all().kinds[kind].nat;
    if (!nat || sums_->limits().has_table(*nat)) return false;
    auto table = sums_->all().plans[*nat].table;
    if (const auto& mappings = scenario_.nats[*nat].mapping_limits.limit_port_mappings)
        table = std::min<std::uint64_t>(table.value_or(*mappings), *mappings);
    return table &&
           std::any_of(
               sums_->shares(kind).begin(), sums_->shares(kind).end(), [&](const auto& part) {
                   return sums_->curves()[part.curve]->ports() == static_cast<double>(*table);
               });
}

std::vector<refused_by_limit> loss_study::state::refused_by(double scale,
                                                            const risk_result& r) const {
    std::map<std::pair<asked, std::string>, refused_part> sums;
    const auto& all = sums_->all();
    const auto& limits = sums_->limits();
    for (std::size_t k = 0; k < all.kinds.size(); ++k) {
        const auto& kind = all.kinds[k];
        std::vector<counted_together> groups;
        const auto meets = [&](counted_together group) {
            if (sum_of(group, &met_limit::most) > 0) groups.push_back(std::move(group));
        };
        const auto alone = [&](asked limit, double log) {
            meets({{limit, std::exp(log), std::exp(log)}});
        };
        if (kind.nat) {
            if (limits.has_packets(*kind.nat))
                alone(asked::packets, limits.packets(*kind.nat, scale).log_refusal);
            alone(asked::rate, limits.log_connections(*kind.nat, scale));
        }
        alone(asked::quota, limits.log_quota(kind.clients, scale));
        if (kind.nat) {
            alone(asked::subscribers, limits.log_subscribers(*kind.nat, scale));
            alone(asked::table, limits.log_table(*kind.nat, scale, detail::counted::refused));
        }
        const asked ports = ports_are_table(k) ? asked::table : asked::ports;
        if (const auto dealt = limits.dealt(k, scale)) {
            const bool blocks = all.systems[sums_->shares(k).front().system].dealt;
            const auto& quota = kind.nat ? all.plans[*kind.nat].quota : std::nullopt;
            const asked own = blocks                                     ? asked::blocks_of_one
                              : quota && limits.is_all_of_one(k, *quota) ? asked::quota
                                                                         : ports;
            counted_together group;
            for (const auto& [limit, log] :
                 {std::pair{asked::quota, dealt->by_flows}, std::pair{own, dealt->by_quota},
                  std::pair{blocks ? asked::blocks : ports, dealt->by_pool}})
                if (std::isfinite(log)) group.push_back({limit, std::exp(log), std::exp(log)});
            meets(std::move(group));
        } else {
            double seen = 0, most = 0;
            for (const auto& part : sums_->shares(k)) {
                const auto& curve = *sums_->curves()[part.curve];
                const auto here = curve.at(part.load * scale, part.place);
                if (!here.seen || !curve.measured(part.load * scale, part.place)) continue;
                seen += part.share * std::exp(here.log);
                most += part.share * std::exp(here.log + 1.96 * here.error);
            }
            most = std::min(1.0, std::max(most, std::exp(sums_->bound_of_ports(k, scale))));
            meets({{ports, seen, most}});
        }
        const double queue = std::exp(limits.log_listen(k, scale));
        const double held = std::max(0.0, std::exp(limits.log_servers(k, scale)) - queue);
        counted_together far_end;  // of those that there are
        if (queue > 0) far_end.push_back({asked::listen, queue, queue});
        if (held > 0) far_end.push_back({asked::servers, held, held});
        meets(std::move(far_end));
        const double weight = kind.rate * kind.endpoints / all.rate;
        for (const auto& [limit, part] : parts_of(groups, r.kinds[k].odds)) {
            const bool far = limit == asked::listen || limit == asked::servers;
            const std::string& where =
                far ? scenario_.servers[kind.servers].name : scenario_.nats[*kind.nat].name;
            sums[{limit, where}].add(part, weight);
        }
    }
    std::vector<refused_by_limit> out;
    double low = 0, high = 0;
    for (const auto& [key, part] : sums) {
        low += part.low;
        high += part.high;
    }
    for (const auto& [key, part] : sums) {
        if (part.high <= 0) continue;
        refused_by_limit one{key.first, key.second, part.value, part.low, part.high};
        one.low = std::clamp(r.overall.low - (high - part.high), one.low, one.value);
        one.high = std::max(one.value, std::min(one.high, r.overall.high - (low - part.low)));
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace natbound::calculator
