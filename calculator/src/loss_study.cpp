// Summing curves into kinds.
#include "loss_study.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/subscribers.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

bool covers(const port_set& set, port first, port last) {
    return std::any_of(set.parts().begin(), set.parts().end(),
                       [&](const auto& part) { return part.first <= first && last <= part.last; });
}

// Gives a NAT whose ports are one run the lowest such run that its clients have. Where clients draw
// theirs evenly, and have both runs, ports can be renamed so that the one becomes the other: unless
// the search asks for a port's number, what happens has the same chances. (So workers, which part a
// NAT's ports among them, are alike.)
void rename_ports(nat& n, const std::vector<client_set>& clients) {
    auto& d = n.design;
    const bool by_number =
        d.port_parity_preservation || d.port_contiguity != contiguity::none ||
        d.first_choice == first_choice::preserve_any ||
        std::any_of(d.search.rounds.begin(), d.search.rounds.end(), [](const auto& r) {
            return r.start == start_kind::hash || r.step == step_kind::scaled;
        });
    if (by_number || d.port_classes.size() != 1 || d.port_classes[0].source != all_ports() ||
        d.port_classes[0].ports.parts().size() != 1 || n.port_set || n.port_set_restrict ||
        n.static_mappings)
        return;
    auto& ports = d.port_classes[0].ports;
    const auto [first, last] = ports.parts()[0];
    port lowest = 0;
    for (const auto& c : clients)
        if (!c.ports.empty()) lowest = std::max(lowest, c.ports.parts()[0].first);
    const port highest = lowest + (last - first);
    for (const auto& c : clients)
        if (c.source_ports.law != source_port_law::uniform || !covers(c.ports, first, last) ||
            !covers(c.ports, lowest, highest))
            return;
    ports = {lowest, highest};
}

// All that the simulation of a system reads: what its structure says, the clients' own ports, and
// its NAT but for its name, the limits that are counted elsewhere, which ports it has where any
// will do, and, where a search keeps to one address of a pool whose addresses are alike, the
// others.
std::string lasting_key(const scenario& s, const loss_system& system, const system_split& all) {
    scenario mine;
    std::vector<std::size_t> sets;
    const std::string structure = structure_key(system, all, sets);
    for (const auto set : sets) {
        client_set c = s.clients[set];
        c.name.clear();
        c.addresses = {};
        c.reaches.clear();
        mine.clients.push_back(std::move(c));
    }
    nat n = s.nats[system.nat];
    n.name.clear();
    n.inside.clear();
    n.connection_limits = {};
    n.mapping_limits = {};
    n.rate_limits.reset();
    n.memory.reset();
    n.profile.reset();
    n.timers.clear();  // the structure has the times
    if (system.ranks == 1 && all.plans[system.nat].holes.empty()) n.external_ip_address_pool = {};
    rename_ports(n, mine.clients);
    mine.nats = {std::move(n)};
    return structure + " " + to_json(mine);
}

// A curve that outlives the scenario: with a copy of its own of all that it points into.
std::shared_ptr<loss_curve> lasting_curve(const scenario& s, std::uint64_t assignment,
                                          std::size_t system, const study_options& options,
                                          std::size_t number) {
    struct kept {
        explicit kept(const scenario& from, std::uint64_t assigned)
            : s(from), all(split(s, fill_traffic(s), assigned)) {}
        scenario s;
        system_split all;
        std::optional<loss_curve> curve;
    };
    const auto own = std::make_shared<kept>(s, assignment);
    own->curve.emplace(
        own->s, own->all, own->all.systems[system], options.seed * 1000003 + number,
        options.interrupt ? options.interrupt : [] {});
    return {own, &*own->curve};
}

}  // namespace

kind_sums::kind_sums(const scenario& s, const filled_traffic& traffic, const study_options& options,
                     std::uint64_t assignment)
    : all_(split(s, traffic, assignment)) {
    shares_.resize(all_.kinds.size());
    std::map<std::string, std::size_t> known, simulated;
    std::vector<std::vector<std::size_t>>
        order;  // a curve's kinds as its first system has them, by part
    for (std::size_t i = 0; i < all_.systems.size(); ++i) {
        const auto& system = all_.systems[i];
        const auto [it, fresh] = known.try_emplace(structure_key(system, all_), curves_.size());
        std::shared_ptr<loss_curve> curve;
        if (fresh) {
            curve = std::make_shared<loss_curve>(
                s, all_, system, options.seed * 1000003 + curves_.size(),
                options.interrupt ? options.interrupt : [] {});
            // of NATs that are alike one is simulated
            if (!curve->exact())
                it->second = simulated.try_emplace(lasting_key(s, system, all_), curves_.size())
                                 .first->second;
        }
        const std::size_t c = it->second;
        if (c == curves_.size()) {
            most_load_.push_back(0);
            std::vector<std::size_t> places;
            for (const auto& part : system.parts) {
                const auto& kinds = curve->kinds();
                places.push_back(static_cast<std::size_t>(
                    std::find(kinds.begin(), kinds.end(), part.kind) - kinds.begin()));
            }
            order.push_back(std::move(places));
            if (options.known && !curve->exact()) {
                auto& lasting = (*options.known)[lasting_key(s, system, all_)];
                if (!lasting) lasting = lasting_curve(s, assignment, i, options, c);
                curve = lasting;
            }
            curves_.push_back(std::move(curve));
        }
        const double load = system.load();
        most_load_[c] = std::max(most_load_[c], load);
        std::map<std::size_t, std::pair<std::size_t, double>> of_kind;  // place in the curve, rate
        for (std::size_t p = 0; p < system.parts.size(); ++p) {
            auto& [place, rate] = of_kind[system.parts[p].kind];
            place = order[c][p];
            rate += system.parts[p].rate;
        }
        // A system that stands for equal addresses carries its part of each: its copies over the
        // kind's endpoints.
        for (const auto& [kind, found] : of_kind) {
            const double addresses = system.copies / all_.kinds[kind].endpoints;
            shares_[kind].push_back(
                {c, found.first, i, load, found.second * addresses / all_.kinds[kind].rate});
        }
    }
    std::vector<double> ports(s.nats.size());  // a NAT's, over its systems
    for (std::size_t i = 0; i < all_.systems.size(); ++i) {
        const auto& system = all_.systems[i];
        ports[system.nat] +=
            system.copies * curves_[known.at(structure_key(system, all_))]->ports();
    }
    auto limits = std::make_unique<other_limits>(s, traffic, all_, ports);
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        const auto mine = [&](const loss_system& x) { return x.nat == n; };
        const auto only = std::find_if(all_.systems.begin(), all_.systems.end(), mine);
        if (only == all_.systems.end() || only->copies != 1 ||
            std::count_if(all_.systems.begin(), all_.systems.end(), mine) != 1 ||
            all_.plans[n].design.pressure != pressure_kind::refuse || !limits->has_table(n))
            continue;
        if (curves_[known.at(structure_key(*only, all_))]->takes_table(limits->table(n), s.nats[n]))
            limits->drop_table(n);
    }
    join_systems(s, *limits);
    limits_ = std::move(limits);
}

void kind_sums::join_systems(const scenario& s, other_limits& limits) {
    if (is_cascade(s) || is_spread(s)) return;
    std::vector<std::vector<std::size_t>> of_curve(curves_.size());
    std::vector<std::size_t> split(all_.systems.size()), systems_of(s.nats.size());
    for (const auto& parts : shares_)
        for (const auto& part : parts) {
            auto& here = of_curve[part.curve];
            if (std::find(here.begin(), here.end(), part.system) == here.end())
                here.push_back(part.system);
        }
    for (const auto& system : all_.systems) ++systems_of[system.nat];
    for (std::size_t c = 0; c < curves_.size(); ++c) {
        auto& curve = *curves_[c];
        const std::size_t nat = all_.systems[of_curve[c].front()].nat;
        if (!curve.complete() || limits.has_table(nat)) continue;
        bool quota = false;
        std::vector<block_dealing> dealings;
        for (const auto system : of_curve[c]) {
            for (const auto& part : all_.systems[system].parts) {
                if (limits.has_quota(all_.kinds[part.kind].clients)) quota = true;
                if (shares_[part.kind].size() > 1) split[system] = 1;
            }
            if (split[system] == 1) break;
            const auto dealing = limits.as_dealing(s, all_, system, curve.ports());
            if (!dealing) break;
            dealings.push_back(*dealing);
        }
        // a quota is one of all systems of its NAT
        if (dealings.size() < of_curve[c].size() || (quota && systems_of[nat] > 1)) continue;
        if (!quota && !curve.shares() && curve.method() != loss_method::simulated_states) continue;
        const bool shared = curve.shares();
        for (std::size_t i = 0; i < dealings.size(); ++i)
            limits.take_system(all_, of_curve[c][i], std::move(dealings[i]));
        curve.leave(
            "the search finds every free port of " + grouped(count(curve.ports())) +
            ": the exact law of the ports that all client addresses keep busy" +
            (shared ? ", with mappings that connections to several destinations share" : "") +
            (quota ? ", each within its quota of " + grouped(*all_.plans[nat].quota) : "") +
            ", for any law of holds");
    }
}

// Erlang's formula of the quota is exact by itself: a client address' connections are Poisson, and
// refused where as many as its quota are live. Not where they meet other limits, or the client runs
// out of ports of its own before.
bool kind_sums::joined() const {
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        const bool subscribed = kind.nat && limits_->has_subscribers(*kind.nat);
        if (subscribed && limits_->has_servers(k)) return true;
        if (!limits_->has_servers(k) && !subscribed) continue;
        if (limits_->servers(k) > 1 || limits_->has_quota(kind.clients)) return true;
        if (kind.nat && (limits_->has_table(*kind.nat) || limits_->has_rate(*kind.nat)))
            return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve]->method() != loss_method::nothing_refuses) return true;
    }
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        if (!kind.nat || !limits_->has_rate(*kind.nat)) continue;
        if (limits_->has_packets(*kind.nat)) return true;  // an approximation by itself
        if (limits_->has_quota(kind.clients) || limits_->has_table(*kind.nat)) return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve]->method() != loss_method::nothing_refuses) return true;
    }
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        if (!limits_->has_quota(kind.clients)) continue;
        if (!limits_->plenty(kind.clients) || (kind.nat && limits_->has_table(*kind.nat)))
            return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve]->method() != loss_method::nothing_refuses) return true;
    }
    return false;
}

log_odds kind_sums::at(std::size_t kind, double scale, counted what) const {
    log_odds out{never, 0, false};
    double weighted = 0;
    for (const auto& part : shares_[kind]) {
        const log_odds here = curves_[part.curve]->at(part.load * scale, part.place);
        if (!here.seen) continue;
        const double log = here.log + std::log(part.share);
        weighted = log_sum(out.log, log) == never
                       ? 0
                       : (weighted * std::exp(out.log - log_sum(out.log, log)) +
                          here.error * std::exp(log - log_sum(out.log, log)));
        out.log = log_sum(out.log, log);
        out.seen = true;
    }
    out.error = weighted;
    const auto join = [&](double limit) {
        if (limit == never) return;
        // a + b - ab
        const double other =
            out.seen ? out.log + std::log1p(-std::min(1.0, std::exp(limit))) : never;
        const double sum = log_sum(limit, other);
        out.error *= sum > never && other > never ? std::exp(other - sum) : 0;
        out.log = sum;
        out.seen = true;
    };
    if (const auto nat = all_.kinds[kind].nat) {
        join(limits_->log_table(*nat, scale, what));
        join(limits_->log_rate(*nat, scale));
        join(limits_->log_subscribers(*nat, scale));
    }
    join(limits_->log_dealt(kind, scale));
    join(limits_->log_quota(all_.kinds[kind].clients, scale));
    join(limits_->log_servers(kind, scale));
    out.log = std::min(out.log, 0.0);
    if (limits_->has_kept(kind))
        out.error = std::hypot(out.error, limits_->kept_error(kind, scale));
    return out;
}

log_odds kind_sums::worst(double scale) const {
    log_odds most{never, 0, false};
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const log_odds here = at(k, scale);
        if (here.seen && (!most.seen || here.log > most.log)) most = here;
    }
    return most;
}

log_odds kind_sums::average(double scale) const {
    log_odds out{never, 0, false};
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const log_odds here = at(k, scale);
        if (!here.seen) continue;
        const double log =
            here.log + std::log(all_.kinds[k].rate * all_.kinds[k].endpoints / all_.rate);
        out.error = std::max(out.error, here.error);
        out.log = log_sum(out.log, log);
        out.seen = true;
    }
    return out;
}

double kind_sums::limits_alone(std::size_t kind, double scale, counted what) const {
    double out = std::max(limits_->log_quota(all_.kinds[kind].clients, scale),
                          limits_->log_servers(kind, scale));
    if (const auto nat = all_.kinds[kind].nat)
        out =
            std::max({out, limits_->log_dealt(kind, scale), limits_->log_table(*nat, scale, what),
                      limits_->log_rate_least(*nat, scale), limits_->log_subscribers(*nat, scale)});
    return out;
}

// The refusal probability grows with the load, so what was measured at a higher one is a bound; and
// a refusal needs so many flows in its system.
double kind_sums::bound_of_ports(std::size_t kind, double scale) const {
    double sum = never;
    for (const auto& part : shares_[kind]) {
        const auto& curve = *curves_[part.curve];
        double here = 0;
        const double load = part.load * scale;
        if (curve.method() == loss_method::nothing_refuses) {
            here = never;
        } else if (curve.exact()) {
            here = curve.at(load, part.place).log;
        } else {
            for (const auto& p : curve.points())
                if (p.load >= load && p.kinds[part.place].seen)
                    here =
                        std::min(here, p.kinds[part.place].log + 1.96 * p.kinds[part.place].error);
            here = std::min(here, curve.sure_bound(load));
        }
        sum = log_sum(sum, here + std::log(part.share));
    }
    return sum;
}

double kind_sums::bound(std::size_t kind, double scale, counted what) const {
    double sum = bound_of_ports(kind, scale);
    if (const auto nat = all_.kinds[kind].nat)
        sum = log_sum(sum, log_sum(limits_->log_subscribers(*nat, scale),
                                   log_sum(limits_->log_table(*nat, scale, what),
                                           limits_->log_rate(*nat, scale))));
    sum = log_sum(sum, limits_->log_dealt(kind, scale));
    sum = log_sum(sum, limits_->log_quota(all_.kinds[kind].clients, scale));
    sum = log_sum(sum, limits_->log_servers(kind, scale));
    return std::min(sum, 0.0);
}

bool kind_sums::any_simulated() const {
    return std::any_of(curves_.begin(), curves_.end(), [](const auto& c) { return !c->exact(); });
}

double kind_sums::heaviest() const {
    double most = 0;
    for (const auto& system : all_.systems) most = std::max(most, system.load());
    return most;
}

}  // namespace natbound::calculator::detail
