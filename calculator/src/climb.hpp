#pragma once
// How the number of live flows climbs, as a Laplace transform. With e(n) = 1 - E exp(-s T(n)), T(n)
// the time from n to n + 1 flows (arrivals at rate `load`, departures at rate n),
//
//     u(n) = s + n e(n-1),   e(n) = u(n) / (load + u(n)),   E exp(-s T(n)) = load / (load + u(n)),
//
// which keeps its digits however small s is, and for Im s > 0 never meets a pole (e(n) is a
// Stieltjes function). W(s) = sum_i p(i) E exp(-s time from i to top) for a start law p. Everything
// about first passages and about Erlang's system at time t is W(s) over one of three divisors. J.
// Keilson, Markov Chain Models: Rarity and Exponentiality, 1979, ch. 5.
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

// What W(s) is divided by.
enum class divisor {
    time,       // s: the chance that top has been reached by t
    full,       // u(top): the chance that just `top` flows are live at t, none admitted beyond
    shortfall,  // u(top) (s + 1): mean flows missing at t for having been refused, over the load
};

// log of W(s) / divisor at a real s, and its derivatives in log-free form: d^k/dx^k at s (1 + x).
struct climb_jet {
    bool valid = false;  // false: s lies left of the first pole
    double log_value = 0, first = 0, second = 0, third = 0;
};

class climb {
  public:
    // `start`: chances of `from`, from + 1, ...; all of them at most top.
    climb(std::uint64_t top, double load, std::uint64_t from, std::vector<double> start);

    // At real s. Leaves the scale in which at() works: W(s) there is relative to W here.
    climb_jet settle(double s, divisor by);

    static constexpr std::size_t lanes = 8;
    using points = std::array<std::complex<double>, lanes>;
    // (W / divisor)(s) over the same where settle() was last called; Im s >= 0.
    points at(const points& s, divisor by) const;

  private:
    std::uint64_t top_;
    double load_;
    std::uint64_t from_;
    std::vector<double> start_;
    // Relative to the settled s: V(n+1) = V(n) load/(load + u(n)) grow(n) + join(n).
    std::vector<double> grow_, join_;
    double settled_ = 0, settled_divisor_ = 1;
};

}  // namespace natbound::calculator::detail
