#include "packet_chain.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "level_chain.hpp"
#include "live_places.hpp"
#include "poisson.hpp"
#include "queue_curve.hpp"

namespace natbound::calculator::detail {
namespace {

void set_numbers(level_chain& chain, const live_places& at, const packet_load& load) {
    const std::size_t size = at.n.size();
    const double live = load.live, per = 1 / (load.hold * at.stride);
    chain.more.assign(size, 0);
    chain.fewer.assign(size, 0);
    const auto ratio = [&](std::size_t k) {  // of the weights of k and k + 1
        return std::exp(log_poisson_weight(at.n[k], live) - log_poisson_weight(at.n[k + 1], live));
    };
    // What crosses between two places is the drift of all below: summed from either end.
    for (std::size_t k = 0; k + 1 < size && at.n[k] <= live; ++k) {
        chain.more[k] = k == 0 ? strides_up(live, at.n[k], at.stride) / load.hold
                               : chain.fewer[k] + (live - at.n[k]) * per;
        chain.fewer[k + 1] = chain.more[k] * ratio(k);
    }
    for (std::size_t k = size - 1; k > 0 && at.n[k - 1] > live; --k) {
        chain.fewer[k] = k == size - 1 ? strides_up(at.n[k], live, at.stride) / load.hold
                                       : chain.more[k] + (at.n[k] - live) * per;
        chain.more[k - 1] = chain.fewer[k] / ratio(k - 1);
    }
}

}  // namespace

packet_answer packets_by_chain(double per_second, double depth, const packet_load& sent,
                               bool with_delay, const chain_size& of) {
    // in services
    const packet_load load{sent.opening / per_second, sent.live, sent.each / per_second,
                           sent.hold * per_second};
    const live_places at = places_of(load, *curve_of(static_cast<std::uint64_t>(depth)), of.places);
    const std::size_t size = at.n.size();
    level_chain chain;
    chain.common = at.common;
    while (chain.doublings < of.doublings && std::ldexp(1, chain.doublings) < depth)
        ++chain.doublings;
    const double cell = std::ldexp(depth, -chain.doublings);
    set_numbers(chain, at, load);
    // Of M/D/1/K against cells of the same decay, how much its top loses and how much longer it
    // lasts than they: the same for all but small depths.
    const double shallow = std::min(depth, std::max(128.0, std::ceil(8 * cell)));
    const auto curve = curve_of(static_cast<std::uint64_t>(shallow));
    std::vector<double> rate(size), lost(size), longer(size);
    chain.more_at_top = chain.more;
    chain.fewer_at_top = chain.fewer;
    for (std::size_t k = 0; k < size; ++k) {
        rate[k] = load.opening + at.n[k] * load.each;
        const double drift = rate[k] - 1, fall = decay(rate[k]) * cell;
        if (std::abs(fall) < 1e-8) {
            chain.up.push_back((rate[k] / cell + drift) / (2 * cell));
            chain.down.push_back((rate[k] / cell - drift) / (2 * cell));
        } else {
            chain.up.push_back(-drift / cell / std::expm1(fall));
            chain.down.push_back(drift / cell / std::expm1(-fall));
        }
        const auto cells = falling_levels(fall, shallow / cell);
        const double log_loss = curve->log_loss(rate[k]), loss = std::exp(log_loss);
        lost[k] = std::min(std::exp(log_loss - cells.log_top), 1.0);
        if (with_delay && loss < 1)
            longer[k] = curve->delay(rate[k]) - (cells.mean * cell - loss * shallow) / (1 - loss);
        const double in = load.live * (1 - lost[k]);
        if (k + 1 < size)
            chain.more_at_top[k] *=
                strides_up(in, at.n[k], at.stride) / strides_up(load.live, at.n[k], at.stride);
        if (k > 0)
            chain.fewer_at_top[k] *=
                strides_up(at.n[k], in, at.stride) / strides_up(at.n[k], load.live, at.stride);
    }
    const level_law law = stationary(chain);
    double refused = 0, packets = 0, gone = 0, waited = 0;
    for (std::size_t k = 0; k < size; ++k) {
        const double off = law.top[k] * lost[k];
        refused += off;
        packets += law.all[k] * rate[k];
        gone += off * rate[k];
        waited += rate[k] * ((law.level[k] * cell - off * depth) + longer[k] * (law.all[k] - off));
    }
    packet_answer out;
    out.refusal = std::min(refused / law.sum, 1.0);
    out.log_refusal = std::log(out.refusal);
    out.loss = std::min(gone / packets, 1.0);
    if (!with_delay) return out;
    out.delay = (gone < packets ? waited / (packets - gone) : depth) / per_second;
    return out;
}

}  // namespace natbound::calculator::detail
