// Several sizes solved for ports and for a factor on all loads. Without reservation the weights
// q(n) do not depend on the number of ports: the refusal of the largest class, the worst, is q of
// the last states, as many as its size, over q of all. Both are coefficients of exp(sum_k load_k
// (z^size_k - 1)) times a kernel (lattice.hpp), some microseconds for any number of ports; where
// that ripples, one pass over the weights has the refusal of every number of ports.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/kaufman_roberts.hpp>
#include <numeric>

#include "argument.hpp"
#include "crossing.hpp"
#include "lattice_kernels.hpp"
#include "lattice_laws.hpp"
#include "monotone.hpp"
#include "newton.hpp"
#include "scaled.hpp"
#include "window_sum.hpp"

namespace natbound::calculator {
namespace {

using detail::require;
using detail::scaled;

constexpr std::uint64_t most_ports = 1ULL << 26;
constexpr const char* too_many = "needs more than 2^26 ports";

// The pool in units of what all sizes are multiples of, without reservation.
class sizes_in_closed_form {
  public:
    explicit sizes_in_closed_form(const std::vector<size_class>& classes) {
        for (const auto& c : classes) {
            unit_ = std::gcd(unit_, c.size);
            largest_ = std::max(largest_, c.size);
        }
        for (const auto& c : classes)
            if (const auto units = c.size / unit_; c.load > 0)  // whole
                jumps_.push_back({c.load, static_cast<double>(units)});
    }
    // Small pools, and those of a few connections of the largest size, are done sooner state by
    // state, and next to 1 the share has lost its digits.
    bool suits(double ports, double peakedness, double target) const {
        return ports * static_cast<double>(jumps_.size()) > 700 && ports > 16 * peakedness &&
               target <= 0.3;
    }
    std::uint64_t unit() const { return unit_; }
    std::uint64_t largest() const { return largest_ / unit_; }

    // The largest class's refusal of so many units with all loads times `scale`.
    std::optional<detail::coefficient> refused(double units, double scale, bool exact) {
        auto jumps = jumps_;
        for (auto& j : jumps) j.rate *= scale;
        detail::jumps law(std::move(jumps));
        detail::window_kernel last(static_cast<double>(largest()));
        if (!known_) theta_ = (units - law.mean()) / law.at(0).second;
        const auto found = detail::refused_share(law, last, units, theta_,
                                                 exact ? std::clamp(units / 8, 200.0, 5000.0) : 0);
        known_ = found.has_value();
        if (known_) theta_ = found->theta;
        return found;
    }

  private:
    std::uint64_t unit_ = 0, largest_ = 0;
    std::vector<detail::jumps::jump> jumps_;
    bool known_ = false;
    double theta_ = 0;  // of the last one: the next is near
};

// How much the logarithm of what the worst class loses lies above that of the target.
double over(std::uint64_t ports, const std::vector<size_class>& classes, double target) {
    const auto found = kaufman_roberts(ports, classes);
    const auto worst = std::max_element(found.log_refusal.begin(), found.log_refusal.end());
    return detail::above(*worst, target, [&] {
        return *std::max_element(found.refusal.begin(), found.refusal.end());
    });
}

std::uint64_t in_one_pass(const std::vector<size_class>& classes, std::uint64_t largest,
                          double target) {
    struct term {
        std::uint64_t size;
        double factor;
    };
    std::vector<term> terms;
    for (const auto& c : classes)
        if (c.load > 0) terms.push_back({c.size, c.load * static_cast<double>(c.size)});
    std::uint64_t room = 1;  // the weights that are still needed
    while (room <= largest) room *= 2;
    std::vector<scaled> q(room);
    detail::window_sum last(largest);
    scaled all;
    for (std::uint64_t n = 0; n <= most_ports; ++n) {
        scaled weight;
        if (n == 0) weight = scaled(1);
        for (const term& t : terms)
            if (t.size <= n) weight += q[(n - t.size) & (room - 1)] * t.factor;
        if (n > 0) weight = weight * (1 / static_cast<double>(n));
        q[n & (room - 1)] = weight;
        last.push(weight);
        all += weight;
        if (n < largest) continue;  // 1 but for n = largest
        const double share = detail::quotient(last.value(), all);
        if (share > target * (1 + 1e-9)) continue;
        if (share < target * (1 - 1e-9) || over(n, classes, target) <= 0) return n;
    }
    require(false, "ports_for_sizes", "target", target, too_many);
    return 0;
}

}  // namespace

std::uint64_t ports_for_sizes(const std::vector<size_class>& classes, double target) {
    constexpr const char* name = "ports_for_sizes";
    detail::require_target(name, target);
    kaufman_roberts(0, classes);  // refuses bad classes
    std::uint64_t largest = 0;
    double ports = 0, squares = 0;
    bool reserved = false;
    for (const auto& c : classes) {
        largest = std::max(largest, c.size + c.reserved);
        reserved = reserved || c.reserved > 0;
        const double size = static_cast<double>(c.size);
        ports += c.load * size;
        squares += c.load * size * size;
    }
    // All ports carry no more than they are.
    const double least = std::fmax(static_cast<double>(largest) - 1, ports * (1 - target) - 2);
    require(least < static_cast<double>(most_ports), name, "target", target, too_many);
    if (!reserved) {
        sizes_in_closed_form closed(classes);
        const double z = squares / ports;
        if (closed.suits(ports, z, target)) {
            const double each = static_cast<double>(closed.unit());
            const double about = static_cast<double>(ports_for(ports / z, target)) * z / each;
            const auto few = static_cast<std::uint64_t>(std::fmax(least, 0) / each);
            const auto found = detail::least_by_newton(
                std::max(few, closed.largest() - 1), about, target,
                [&](double units, bool exact) { return closed.refused(units, 1, exact); },
                [&](std::uint64_t units) {
                    return over(units * closed.unit(), classes, target) <= 0;
                });
            if (found && *found * closed.unit() <= most_ports) return *found * closed.unit();
        }
        return in_one_pass(classes, largest, target);
    }
    const auto refused = [&](std::uint64_t n) { return over(n, classes, target); };
    const double step = std::sqrt(squares) / 4 + static_cast<double>(largest);
    std::uint64_t few = largest - 1, many = most_ports;
    const double reach = std::fmax(least, ports) + 8 * step;
    if (reach < static_cast<double>(most_ports)) many = static_cast<std::uint64_t>(reach) + 1;
    while (refused(many) > 0) {
        require(many < most_ports, name, "target", target, too_many);
        few = many;
        many = std::min(2 * many, most_ports);
    }
    return detail::least_crossing(few, many, reach - 4 * step, step, refused);
}

double scale_for_sizes(std::uint64_t ports, const std::vector<size_class>& classes, double target) {
    constexpr const char* name = "scale_for_sizes";
    detail::require_target(name, target);
    kaufman_roberts(0, classes);
    require(ports <= most_ports, name, "ports", static_cast<double>(ports), "must be at most 2^26");
    double taken = 0, squares = 0, greatest = 0;
    for (const auto& c : classes) {
        require(c.size + c.reserved <= ports, name, "ports", static_cast<double>(ports),
                "is too few for a connection of a class (with what it reserves), at any load");
        const double size = static_cast<double>(c.size);
        taken += c.load * size;
        squares += c.load * size * size;
        greatest = std::fmax(greatest, c.load);
    }
    require(taken > 0, name, "classes[0].load", classes[0].load,
            "some class must have a load above 0");
    std::vector<size_class> scaled_classes = classes;
    const auto refused = [&](double scale) {
        if (scale * greatest > 1e12) return HUGE_VAL;
        for (std::size_t k = 0; k < classes.size(); ++k)
            scaled_classes[k].load = scale * classes[k].load;
        return over(ports, scaled_classes, target);
    };
    const double z = squares / taken;
    const double guess = load_for(static_cast<double>(ports) / z, target) * z / taken;
    const bool reserved = std::any_of(classes.begin(), classes.end(),
                                      [](const size_class& c) { return c.reserved > 0; });
    sizes_in_closed_form closed(classes);
    if (!reserved && closed.suits(static_cast<double>(ports), z, target)) {
        const auto whole = ports / closed.unit();  // what is left over serves nobody
        const auto units = static_cast<double>(whole);
        const auto sure = detail::most_by_newton(
            std::fmax(guess, 1e-300), target,
            [&](double scale, bool exact) { return closed.refused(units, scale, exact); });
        if (sure && *sure * greatest < 1e11) return *sure;
    }
    const double found = detail::most_crossing(std::fmax(guess, 1e-300), refused);
    require(found * greatest < 1e12 * (1 - 1e-12), name, "target", target,
            "is met by the most load there is, 1e12");
    return found;
}

}  // namespace natbound::calculator
