#pragma once
// The law of the time until all ports are busy, or until a connection is refused, for the first
// time: Erlang's loss system (Poisson arrivals, exponential holds, complete search) from a given
// number of live flows or a law of it. Unit: the mean hold.
//
// Holds of a constant length, say, give other times. first_passage.hpp has means for searches that
// give up early.
#include <cstdint>
#include <natbound/calculator/first_passage.hpp>
#include <natbound/calculator/occupancy.hpp>
#include <optional>

namespace natbound::calculator {

enum class passage {
    full,     // all ports busy
    refusal,  // a connection arrives while all ports are busy
};

class first_passage_law {
  public:
    // ports <= 4,194,304; 0 < load <= 1e12; no more than `ports` flows at the start.
    first_passage_law(std::uint64_t ports, double load, passage event = passage::refusal,
                      occupancy start = {});

    // Relative error about 1e-16 sqrt(ports); its logarithm where it is beyond 1e308.
    passage_time mean() const { return mean_; }

    // P(T <= t) and P(T > t), t >= 0. Relative error of either about 1e-11, however small (0 below
    // 1e-307); at 65,536 ports 20 to 80 ms a value.
    double cdf(double t) const;
    double survival(double t) const;

    // The least t with cdf(t) >= p, 0 <= p < 1, right to about 1e-9 of itself; and its logarithm,
    // for when it is beyond 1e308. Some 2 values of cdf.
    double quantile(double p) const;
    double log_quantile(double p) const;

  private:
    double below(double t) const;  // P(T <= t) less the atom at 0
    double above(double t) const;  // P(T > t)
    bool late(double t) const;
    bool surely(double t) const;
    std::optional<double> log_at_once(double p) const;
    bool memoryless(double t) const;
    double early() const;
    double waits(double t, double early) const;

    std::uint64_t top_;
    double load_;
    double atom_ = 0;  // P(T = 0)
    std::uint64_t from_ = 0;
    std::vector<double> start_;  // without the atom
    passage_time mean_{};
    double longest_ = 0;  // the mean from an empty system
};

}  // namespace natbound::calculator
