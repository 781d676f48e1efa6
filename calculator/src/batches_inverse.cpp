// Batches solved for ports and load; the search starts where Hayward's approximation would have it.
//
// Where batches come in as far as they fit, the ports cut off the law of a pool without end: there
// fixed batches of b are a Poisson number of jumps of each size to b, geometric ones make a
// negative binomial law, and what is refused is a coefficient of its generating function times a
// kernel (lattice.hpp). Of n live n p(n) = rate (p(n-1) + ... + p(n-b)), so what the ports let in
// is an average of P(N <= c - i), i = 1 .. b, and what they refuse sum over f < b of (1 - f/b)
// p(c-f). Fixed batches that are refused whole come in below m = c - b + 1 alone, and beyond it n
// p(n) is the same sum without what lies beyond: rate sum over f of p(m-1-f) (1/m + ... + 1/(c-f))
// in all. Geometric batches that are refused whole come in as into a pool without end but for the
// last 40 mean sizes below c, where they are stepped on from.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/batches.hpp>
#include <natbound/calculator/erlang.hpp>
#include <vector>

#include "argument.hpp"
#include "crossing.hpp"
#include "lattice_kernels.hpp"
#include "lattice_laws.hpp"
#include "monotone.hpp"
#include "newton.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

constexpr std::uint64_t most_ports = 1ULL << 26;

// What is refused of batches, by coefficients.
class batches_in_closed_form {
  public:
    batches_in_closed_form(double mean_size, batch_law law, batch_loss loss)
        : size_(mean_size),
          geometric_(law == batch_law::geometric && mean_size > 1),
          whole_(loss == batch_loss::whole && mean_size > 1) {}

    // Small pools are done sooner state by state; next to 1 the share has lost its digits.
    bool suits(double ports, double target) const {
        if (geometric_ && whole_)
            return target <= 0.3 && ports > 100 + (last + 10) * size_ && size_ <= 1000;
        return target <= 0.3 && ports > 100 + 10 * size_ && size_ <= (geometric_ ? 1e9 : 256);
    }

    std::optional<detail::coefficient> refused(double ports, double load, bool exact) {
        const double rate = load / size_;
        std::optional<detail::coefficient> found;
        if (geometric_ && whole_) {
            found = stepped_on(ports, rate, exact);
        } else if (geometric_) {
            detail::negative_binomial law(rate, size_);
            detail::decaying_sum kernel(std::log1p(-1 / size_));
            found = share(law, kernel, ports, exact);
        } else {
            detail::batch_jumps law(rate, static_cast<std::size_t>(size_));
            detail::polynomial_kernel kernel(whole_ ? blocked(ports, rate) : overhang());
            found = share(law, kernel, whole_ ? ports - size_ : ports, exact);
            if (found && whole_) among_all(*found);
        }
        known_ = found.has_value();
        if (known_) theta_ = found->theta;
        return found;
    }

  private:
    template <class Law, class Kernel>
    std::optional<detail::coefficient> share(Law& law, Kernel& kernel, double c, bool exact) {
        const double guess =
            known_ ? theta_ : std::fmin((c - law.mean()) / law.at(0).second, law.most() / 2);
        return detail::refused_share(law, kernel, c, guess,
                                     exact ? std::clamp(c / 8, 100.0, 1000.0) : 0);
    }
    // A number and its slope by the logarithm of the rate.
    struct sloped {
        double value, slope;
        sloped operator+(const sloped& x) const { return {value + x.value, slope + x.slope}; }
        sloped operator*(double x) const { return {value * x, slope * x}; }
    };

    // Of n0, from where batches no longer always fit, the law without end gives p(n0) over P(N <=
    // n0); all else is by p(n0), with the sums of batches.cpp, in closed form there (their
    // generating functions are z (1 - r z)^(-a-1) and r z^2 (1 - r z)^(-a-2), a = rate / r).
    std::optional<detail::coefficient> stepped_on(double c, double rate, bool exact) {
        const double r = (size_ - 1) / size_, a = rate / r, first = c - std::ceil(last * size_);
        detail::negative_binomial law(rate, size_);
        detail::polynomial_kernel one({1.0});
        auto found = share(law, one, first, exact);
        if (!found) return {};
        const double places = (first - 1) / (a + 1);
        sloped sum{first / rate, -first / rate};
        sloped weighted{sum.value * places, sum.slope * places * (1 + a / (a + 1))};
        sloped all{-1, 0};  // p(n0) is in P(N <= n0)
        double unfit = std::pow(r, c - first + 1);
        for (double n = first; n <= c; ++n, unfit /= r) {
            const double in = rate * (1 - unfit) / n;
            const sloped p{sum.value * in, (sum.slope + sum.value) * in};
            all = all + p;
            weighted = (weighted + sum) * r;
            sum = sum * r + p;
        }
        const sloped lost = sum + weighted * (1 / size_);
        const double share = std::exp(found->log), kept = 1 + all.value * share;
        found->log += std::log(lost.value / kept);
        found->growth = lost.slope / lost.value + (found->growth - all.slope * share) / kept;
        return found;
    }
    std::vector<double> overhang() const {
        std::vector<double> out;
        for (double f = 0; f < size_; ++f) out.push_back(1 - f / size_);
        return out;
    }
    std::vector<double> blocked(double ports, double rate) const {
        std::vector<double> out;
        double sum = 0;
        for (double n = ports - size_ + 1; n <= ports; ++n) out.push_back(sum += rate / n);
        std::reverse(out.begin(), out.end());
        return out;
    }
    // x is the weight of states that refuse, over that of the others; it has the rate as a factor.
    static void among_all(detail::coefficient& x) {
        const double kept = 1 / (1 + std::exp(x.log));
        x.log += std::log(kept);
        x.growth = (x.growth + 1) * kept;
        x.theta *= kept;
    }

    static constexpr double last = 40;  // mean sizes: e^-40 is beyond the last bit
    double size_;
    bool geometric_, whole_;
    bool known_ = false;
    double theta_ = 0;  // of the last one: the next is near
};

}  // namespace

std::uint64_t ports_for_batches(double load, double mean_size, double target, batch_law law,
                                batch_loss loss) {
    constexpr const char* name = "ports_for_batches";
    detail::require_target(name, target);
    require(load == 0 || (load >= 1e-100 && load <= 1e12), name, "load", load,
            "must be 0, or at least 1e-100 and at most 1e12");
    const double z = batch_peakedness(mean_size, law);
    const auto refused = [&](std::uint64_t ports) {
        const batch_answer found = batches(ports, load, mean_size, law, loss);
        return detail::above(found.log_refusal, target, [&] { return found.refusal; });
    };
    // No more than all ports carry, so fewer than these lose more.
    const double least = std::floor(load * (1 - target) * (1 - 1e-9)) - 1;
    constexpr const char* too_many = "needs more than 2^26 ports";
    require(least < static_cast<double>(most_ports), name, "target", target, too_many);
    const double guess = static_cast<double>(ports_for(load / z, target)) * z;
    batches_in_closed_form closed(mean_size, law, loss);
    if (closed.suits(load, target)) {
        const auto found = detail::least_by_newton(
            static_cast<std::uint64_t>(std::fmax(std::fmax(least, mean_size), 0)), guess, target,
            [&](double ports, bool exact) { return closed.refused(ports, load, exact); },
            [&](std::uint64_t ports) { return refused(ports) <= 0; });
        if (found && *found <= most_ports) return *found;
    }
    const double step = std::sqrt(load * z) / 8 + mean_size;
    // Above: by steps from the guess, since all of 2^26 ports are seconds of work.
    std::uint64_t few = least > 0 ? static_cast<std::uint64_t>(least) : 0;
    std::uint64_t many = most_ports;
    const double reach = std::fmax(guess, static_cast<double>(few)) + 64 * step;
    if (reach < static_cast<double>(most_ports)) many = static_cast<std::uint64_t>(reach);
    while (refused(many) > 0) {
        require(many < most_ports, name, "target", target, too_many);
        few = many;
        many = std::min(2 * many, most_ports);
    }
    return detail::least_crossing(few, many, guess, step, refused);
}

double load_for_batches(std::uint64_t ports, double mean_size, double target, batch_law law,
                        batch_loss loss) {
    constexpr const char* name = "load_for_batches";
    detail::require_target(name, target);
    require(ports <= most_ports, name, "ports", static_cast<double>(ports), "must be at most 2^26");
    constexpr double least = 1e-100, most = 1e12;
    const double z = batch_peakedness(mean_size, law);
    const auto refused = [&](double load) {
        if (load > most) return HUGE_VAL;
        const batch_answer found = batches(ports, std::fmax(load, least), mean_size, law, loss);
        return detail::above_by_odds(found.log_refusal, target, [&] { return found.refusal; });
    };
    const double guess =
        std::clamp(load_for(static_cast<double>(ports) / z, target) * z, least, most);
    batches_in_closed_form closed(mean_size, law, loss);
    if (closed.suits(static_cast<double>(ports), target)) {
        const auto found = detail::most_by_newton(guess, target, [&](double load, bool exact) {
            return closed.refused(static_cast<double>(ports), load, exact);
        });
        if (found && *found < most / 10) return *found;
    }
    require(refused(least) <= 0, name, "target", target,
            "is met at no load: what is left of a batch larger than all ports is refused");
    require(refused(most) > 0, name, "target", target, "is met by the most load there is, 1e12");
    return std::fmin(detail::most_crossing(guess, refused), most);
}

}  // namespace natbound::calculator
