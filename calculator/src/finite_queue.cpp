#include <algorithm>
#include <cmath>
#include <natbound/calculator/finite_queue.hpp>
#include <utility>
#include <vector>

#include "argument.hpp"
#include "crossing.hpp"
#include "least.hpp"
#include "two_poles.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "finite_queue";
constexpr double log_2 = 0.69314718055994530942;

queue_answer finish(double loss, double log_loss, double admitted, double length, double load,
                    double waiting) {
    const double delay = length / (load * admitted);  // J. D. C. Little 1961
    return {loss, log_loss, waiting, delay, length};
}

// Sums of ratio^i and i ratio^i, i = 0 .. k, for a ratio of at most 1.
std::pair<double, double> geometric_sums(double k, double log_ratio) {
    double sum = 0, first = 0;
    if (-log_ratio * k < 1e-3) {
        // ratio^i = exp(-x i) with x room small: plain sums of powers, to x^4.
        const double x = -log_ratio;
        const auto power = [&](double to, double m) {  // sum of i^m, Euler and Maclaurin
            if (m == 0) return to + 1;
            if (m == 1) return to * (to + 1) / 2;
            if (m == 2) return to * (to + 1) * (2 * to + 1) / 6;
            if (m == 3) return to * to * (to + 1) * (to + 1) / 4;
            if (m == 4) return to * (to + 1) * (2 * to + 1) * (3 * to * to + 3 * to - 1) / 30;
            return to * to * (to + 1) * (to + 1) * (2 * to * to + 2 * to - 1) / 12;
        };
        double factor = 1;
        for (int m = 0; m < 5; ++m) {
            sum += factor * power(k, m);
            first += factor * power(k, m + 1);
            factor *= -x / (m + 1);
        }
    } else {
        const double last = std::exp((k + 1) * log_ratio), gap = -std::expm1(log_ratio);
        const double all = -std::expm1((k + 1) * log_ratio);
        sum = all / gap;
        first = std::exp(log_ratio) / gap * sum - (k + 1) * last / gap;
    }
    return {sum, first};
}

// p(n) in proportion to load^n. Summed from the heavy end, so nothing cancels at load 1.
queue_answer exponential_queue(std::uint64_t room, double load) {
    const double k = static_cast<double>(room), ratio = load <= 1 ? load : 1 / load;
    const double log_ratio = std::log(ratio);
    const auto [sum, first] = geometric_sums(k, log_ratio);
    // Whoever is let in waits for those before it.
    const auto [below, before] = geometric_sums(k - 1, log_ratio);
    const double found = k == 1 ? 0 : before / below;
    const double light = std::exp(k * log_ratio) / sum;  // chance of the light end
    const double mean = first / sum;
    if (load <= 1) {
        return finish(light, k * log_ratio - std::log(sum), 1 - light, mean, load, found);
    }
    const double loss = 1 / sum, empty = light;
    return finish(loss, -std::log(sum), (1 - empty) / load, k - mean, load, k - 1 - found);
}

// q(j): chance that a departure leaves j, over q(0), in a queue without limit. Across j | j + 1:
// a(0) q(j+1) = q(0) P(A > j) + sum_{i=1..j} q(i) P(A > j + 1 - i), A Poisson: arrivals in a
// service.
class departures {
  public:
    explicit departures(double load) : none_(std::exp(-load)) {
        // Long jumps count relative to the few that are left far out, so none is cut early.
        std::vector<double> a{none_};
        const double reach = load + 12 * std::sqrt(load) + 80;
        for (double k = 1; k < reach; ++k) a.push_back(a.back() * (load / k));
        beyond_.assign(a.size(), 0.0);
        for (std::size_t k = a.size() - 1; k > 0; --k) beyond_[k - 1] = beyond_[k] + a[k];
    }
    double next() {
        const std::size_t j = q_.size();  // q(1) .. q(j) are known
        double in = j < beyond_.size() ? start_ * beyond_[j] : 0;
        const std::size_t oldest = j >= beyond_.size() ? j + 2 - beyond_.size() : 1;
        for (std::size_t i = j; i >= oldest && i > 0; --i) in += q_[i - 1] * beyond_[j + 1 - i];
        q_.push_back(in / none_);
        return q_.back();
    }
    // Of all that is needed for the next. At low loads the terms fall so steeply that those near
    // the start would grow beyond a double: a jump from so far counts for less than 2^-80 of the
    // next term, since jumps fall faster still.
    void scale(double by) {
        const auto scaled = [&](double& x) { x = x > 0x1p900 / by ? 0 : x * by; };
        scaled(start_);
        const std::size_t from = q_.size() > beyond_.size() ? q_.size() - beyond_.size() : 0;
        for (std::size_t i = from; i < q_.size(); ++i) scaled(q_[i]);
    }

  private:
    double none_;
    double start_ = 1;
    std::vector<double> beyond_, q_;
};

queue_answer constant_queue(std::uint64_t room, double load) {
    departures chain(load);
    // Departures leave 0 .. room - 1: start, then the sum's other terms.
    double sum = 1, first = 0, waiting = 0, last = 1, start = 1;
    int shrunk = 0;  // times that the terms were scaled up by 2^512, the sums left as they are
    for (std::uint64_t j = 1; j < room; ++j) {
        last = chain.next();
        if (shrunk == 0) {
            sum += last;
            first += static_cast<double>(j) * last;
            waiting += static_cast<double>(j - 1) * last;
        }
        if (sum > 0x1p600 || first > 0x1p600) {
            chain.scale(0x1p-512);
            for (double* x : {&sum, &first, &waiting, &last, &start}) *x *= 0x1p-512;
        } else if (last < 0x1p-600) {
            chain.scale(0x1p512);
            last *= 0x1p512;
            ++shrunk;
        }
    }
    // loss = (q0 + (load - 1) sum) / (q0 + load sum); below load 1 the numerator is (1 - load)
    // times the sum over j >= room in the queue without limit, whose terms end as a geometric
    // series.
    const double whole = start + load * sum;
    double lost = start + (load - 1) * sum;
    if (load < 1 && lost < 0.25 * start) {
        double tail = 0, before = last, ratio = 0;
        for (int i = 0; i < 100000; ++i) {
            const double term = chain.next(), now = term / before;
            tail += term;
            before = term;
            const bool settled = std::abs(now - ratio) < 1e-14 * now;
            ratio = now;
            if (i > 20 && settled) {
                tail += term * ratio / (1 - ratio);
                break;
            }
            if (term < 1e-18 * tail || term < 1e-290) break;
        }
        lost = (1 - load) * tail;
    }
    const double log_loss = std::log(lost) - std::log(whole) - 512 * log_2 * shrunk;
    const double loss = shrunk == 0 ? lost / whole : std::exp(log_loss);
    // Arrivals see what departures leave, but for those lost: P(n) = q(n) / whole for n < room.
    const double length = first / whole + static_cast<double>(room) * loss;
    // who is behind the one in service
    const double behind = waiting / whole + static_cast<double>(room - 1) * loss;
    const double mean_wait = load < 1e-100 && room > 1 ? load / 2 : behind / (load * (sum / whole));
    return finish(loss, log_loss, sum / whole, length, load, mean_wait);
}

void check(const char* function, service law, std::uint64_t room, double load) {
    const bool constant = law == service::constant;
    detail::require(room >= 1 && room <= (constant ? 1ULL << 20 : 1ULL << 22), function, "room",
                    static_cast<double>(room),
                    constant ? "must be at least 1 and at most 1,048,576"
                             : "must be at least 1 and at most 4,194,304");
    detail::require(
        load > 0 && load <= (constant ? 100 : 1e6), function, "load", load,
        constant ? "must be above 0 and at most 100" : "must be above 0 and at most 1e6");
}

}  // namespace

queue_answer finite_queue(service law, std::uint64_t room, double load) {
    check(name, law, room, load);
    return law == service::exponential ? exponential_queue(room, load) : constant_queue(room, load);
}

std::uint64_t room_for(service law, double load, double target) {
    check("room_for", law, 1, load);
    detail::require(target > 0 && target < 1, "room_for", "target", target,
                    "must be above 0 and below 1");
    const std::uint64_t most = law == service::constant ? 1ULL << 20 : 1ULL << 22;
    const detail::two_poles poles(load);
    const double log_target = std::log(target);
    const auto enough = [&](std::uint64_t room) {
        const double above = poles.log_loss(static_cast<double>(room)) - log_target;
        if (law == service::constant && poles.suit(static_cast<double>(room)) &&
            std::abs(above) > 1e-9)
            return above < 0;
        return finite_queue(law, room, load).loss <= target;
    };
    std::uint64_t bad = 0, good = 1;
    while (!enough(good)) {
        bad = good;
        detail::require(good < most, "room_for", "target", target,
                        "is met by no room: above load 1 at least (load - 1) / load is lost");
        good = std::min(2 * good, most);
    }
    return detail::least(bad, good, enough);
}

double load_for_room(service law, std::uint64_t room, double target) {
    check("load_for_room", law, room, 1);
    detail::require(target > 0 && target < 1, "load_for_room", "target", target,
                    "must be above 0 and below 1");
    const double most = law == service::constant ? 100 : 1e6;
    const auto lost = [&](double load) {
        if (law == service::constant && target <= 0.9) {
            const detail::two_poles poles(load);
            if (poles.suit(static_cast<double>(room)))
                return poles.log_loss(static_cast<double>(room)) - std::log(target);
        }
        const queue_answer found = finite_queue(law, room, load);
        return detail::above(found.log_loss, target, [&] { return found.loss; });
    };
    detail::require(lost(most) > 0, "load_for_room", "target", target,
                    law == service::constant ? "is met by the most load there is, 100"
                                             : "is met by the most load there is, 1e6");
    return detail::most_crossing(
        1, [&](double load) { return load >= most ? 1.0 : lost(std::fmax(load, 1e-300)); });
}

}  // namespace natbound::calculator
