// How the simulation of a network begins: with the connections that a glance at any moment meets.
#include <algorithm>

#include "natbound/calculator/variates.hpp"
#include "network_simulation.hpp"

namespace natbound::calculator::detail {

// As network_simulation::close draws them.
std::vector<closing_way> network_stream::closings() const {
    std::vector<closing_way> out;
    const auto add = [&](double share, const closing_phase* phase, bool by_fin) {
        const double entries = phase ? phase->seconds : 0;
        if (by_fin)
            out.push_back({share * client_closes, std::max(entries, time_wait.value_or(0)), phase,
                           true, true});
        const double others = by_fin ? share * (1 - client_closes) : share;
        out.push_back({others, entries, phase, by_fin, false});
    };
    double left = 1;
    for (const auto& phase : law.closing) {
        const double share = &phase == &law.closing.back() ? std::max(left, 0.0) : phase.share;
        left -= share;
        add(share, &phase, phase.cause == close_cause::tcp_fin);
    }
    if (law.closing.empty()) {
        add(fin, nullptr, true);
        add(1 - fin, nullptr, false);
    }
    return out;
}

double network_stream::taken() const {
    double sum = law.open.mean;
    for (const auto& one : closings()) sum += one.share * one.seconds;
    return sum;
}

// A way of closing is met as often as it happens, times how long it lasts.
network_simulation::met network_simulation::glance(std::uint32_t stream) {
    const double open = input_->streams[stream].law.open.mean;
    double at = random_.unit() * taken_[stream] - open;
    if (at < 0) return {stream};
    for (const auto& way : closings_[stream]) {
        const double all = way.share * way.seconds;
        if (at < all) return {stream, &way, at / way.share};
        at -= all;
    }
    return {stream};
}

void network_simulation::place(const met& one) {
    const auto id = admit(one.stream);
    if (!id) return;
    if (one.way) return close_as(*id, one.way->phase, one.way->fin, one.way->first);
    begin(*id, draws_[one.stream].left(random_));
}

// Those that are closing are placed when they began to, so that each NAT keeps its entry for what
// is left of its own timer.
void network_simulation::fill(std::optional<std::uint64_t> flows) {
    placing_ = true;
    std::vector<double> loads;
    double sum = 0;
    for (std::size_t i = 0; i < factors_.size(); ++i) {
        const double rate = input_->streams[i].law.rate * factor_ * factors_[i];
        loads.push_back(sum += std::min(rate * taken_[i], most_placed));
    }
    std::vector<met> all;
    for (auto left = flows ? *flows : about_poisson(sum, random_); left > 0; --left)
        all.push_back(glance(static_cast<std::uint32_t>(pick(loads, random_))));
    std::stable_sort(all.begin(), all.end(),
                     [](const met& a, const met& b) { return a.since > b.since; });
    const double end = now_ + (all.empty() ? 0 : all.front().since);
    for (const auto& one : all) {
        const double then = end - one.since;
        while (!events_due_.empty() && events_due_.top().at <= then) take_due();
        now_ = then;
        place(one);
    }
    now_ = end;
    if (rate_ > 0) next_arrival_ = now_ + exponential(random_) / rate_;
    placing_ = false;
    retrying_ = input_->retry.has_value();
    clear_counts();
}

}  // namespace natbound::calculator::detail
