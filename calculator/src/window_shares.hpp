#pragma once
// How many ports in a row searches of windows leave busy: pi(k), the share of k successive ports
// that are all busy, at a share u of busy ports. Simulated once for searches of one window
// (window_patterns.inc) and interpolated; what the interpolation owes to the first window alone is
// worked out once.
//
// Several rounds leave the runs of one window of a size between: connections that the first one
// fails to place are placed by shorter ones, which pile up less. That size is the first window
// times exp(mean over the connections placed of g(w / first window)), w the window that placed it:
// g = ln (the geometric mean) with exponential holds. Constant holds feel the first halvings more
// and the last less: g(r) = 6.7 (r^(1/4) - 1), fitted to 176 simulations
// (tests/reference/make_window_loss_rounds.py with seeds 1 and 2, window_loss*.csv); what is left
// was measured against others.
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "natbound/calculator/window_loss.hpp"

namespace natbound::calculator::detail {

// Of one share u of busy ports.
struct busy_rows {
    // pi(k) for k = 0 .. 2 first windows. Empty where that u was not simulated.
    std::vector<double> full;
    // The sum of pi(1), pi(2) ..: so many ports are busy from a port on, up to the first free one.
    double ahead = 0;
    // d ln pi(first window) / d ln u, where chance keeps more than usual busy; of several rounds.
    double rises = 0;
    // Beyond the last of `full`: each is so much of the one before.
    double falls = 0;
};

class window_shares {
  public:
    // windows: each at most the one before.
    window_shares(const std::vector<std::uint64_t>& windows, window_hold hold);

    const busy_rows& at(double u);
    // pi(first window) where all windows are that: of one round all that counts. 0 where that u was
    // not simulated.
    double first_full(double u) const;

  private:
    // y (window_patterns.inc) of one port and of the parts of a window that are used.
    using pattern = std::array<double, 13>;
    // The table's rows at one u, by ascending window, and a window of one port before them.
    struct rows_at_u {
        std::size_t count = 1;
        std::array<double, 7> places{};  // log2 of the window
        std::array<std::array<double, 12>, 7> y{};
    };
    // Of a length, the four known values that it is interpolated by, and their weights.
    struct between {
        std::size_t from;
        std::array<double, 4> weights;
    };

    between about(double part) const;
    // Nothing where too little was simulated at that ln(u / (1 - u)).
    std::optional<rows_at_u> rows_at(double t, double place) const;
    pattern of_window(const rows_at_u& rows, double window) const;
    double of_length(double k, const pattern& y, double window) const;
    double window_like(const rows_at_u& rows, double log_u) const;

    std::vector<double> windows_, logs_;  // and g() of each
    bool constant_;
    std::vector<std::size_t> parts_;  // of the table's that are used
    std::vector<double> roots_;       // of one port and of those, over the first window
    std::vector<between> lengths_;    // 2 .. 2 first windows
    busy_rows found_;
};

}  // namespace natbound::calculator::detail
