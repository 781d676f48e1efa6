// The two questions, put to the sums over kinds and written out in words.
#include "natbound/calculator/likely.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "loss_study.hpp"
#include "natbound/calculator/first_passage.hpp"
#include "natbound/calculator/window_loss.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "stages.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator {
namespace {

using detail::kind_sums;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr std::uint64_t assignments = 200;  // random ones, for a hash that is not known

}  // namespace

class loss_study::state {
  public:
    state(const scenario& s, study_options options)
        : scenario_(s), options_(std::move(options)), traffic_(fill_traffic(s)) {
        sums_ = std::make_unique<kind_sums>(s, traffic_, options_, 0);
        if (sums_->all().unknown_hash) assign();
        for (const auto& a : traffic_.assumed) assumed_.push_back(a);
        for (const auto& a : sums_->all().assumed) assumed_.push_back(a);
        remember();
    }

    likely_result likely(double epsilon) {
        if (!(epsilon > 0 && epsilon < 1))
            throw domain_error("likely: epsilon = " + shortest(epsilon) +
                               ": must be above 0 and below 1");
        likely_result out;
        out.epsilon = epsilon;
        sums_->find(epsilon, options_.holds);
        const double all = sums_->all().load, target = std::log(epsilon);
        const auto worst = [&](double scale) { return sums_->worst(scale); };
        out.kinds = kinds([&](std::size_t k) -> std::optional<double> {
            const auto scale = sums_->root(target, [&](double x) { return sums_->at(k, x); });
            if (!scale) return std::nullopt;
            return *scale * all;
        });
        out.method = method();
        out.assumed = assumed_;
        if (const auto scale = sums_->root(target, worst)) {
            out.load = *scale * all;
            error(*scale, *out.load, out);
            if (const auto mean = sums_->root(target, [&](double x) { return sums_->average(x); }))
                out.average = *mean * all;
            if (options_.bounds && blind(*scale)) sums_->look_low(*scale, epsilon / 100);
            for (auto& k : out.kinds) k.odds = odds(k.kind, *scale);
        }
        std::stable_sort(out.kinds.begin(), out.kinds.end(), [](const auto& a, const auto& b) {
            return a.likely.value_or(infinite) < b.likely.value_or(infinite);
        });
        points(out.points);
        if (hard_is_median_) out.worst_assignment = out.load;
        if (hard_) {
            kind_sums hard(scenario_, traffic_, options_, *hard_);
            hard.find(epsilon, options_.holds);
            if (const auto scale = hard.root(target, [&](double x) { return hard.worst(x); }))
                out.worst_assignment = *scale * all;
        }
        return out;
    }

    risk_result risk(double scale) {
        if (!(scale > 0 && scale < infinite))
            throw domain_error("risk: scale = " + shortest(scale) + ": must be finite and above 0");
        risk_result out;
        const auto& all = sums_->all();
        out.hash_known = !all.unknown_hash;
        out.load = all.load * scale;
        out.rate = all.rate * scale;
        out.method = method();
        out.assumed = assumed_;
        sums_->look(scale, options_.holds / 2);
        if (unmeasured(scale)) sums_->look_low(scale, 1e-9);
        out.kinds = kinds([](std::size_t) { return std::nullopt; });
        double failing = 0, low = 0, high = 0, log = -infinite;
        double unseen = 0;
        bool at_most = false;
        out.exact = true;
        for (auto& k : out.kinds) {
            k.odds = odds(k.kind, scale);
            if (&k == &out.kinds.front() || k.odds.log > out.worst.log) out.worst = k.odds;
            const double rate = k.kind.rate * k.kind.endpoints * scale;
            log = detail::log_sum(log, k.odds.log + std::log(rate / out.rate));
            failing += rate * k.odds.value;
            low += rate * k.odds.low;
            high += rate * k.odds.high;
            if (k.odds.at_most) {
                at_most = true;
                unseen += rate * k.odds.value;
            }
        }
        for (const auto& curve : sums_->curves()) out.exact = out.exact && curve.exact();
        out.exact = out.exact && !sums_->joined();
        out.overall = {failing / out.rate, low / out.rate, high / out.rate, log,
                       unseen > failing / 2};
        out.exact = out.exact && out.overall.low >= out.overall.value * (1 - 1e-11);
        std::stable_sort(out.kinds.begin(), out.kinds.end(),
                         [](const auto& a, const auto& b) { return a.odds.log > b.odds.log; });
        if (at_most) {
            out.assumed.push_back(
                "no state that was looked at could refuse; the bound is what a higher load showed, "
                "for the probability grows with the load");
        }
        for (std::size_t n = 0; n < all.plans.size(); ++n) {
            if (!sums_->has_rate(n)) continue;
            const auto& limits = *scenario_.nats[n].rate_limits;
            rate_result one;
            one.nat = scenario_.nats[n].name;
            if (sums_->has_connections(n)) {
                one.limit = limits.connections->per_second;
                one.depth = policer_depth(limits);
                for (const auto& t : traffic_.streams)
                    if (nat_of(scenario_, t.clients) == &scenario_.nats[n])
                        one.offered += t.rate * scale;
                one.log_refusal = sums_->log_connections(n, scale);
                one.refusal = std::exp(one.log_refusal);
                out.rates.push_back(one);
            }
            if (!sums_->has_packets(n)) continue;
            const auto sent = sums_->packets(n, scale);
            one.packets = true;
            one.limit = limits.packets->per_second;
            one.depth = packet_depth(limits);
            one.offered = sums_->packet_load_of(n).rate() * scale;
            one.refusal = sent.refusal;
            one.log_refusal = sent.log_refusal;
            one.packet_loss = sent.loss;
            one.delay = sent.delay;
            out.rates.push_back(one);
        }
        out.refusals_a_day = failing * 86400;
        // Refusals of bursts come in bursts: the time to the first is not one over their rate.
        out.bursty = traffic_.bursty();
        out.first_refusal = failing > 0 && !out.bursty ? 1 / failing : infinite;
        passage(out, scale);
        return out;
    }

    std::vector<load_point> curve(const std::vector<double>& scales) {
        std::vector<load_point> out;
        for (const double scale : scales) {
            sums_->look(scale, options_.holds / 8);
            refusal_odds worst;
            for (const auto& k : sums_->all().kinds) {
                const refusal_odds here = odds(k, scale);
                if (here.value > worst.value || worst.value == 0) worst = here;
            }
            out.push_back({sums_->all().load * scale, worst});
        }
        return out;
    }

    // The formula for windows, averaged over all connections as the simulated states are; of few
    // systems, since each takes some ms.
    std::optional<window_formula> windows(double scale) const {
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

  private:
    // Among random assignments, the one in the middle and the one that only 5 % exceed, by the load
    // of their heaviest address: a kind fails as its address does.
    void assign() {
        std::vector<std::pair<double, std::uint64_t>> heaviest;
        for (std::uint64_t a = 0; a < assignments; ++a) {
            double most = 0;
            for (const auto& system : split(scenario_, traffic_, a).systems)
                most = std::max(most, system.load());
            heaviest.emplace_back(most, a);
        }
        std::sort(heaviest.begin(), heaviest.end());
        sums_ = std::make_unique<kind_sums>(scenario_, traffic_, options_,
                                            heaviest[assignments / 2].second);
        const auto& hard = heaviest[assignments * 95 / 100];
        if (hard.first > heaviest[assignments / 2].first * (1 + 1e-9))
            hard_ = hard.second;
        else
            hard_is_median_ = true;
        assumed_.push_back("which address a client gets is not known: the median of " +
                           std::to_string(assignments) +
                           " random assignments, by the load of the fullest address");
    }

    void remember() {
        const auto& all = sums_->all();
        if (!limited_servers().empty() && sums_->joined())
            assumed_.push_back(
                "what servers hold refuses independently of the NATs (an upper bound)");
        for (std::size_t n = 0; n < all.plans.size(); ++n) {
            const auto& plan = all.plans[n];
            const std::string& name = plan.of->name;
            if (sums_->has_table(n) && translates(*plan.of)) {
                assumed_.push_back(name +
                                   ": ports and the flow table refuse independently of one another "
                                   "(an upper bound)");
                if (plan.design.pressure == pressure_kind::drop_least_recently_used)
                    assumed_.push_back(name +
                                       ": each flow that a full table drops is counted as failed "
                                       "(an upper bound)");
            }
            if (sums_->has_packets(n))
                assumed_.push_back(
                    name +
                    ": the packets of a connection are spread evenly over the time that it is "
                    "open, and one that is lost is not sent again");
            const auto& rates = scenario_.nats[n].rate_limits;
            if (rates && rates->packets) {
                bool silent = false;
                for (const auto& t : traffic_.streams)
                    silent = silent ||
                             (t.packets == 0 && nat_of(scenario_, t.clients) == &scenario_.nats[n]);
                if (silent)
                    assumed_.push_back(
                        name +
                        ": traffic that does not say how many packets a connection has is not "
                        "counted towards packets a second (traffic: packets)");
            }
            if (sums_->has_rate(n))
                assumed_.push_back(name +
                                   ": the rate limit refuses independently of all else, which is "
                                   "met as if it refused nobody (an upper bound)");
            if (has_quota(n) && sums_->joined())
                assumed_.push_back(name +
                                   ": a subscriber's quota refuses independently of ports, table "
                                   "and the client's own ports (an upper bound)");
            std::set<std::pair<ip_address, port>> destinations;
            for (const auto& k : all.kinds)
                if (k.nat == n)
                    for (const auto& p : {k.port, k.endpoints > 1 ? port_count : k.port})
                        destinations.insert({k.address, p});
            if (plan.design.mapping_type == mapping_type::eim_if_possible &&
                destinations.size() > 1 && sums_->any_simulated())
                assumed_.push_back(name +
                                   ": the try at the port that the same source has towards another "
                                   "destination is left out "
                                   "(it can only help)");
        }
    }

    std::set<std::size_t> limited_servers() const {
        std::set<std::size_t> out;
        const auto& kinds = sums_->all().kinds;
        for (std::size_t k = 0; k < kinds.size(); ++k)
            if (sums_->has_servers(k)) out.insert(kinds[k].servers);
        return out;
    }

    bool has_quota(std::size_t nat) const {
        for (const auto& k : sums_->all().kinds)
            if (k.nat == nat && sums_->has_quota(k.clients)) return true;
        return false;
    }

    bool quota_in_bursts(std::size_t nat) const {
        for (const auto& k : sums_->all().kinds)
            if (k.nat == nat && sums_->has_bursts(k.clients)) return true;
        return false;
    }

    std::string method() const {
        std::vector<std::string> said;
        for (const auto& curve : sums_->curves())
            if (std::find(said.begin(), said.end(), curve.explained()) == said.end())
                said.push_back(curve.explained());
        for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
            if (sums_->has_table(n) && !translates(scenario_.nats[n]))
                said.push_back("the table of " + scenario_.nats[n].name + ", of " +
                               grouped(*sums_->all().plans[n].table) + ": Erlang's formula");
        for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
            if (has_quota(n))
                said.push_back("each client address within its quota of " +
                               grouped(*sums_->all().plans[n].quota) +
                               (quota_in_bursts(n) ? ": the exact chain of its part of the bursts"
                                                   : ": Erlang's formula with its load towards all "
                                                     "destinations"));
        for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
            if (sums_->has_packets(n)) {
                const auto& limits = *scenario_.nats[n].rate_limits;
                said.push_back("packets of " + scenario_.nats[n].name + " limited to " +
                               to_string(*limits.packets) + " with room for " +
                               grouped(packet_depth(limits)) +
                               ": the loss of M/D/1/K averaged over how many connections are live");
            }
        for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
            if (sums_->has_connections(n)) {
                const auto& limits = *scenario_.nats[n].rate_limits;
                said.push_back("new connections of " + scenario_.nats[n].name + " policed at " +
                               to_string(*limits.connections) + " by a token bucket of " +
                               grouped(policer_depth(limits)) +
                               ": the loss of M/D/1/K, K its depth");
            }
        for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
            if (sums_->has_subscribers(n))
                said.push_back(
                    scenario_.nats[n].name + " serves " +
                    grouped(*scenario_.nats[n].mapping_limits.limit_subscribers) +
                    " subscribers: Engset's formula, a client address being on while it has a "
                    "connection");
        for (const auto v : limited_servers())
            said.push_back("each endpoint (or address) of " + scenario_.servers[v].name +
                           " within what it holds: Erlang's formula with the load that is open "
                           "towards it");
        for (const auto& k : sums_->all().kinds)
            if (!k.nat) {
                said.push_back(limited_servers().empty()
                                   ? "what is routed untranslated is never refused"
                                   : "what is routed untranslated is refused by servers alone");
                break;
            }
        std::string out;
        for (const auto& s : said) out += (out.empty() ? "" : "; ") + s;
        return out;
    }

    template <class Likely>
    std::vector<kind_result> kinds(Likely&& likely) const {
        std::vector<kind_result> out;
        const auto& all = sums_->all();
        for (std::size_t k = 0; k < all.kinds.size(); ++k) {
            const auto& kind = all.kinds[k];
            kind_result r;
            r.kind = kind;
            r.clients = scenario_.clients[kind.clients].name;
            r.servers = scenario_.servers[kind.servers].name;
            r.destination = detail::endpoint_text(kind.address, kind.port);
            r.protocol = json_io::name_of(scenario_.servers[kind.servers].protocol);
            if (kind.nat) r.nat = scenario_.nats[*kind.nat].name;
            double most = 0;
            for (const auto& part : sums_->shares(k)) {
                const auto& system = all.systems[part.system];
                if (part.load <= most) continue;
                most = part.load;
                r.address = system.rank
                                ? to_string(scenario_.nats[*kind.nat].external_ip_address_pool.at(
                                      *system.rank))
                                : to_string(scenario_.nats[*kind.nat].external_ip_address_pool);
            }
            r.likely = likely(k);
            out.push_back(std::move(r));
        }
        return out;
    }

    std::size_t number(const traffic_kind& kind) const {
        const auto& all = sums_->all().kinds;
        for (std::size_t k = 0; k < all.size(); ++k)
            if (all[k].clients == kind.clients && all[k].servers == kind.servers &&
                all[k].address == kind.address && all[k].port == kind.port)
                return k;
        return 0;
    }

    bool unmeasured(double scale) const {
        for (std::size_t k = 0; k < sums_->all().kinds.size(); ++k)
            for (const auto& part : sums_->shares(k)) {
                const auto& curve = sums_->curves()[part.curve];
                if (!curve.measured(part.load * scale, part.place)) return true;
            }
        return false;
    }

    // Whether a system was never seen to refuse at loads that are at or above its own.
    bool blind(double scale) const {
        for (std::size_t k = 0; k < sums_->all().kinds.size(); ++k)
            for (const auto& part : sums_->shares(k)) {
                const auto& curve = sums_->curves()[part.curve];
                if (curve.exact()) continue;
                bool above = false;
                for (const auto& p : curve.points())
                    above = above || (p.load > part.load * scale && p.kinds[part.place].seen);
                if (!above && !curve.measured(part.load * scale, part.place)) return true;
            }
        return false;
    }

    refusal_odds odds(const traffic_kind& kind, double scale) const {
        const std::size_t k = number(kind);
        const log_odds seen = sums_->at(k, scale);
        bool known = true, possible = false, simulated = false;
        double sure = -infinite;  // of what was measured
        for (const auto& part : sums_->shares(k)) {
            const auto& curve = sums_->curves()[part.curve];
            possible = possible || curve.method() != loss_method::nothing_refuses;
            simulated = simulated || !curve.exact();
            const bool here = curve.measured(part.load * scale, part.place);
            known = known && here;
            if (here)
                sure = detail::log_sum(
                    sure, curve.at(part.load * scale, part.place).log + std::log(part.share));
        }
        possible = possible || sums_->has_quota(kind.clients) || sums_->has_servers(k) ||
                   (kind.nat && (sums_->has_table(*kind.nat) || sums_->has_rate(*kind.nat) ||
                                 sums_->has_subscribers(*kind.nat)));
        if (!possible) return {0, 0, 0, -infinite, false};
        // what is computed, of limits that the searches know nothing of
        double limits =
            std::max(sums_->log_quota(kind.clients, scale), sums_->log_servers(k, scale));
        if (kind.nat)
            limits = std::max({limits, sums_->log_table(*kind.nat, scale),
                               sums_->log_rate_least(*kind.nat, scale),
                               sums_->log_subscribers(*kind.nat, scale)});
        if (known && seen.seen) {
            const double wide = simulated ? 1.96 * seen.error : 0;
            // Limits in sequence are joined from above; no one of them alone refuses more than all.
            const double alone = std::max(sure - wide, limits);
            return {std::exp(seen.log), std::exp(std::min(seen.log - wide, alone)),
                    std::min(1.0, std::exp(seen.log + wide)), seen.log, false};
        }
        const double log = sums_->bound(k, scale);
        sure = std::max(sure, limits);
        // what was not measured may be too little to matter: it widens the interval
        if (log < sure + std::log(2)) {
            const double wide = 1.96 * seen.error, value = std::min(log, sure);
            return {std::exp(value), std::exp(value - wide),
                    std::min(1.0, std::exp(std::max(log, value + wide))), value, false};
        }
        return {std::exp(log), 0, std::exp(log), log, true};
    }

    void error(double scale, double load, likely_result& out) const {
        const log_odds here = sums_->worst(scale);
        const double step = 1e-3;
        const double growth =
            (sums_->worst(scale * (1 + step)).log - sums_->worst(scale * (1 - step)).log) /
            (2 * step);
        // 0.1 % for what the line between points misses
        const double off =
            here.error > 0 ? std::hypot(1.96 * here.error / std::max(growth, 1.0), 0.001) : 0;
        out.low = load * std::exp(-off);
        out.high = load * std::exp(off);
        out.exact = off == 0 && !sums_->joined();
        // the worst kind's own curves, if they were not measured there
        double lowest = 0;
        for (const auto& k : out.kinds) {
            if (!k.likely || *k.likely > load * (1 + 1e-9)) continue;
            for (const auto& part : sums_->shares(number(k.kind))) {
                const auto& curve = sums_->curves()[part.curve];
                if (curve.measured(part.load * scale, part.place)) continue;
                for (const auto& p : curve.points())
                    if (p.kinds[part.place].seen && p.load > part.load * scale) {
                        out.extrapolated = true;
                        lowest = std::max(lowest, p.load / part.load * sums_->all().load);
                        break;
                    }
            }
        }
        if (out.extrapolated) out.high = std::max(out.high, lowest);
    }

    void points(std::vector<load_point>& out) const {
        const auto& all = sums_->all();
        for (std::size_t c = 0; c < sums_->curves().size(); ++c) {
            double most = 0;
            for (std::size_t k = 0; k < all.kinds.size(); ++k)
                for (const auto& part : sums_->shares(k))
                    if (part.curve == c) most = std::max(most, part.load);
            if (most == 0 || (most < sums_->heaviest() && sums_->curves().size() > 1)) continue;
            for (const auto& p : sums_->curves()[c].points()) {
                load_point point;
                point.load = p.load / most * all.load;
                for (const auto& k : p.kinds)
                    if (k.seen && std::exp(k.log) > point.worst.value)
                        point.worst = {std::exp(k.log), std::exp(k.log - 1.96 * k.error),
                                       std::exp(k.log + 1.96 * k.error), k.log, false};
                if (point.worst.value > 0) out.push_back(point);
            }
        }
        std::sort(out.begin(), out.end(),
                  [](const auto& a, const auto& b) { return a.load < b.load; });
    }

    std::optional<double> windows_of(const detail::share_of_kind& part, double scale,
                                     std::set<std::string>& left_out) const {
        const auto& system = sums_->all().systems[part.system];
        const auto& design = sums_->all().plans[system.nat].design;
        const auto& curve = sums_->curves()[part.curve];
        if (curve.exact() || system.ranks != 1 || sums_->has_table(system.nat)) return std::nullopt;
        std::vector<std::uint64_t> rounds;
        for (const auto& r : design.search.rounds) {
            if (r.start != start_kind::random || r.step != step_kind::ascend || !r.probes)
                return std::nullopt;
            rounds.push_back(*r.probes);
            if (r.bits)
                left_out.insert("that rounds start from a random number of " +
                                std::to_string(*r.bits) + " bits");
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

    // One complete search and nothing else: the mean time from an empty table is known exactly.
    void passage(risk_result& out, double scale) const {
        const auto& all = sums_->all();
        if (sums_->curves().size() != 1 || all.systems.size() != 1 || all.systems[0].copies != 1)
            return;
        const auto& curve = sums_->curves()[0];
        if (curve.method() != loss_method::erlang_b || sums_->has_table(all.systems[0].nat)) return;
        if (sums_->has_subscribers(all.systems[0].nat)) return;
        if (sums_->has_rate(all.systems[0].nat) || !limited_servers().empty()) return;
        for (const auto& kind : all.kinds)
            if (sums_->has_quota(kind.clients)) return;
        const double load = all.systems[0].load() * scale;
        out.full_probability = std::exp(curve.at(load, 0).log);
        for (const auto& part : all.systems[0].parts)
            if (part.open.law != hold_law::exponential || !part.closing.empty()) return;
        double rate = 0;
        for (const auto& part : all.systems[0].parts) rate += part.rate * scale;
        out.first_refusal =
            time_to_first_refusal(static_cast<std::uint64_t>(curve.ports()), load).mean * load /
            rate;
        out.first_refusal_from_empty = true;
    }

    const scenario& scenario_;
    study_options options_;
    filled_traffic traffic_;
    std::unique_ptr<kind_sums> sums_;
    std::optional<std::uint64_t> hard_;  // the assignment that only 5 % exceed, where it differs
    bool hard_is_median_ = false;
    std::vector<std::string> assumed_;
};

namespace {

std::uint64_t depth_of(const std::optional<std::uint64_t>& burst, double per_second) {
    constexpr double most = 4096;
    if (burst) return std::min<std::uint64_t>(*burst, static_cast<std::uint64_t>(most));
    return static_cast<std::uint64_t>(std::clamp(per_second, 1.0, most));
}

}  // namespace

std::uint64_t policer_depth(const rate_limits& limits) {
    return depth_of(limits.connections_burst, limits.connections->per_second);
}

std::uint64_t packet_depth(const rate_limits& limits) {
    if (limits.packets_burst) return *limits.packets_burst;
    return static_cast<std::uint64_t>(std::max(1.0, limits.packets->per_second));
}

// Streams whose connections send at different rates are taken for one with the same mean and
// variance of the rate.
packet_load packets_through(const scenario& s, const filled_traffic& traffic, const nat& n) {
    packet_load out;
    double mean = 0, variance = 0, held = 0;
    for (const auto& t : traffic.streams) {
        if (t.packets == 0 || nat_of(s, t.clients) != &n) continue;
        const double each = (t.packets - 1) / t.open.mean, live = t.rate * t.open.mean;
        out.opening += t.rate;
        mean += live * each;
        variance += live * each * each;
        held += live * each * each * t.open.mean;
    }
    if (mean > 0) {
        out.hold = held / variance;
        out.each = variance / mean;
        out.live = mean / out.each;
    }
    return out;
}

loss_study::loss_study(const scenario& s, study_options options)
    : cascade_(is_cascade(s) || is_spread(s) ? std::make_unique<const detail::cascade_shares>(s)
                                             : nullptr),
      state_(std::make_unique<state>(cascade_ ? cascade_->flat : s, std::move(options))) {
    refuse_clashes(s);
}
loss_study::~loss_study() = default;
loss_study::loss_study(loss_study&&) noexcept = default;
loss_study& loss_study::operator=(loss_study&&) noexcept = default;
likely_result loss_study::likely(double epsilon) {
    auto largest = state_->likely(epsilon);
    if (!cascade_) return largest;
    if (cascade_->stages == 1) return over_stages(largest, largest, *cascade_);
    return over_stages(state_->likely(epsilon / cascade_->stages), largest, *cascade_);
}
risk_result loss_study::risk(double scale) {
    auto out = state_->risk(scale);
    return cascade_ ? over_stages(std::move(out), *cascade_) : out;
}
std::optional<window_formula> loss_study::windows(double scale) const {
    return cascade_ ? std::nullopt : state_->windows(scale);
}
std::vector<load_point> loss_study::curve(const std::vector<double>& scales) {
    auto out = state_->curve(scales);
    if (cascade_) over_stages(out, *cascade_);
    return out;
}

likely_result likely(const scenario& s, double epsilon, study_options options) {
    return loss_study(s, std::move(options)).likely(epsilon);
}

risk_result risk(const scenario& s, double scale, study_options options) {
    return loss_study(s, std::move(options)).risk(scale);
}

}  // namespace natbound::calculator
