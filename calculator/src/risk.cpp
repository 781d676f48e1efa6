// How likely refusals are at a load.
#include <algorithm>
#include <cmath>
#include <limits>

#include "natbound/calculator/eviction.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "study_state.hpp"

namespace natbound::calculator {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

bool loss_study::state::in_turn(std::size_t kind) const {
    const auto nat = sums_->all().kinds[kind].nat;
    if (!nat || scenario_.nats[*nat].port_set) return false;
    const auto& plan = sums_->all().plans[*nat];
    const auto& pool = plan.design.pool;
    return pool.choice == pool_choice::round_robin && !pool.fallback && plan.pool_size > 1;
}

risk_result loss_study::state::risk(double scale) {
    if (!(scale > 0 && scale < infinite))
        throw domain_error("risk: scale = " + shortest(scale) + ": must be finite and above 0");
    risk_result out;
    const auto& all = sums_->all();
    out.hash_known = !all.unknown_hash;
    out.load = all.load * scale;
    out.rate = all.rate * scale;
    out.method = method();
    out.assumed = assumed_;
    sums_->look(scale, options_.holds / 2, options_.precision);
    if (unmeasured(scale)) sums_->look_low(scale, options_.lowest);
    out.kinds = kinds();
    double failing = 0, low = 0, high = 0, log = -infinite;
    double unseen = 0;
    bool at_most = false;
    out.exact = true;
    bool cutting = false, turns = false;
    for (std::size_t n = 0; n < all.plans.size(); ++n) cutting = cutting || sums_->limits().cuts(n);
    for (auto& k : out.kinds) {
        k.odds = odds(k.kind, scale, detail::counted::refused);
        const auto here = static_cast<std::size_t>(&k - &out.kinds.front());
        if (in_turn(here)) {
            turns = true;
            k.odds.low = std::min(
                k.odds.low, std::exp(sums_->limits_alone(here, scale, detail::counted::refused)));
        }
        const auto fails = cutting ? odds(k.kind, scale) : k.odds;
        if (&k == &out.kinds.front() || k.odds.log > out.worst.log) out.worst = k.odds;
        if (&k == &out.kinds.front() || fails.log > out.failing.log) out.failing = fails;
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
    for (const auto& curve : sums_->curves())
        out.exact = out.exact && curve->exact() && !curve->shares();
    out.exact = out.exact && !sums_->joined() && !turns;
    for (std::size_t k = 0; k < all.kinds.size(); ++k)
        out.exact = out.exact && !sums_->limits().has_kept(k);
    out.bounds = turns || sums_->several_limits(scale, detail::counted::refused);
    if (out.bounds && !turns)
        low = std::max(
            low, out.rate * std::min(failing / out.rate, std::exp(sums_->least_of_all(
                                                             scale, detail::counted::refused))));
    out.overall = {failing / out.rate, low / out.rate, high / out.rate, log, unseen > failing / 2};
    out.exact = out.exact && out.overall.low >= out.overall.value * (1 - 1e-11);
    out.refused_by = refused_by(scale, out);
    std::stable_sort(out.kinds.begin(), out.kinds.end(),
                     [](const auto& a, const auto& b) { return a.odds.log > b.odds.log; });
    if (at_most) {
        out.assumed.push_back(
            "no state that was looked at could refuse; the bound is what a higher load showed, "
            "for the probability grows with the load");
    }
    for (std::size_t n = 0; n < all.plans.size(); ++n) {
        if (!sums_->limits().has_rate(n)) continue;
        const auto& limits = *scenario_.nats[n].rate_limits;
        rate_result one;
        one.nat = scenario_.nats[n].name;
        if (sums_->limits().has_connections(n)) {
            one.limit = limits.connections->per_second;
            one.depth = policer_depth(limits);
            for (const auto& t : traffic_.streams)
                if (nat_of(scenario_, t.clients) == &scenario_.nats[n])
                    one.offered += t.rate * scale;
            one.log_refusal = sums_->limits().log_connections(n, scale);
            one.refusal = std::exp(one.log_refusal);
            out.rates.push_back(one);
        }
        if (!sums_->limits().has_packets(n)) continue;
        const auto sent = sums_->limits().packets(n, scale);
        one.packets = true;
        one.limit = limits.packets->per_second;
        one.depth = packet_depth(limits);
        one.offered = sums_->limits().packet_load_of(n).rate() * scale;
        one.refusal = sent.refusal;
        one.log_refusal = sent.log_refusal;
        one.packet_loss = sent.loss;
        one.delay = sent.delay;
        out.rates.push_back(one);
    }
    out.cuts = cuts(scale);
    out.refusals_a_day = failing * 86400;
    out.bursty = traffic_.bursty();
    if (options_.first) out.first = first_refusal(failing, scale);
    if (const auto* curve = only_curve())
        out.full_probability = std::exp(curve->at(all.load * scale, 0).log);
    return out;
}

// With the packets of connections known, which of them are cut goes by how long they are silent. Of
// lives that are all exponential the next entry is as good as the last, so that without them the
// chain of the number live is that of refusals (an upper bound where closed entries are kept: they
// may be the ones to go).
std::vector<cut_result> loss_study::state::cuts(double scale) const {
    std::vector<cut_result> out;
    const auto& limits = sums_->limits();
    for (std::size_t n = 0; n < scenario_.nats.size(); ++n) {
        if (!limits.cuts(n)) continue;
        cut_result one;
        one.nat = scenario_.nats[n].name;
        std::vector<connection_kind> kinds;
        bool known = true;
        double rate = 0;
        for (const auto& t : traffic_.streams) {
            if (nat_of(scenario_, t.clients) != &scenario_.nats[n]) continue;
            known = known && t.packets > 1 && t.arrives.law == arrival_law::poisson;
            connection_kind kind{t.rate * scale, t.open.mean,
                                 t.open.mean / std::max(1.0, t.packets - 1)};
            kind.closed_timeout = t.hold() - t.open.mean;
            if (kind.closed_timeout <= 0) kind.closed_timeout = 1e-9 * t.open.mean;
            kinds.push_back(kind);
            rate += t.rate * scale;
        }
        if (known) {
            const evicting_table table(limits.table(n), kinds);
            one.silence = table.characteristic_time();
            for (std::size_t k = 0; k < kinds.size(); ++k)
                one.probability += kinds[k].rate / rate * table.cut(k);
        } else {
            one.probability = std::exp(limits.log_table(n, scale));
        }
        out.push_back(one);
    }
    return out;
}

std::vector<load_point> loss_study::state::curve(const std::vector<double>& scales) {
    std::vector<load_point> out;
    for (const double scale : scales) {
        sums_->look(scale, options_.holds / 8, 0);
        refusal_odds worst;
        for (const auto& k : sums_->all().kinds) {
            const refusal_odds here = odds(k, scale);
            if (here.value > worst.value || worst.value == 0) worst = here;
        }
        out.push_back({sums_->all().load * scale, worst});
    }
    return out;
}

}  // namespace natbound::calculator
