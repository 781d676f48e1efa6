// Between two packets of an open connection three things compete: the next packet (at rate 1/gap,
// or the keep-alive), its end (at rate 1/life), and the cut after W = min(T, idle_timeout). All
// begin anew at each packet, as the laws have no memory.
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/eviction.hpp>
#include <utility>

#include "argument.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "evicting_table";

// What comes after a packet, if an idle entry goes after `patience`; just then with chance `share`
// where a keep-alive is due at that very time.
struct outcome {
    double cut = 0, end = 0;  // chances; else a packet
    double time = 0;          // mean until any of them
};

outcome after_packet(const connection_kind& kind, double patience, double share) {
    outcome out;
    const double rate = 1 / kind.gap + 1 / kind.life;
    const double limit = std::min(patience, kind.keep_alive);
    const double passed = std::isinf(limit) ? 1 : -std::expm1(-limit * rate);
    out.time = passed / rate;
    out.end = out.time / kind.life;
    if (kind.keep_alive >= patience && !std::isinf(patience)) {
        out.cut = std::exp(-patience * rate) * (kind.keep_alive == patience ? share : 1);
    }
    return out;
}

outcome after_packet_at(const connection_kind& kind, double time, double share) {
    // The idle timeout leaves nothing to chance: a keep-alive that is due with it is in time.
    return kind.idle_timeout <= time ? after_packet(kind, kind.idle_timeout, 0)
                                     : after_packet(kind, time, share);
}

// Mean time that an entry spends in the table having been touched within the last `recent`.
double stay(const connection_kind& kind, double time, double share, double recent) {
    const auto next = after_packet_at(kind, time, share);
    const double intervals = 1 / (next.cut + next.end);
    const double open = recent < time ? after_packet_at(kind, recent, 1).time : next.time;
    const double closed = std::min({recent, time, kind.closed_timeout});
    return intervals * (open + (next.end > 0 ? next.end * closed : 0));
}

}  // namespace

evicting_table::evicting_table(double size, std::vector<connection_kind> kinds)
    : size_(size), kinds_(std::move(kinds)), time_(never) {
    detail::require(size >= 1 && size <= 1e12, name, "size", size,
                    "must be at least 1 and at most 1e12");
    detail::require(!kinds_.empty(), name, "kinds", 0, "must be at least one");
    const auto positive = [](const char* argument, double x, bool or_never) {
        // of shorter times the rates, of smaller rates the times, leave what a double holds
        detail::require(x >= 1e-100 && (x <= 1e100 || (or_never && std::isinf(x))), name, argument,
                        x,
                        or_never ? "must be at least 1e-100, and at most 1e100 or infinite"
                                 : "must be at least 1e-100 and at most 1e100");
    };
    for (const auto& kind : kinds_) {
        positive("rate", kind.rate, false);
        positive("life", kind.life, false);
        positive("gap", kind.gap, false);
        positive("keep_alive", kind.keep_alive, true);
        positive("idle_timeout", kind.idle_timeout, true);
        positive("closed_timeout", kind.closed_timeout, true);
    }
    if (entries(never, 1, never) <= size) return;
    double low = 0, high = 1;  // the entries grow with the time
    while (entries(high, 1, high) < size) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
        const double middle = 0.5 * (low + high);
        (entries(middle, 1, middle) < size ? low : high) = middle;
    }
    time_ = 0.5 * (low + high);
    // They jump where a keep-alive comes just in time. Within the jump, some come in time.
    for (const auto& kind : kinds_) {
        if (std::abs(kind.keep_alive - time_) > 1e-12 * time_) continue;
        time_ = kind.keep_alive;
        double few = 0, many = 1;
        for (int i = 0; i < 60; ++i) {
            share_ = 0.5 * (few + many);
            (entries(time_, share_, time_) > size ? few : many) = share_;
        }
        break;
    }
}

double evicting_table::entries(double time, double share, double recent) const {
    double total = 0;
    for (const auto& kind : kinds_) total += kind.rate * stay(kind, time, share, recent);
    return total;
}

double evicting_table::touched_within(double recent) const {
    detail::require(recent >= 0, name, "recent", recent, "must be at least 0");
    return recent == 0 ? 0 : entries(time_, share_, std::min(recent, time_));
}

double evicting_table::cut(std::size_t kind) const {
    detail::require(kind < kinds_.size(), name, "kind", static_cast<double>(kind),
                    "must be below the number of kinds");
    const auto next = after_packet_at(kinds_[kind], time_, share_);
    return next.cut / (next.cut + next.end);
}

double evicting_table::cut_by_eviction(std::size_t kind) const {
    const double all = cut(kind);
    return time_ < kinds_[kind].idle_timeout ? all : 0;
}

// Beyond T what is touched goes on to grow as it did, or the step of evicted_after would end at
// 1/2.
double evicting_table::touched_beyond(double idle) const {
    const double touched = touched_within(idle);
    if (idle <= time_) return touched;
    return touched + (idle / time_ - 1) * (touched - touched_within(0.999 * time_)) * 1000;
}

double evicting_table::evicted_after(double idle) const {
    detail::require(idle >= 0, name, "idle", idle, "must be at least 0");
    if (std::isinf(time_) || idle == 0) return 0;
    if (std::isinf(idle)) return 1;
    return boost::math::gamma_p(size_, touched_beyond(idle));
}

double evicting_table::keep_alive_for(double target) const {
    detail::require(target > 0 && target < 1, name, "target", target,
                    "must be above 0 and below 1");
    if (std::isinf(time_)) return never;
    // So many touched on average make it the target, and they grow with the silence. What is left
    // is the forward formula's last bits.
    const double touched = boost::math::gamma_p_inv(size_, target);
    const double silence = detail::falls_through(
        0, 2 * time_, [&](double idle) { return touched - touched_beyond(idle); });
    return detail::a_hair_less(silence, [&](double x) { return evicted_after(x) <= target; });
}

}  // namespace natbound::calculator
