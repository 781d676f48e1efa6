#pragma once
// A day whose rates rise and fall, over and over. How many flows are then live (M_t/G/infinity, any
// law of holds), and what is refused on so many ports.
//
// With Poisson arrivals at rate r(t), the number live without refusals is Poisson with mean m(t) =
// integral r(t - u) P(hold > u) du: later and lower than r(t) x mean hold. That is exact, and not
// insensitive to the law of holds. S. G. Eick, W. A. Massey, W. Whitt, Oper. Res. 41 (1993) 731 and
// Mgmt. Sci. 39 (1993) 241. Refusals: the modified offered load, B(ports, m(t)), D. L. Jagerman,
// Bell Syst. Tech. J. 54 (1975) 525. It knows of the lag but not of the relief that refusals bring:
// near exact for holds of minutes or few refusals; for holds of 2 hours and 5 % refused, 9 % high
// over the day and 13 % at the peak, where the stationary formula is 35 % high (day_chain.hpp).
#include <array>
#include <cstddef>
#include <natbound/calculator/chebyshev.hpp>
#include <natbound/calculator/hold_time.hpp>
#include <optional>
#include <vector>

namespace natbound::calculator {

// rates[i] from times[i] on (constant), or on a straight line to the next (linear); after `period`
// all begins anew. times ascend, 0 <= times < period; all in the unit of the hold.
struct day_rates {
    enum class shape { linear, constant };
    double period = 86400;
    std::vector<double> times, rates;
    shape form = shape::linear;

    // As many rates as you like at equal distances from time 0 on.
    static day_rates even(std::vector<double> rates, shape form, double period = 86400);
};

struct moment_of_day {
    double time, value;
};

class day {
  public:
    // Rates finite, >= 0 and not all 0; mean hold at most 30 periods, and nearly all that is live
    // came within 5,000 (domain_error).
    day(day_rates rates, hold_time hold);

    double rate(double t) const;
    // m(t), to 1e-10 of its peak; to 1e-7 where hold x cv^2 is beyond 10 periods.
    double live(double t) const;

    double mean_rate() const { return mean_rate_; }
    moment_of_day peak_rate() const;  // of a plateau: its middle
    moment_of_day peak_live() const;
    double lag() const;  // from the rates' peak to the flows'
    // The start of the `length` of time with the most live flows, and their mean number in it.
    moment_of_day busiest(double length) const;

    struct refusals {
        double share;             // of the day's connections, by the modified offered load
        double at_peak;           // the most at any time: B(ports, peak m)
        double stationary_share;  // the same by B(ports, r(t) x mean hold) at each time
        double stationary_peak;   // B(ports, peak rate x mean hold): what a busy-hour table says
        double mean_load;         // B(ports, mean rate x mean hold)
    };
    refusals refused(double ports) const;

  private:
    struct bend {
        double time, jump, turn;  // what is added to the rate, and to its slope
    };
    void sum_up_rates();
    double sum_of_rates(double t) const;  // the integral of rate - mean rate, of mean 0; t folded
    double left_out() const;              // of m, at most, by counting so many whole days
    double mean_live(double from, double length) const;
    void find_gone();
    // What a bend adds to m so long after it.
    double felt(const bend& x, double since) const;
    double of_days(double from, double last, double t) const;  // bends so many days ago
    // What is felt of those days and all before, if it is smooth.
    void keep_smooth(double from, double steepest);
    std::size_t piece(double t) const;
    double piece_end(std::size_t i) const;

    day_rates rates_;
    hold_time hold_;
    std::vector<double> slopes_;
    std::vector<bend> bends_;
    std::vector<double> sums_;  // sum_of_rates at each of the times
    double mean_rate_ = 0, peak_ = 0;
    double whole_days_ = 2;           // so many days back are counted, at least 2
    std::array<double, 3> beyond_{};  // them: survival, excess and half_square
    double gone_ = 0;                 // so long after a bend it is no longer felt
    double summed_days_ = 1;          // those before are in earlier_
    std::optional<chebyshev> earlier_;
};

}  // namespace natbound::calculator
