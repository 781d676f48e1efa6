#pragma once
// Erlang's loss system at time t after a change: failover, a new version, a flood, a shorter
// timeout. Poisson arrivals at rate `load`, exponential holds with mean 1 (the unit of time), both
// as they are after the change; `start` is what was live at the change, such as stationary(ports,
// old load) or exactly(n). As holds have no memory, a changed timeout acts on old flows too.
//
// By the transform of the way up (src/climb.hpp), so the time for an answer does not grow with t.
// transient_steps.hpp gives the same in another way, and the whole law.
#include <cstdint>
#include <natbound/calculator/occupancy.hpp>

namespace natbound::calculator {

class transient_law {
  public:
    // 1 <= ports <= 4,194,304; 0 < load <= 1e12; no more than `ports` flows at the start.
    transient_law(std::uint64_t ports, double load, occupancy start);

    // The chance that a connection arriving at time t >= 0 is refused: all ports are busy. Absolute
    // error below 1e-11; relative error about 1e-10, however small. Where it has fallen far below
    // what it was at the start it is stepped, up to 3e8 / ports jumps (some seconds); beyond that
    // the relative error grows to 1e-6, from where on the logarithm is a natbound::domain_error. At
    // 65,536 ports 20 to 70 ms a value. The logarithm also where it is below 1e-307.
    double full_probability(double t) const;
    double log_full_probability(double t) const;
    // Its logarithm at once, not stepped, and that of what rounding may have taken of it.
    struct full_chance {
        double log, log_off;
    };
    full_chance full(double t) const;

    // Mean number of live flows at t, to 1e-11 of itself or of the load.
    double mean(double t) const;

    // P(N(t) >= n), to 1e-10; and the least n with P(N(t) <= n) >= p, p within [1e-10, 1] or 0. At
    // 65,536 ports 50 to 150 ms, and some 4 to 8 times that.
    double at_least(std::uint64_t n, double t) const;
    std::uint64_t quantile(double p, double t) const;

  private:
    struct rare {
        double log, lost;  // and what of it, relatively, may be rounding
    };
    rare summed(const char* function, double t) const;
    rare full_at(const char* function, double t) const;  // stepped, where too much may be

    std::uint64_t ports_;
    double load_;
    occupancy start_;
};

}  // namespace natbound::calculator
