// One look at a curve: the simulation at a load, averaged over its states.
#include <algorithm>
#include <cmath>

#include "curve_points.hpp"
#include "state_average.hpp"

namespace natbound::calculator {
namespace {

constexpr std::size_t time_batches = 20;   // of the averages over states
constexpr std::size_t enough_batches = 6;  // where nothing was seen to fail
constexpr int most_rounds = 3;             // as much again, for errors that stay large
// Error of a logarithm that more states are not worth: what lines between points miss is more.
constexpr double small_enough = 0.002;

// A rough look forgets where it began for so many holds only, and for half of them where it goes on
// from another load no farther away than this. Where holds are nearly constant that leaves the
// logarithm of a probability 0.14 too low (measured at 1e-5: docs/calculator.md), for which its
// error has this more.
constexpr double rough_holds = 6, rough_reach = 0.5, rough_error = 0.3;

// A look of fewer holds says little of its own error: by chance it takes itself for sure, and would
// then count for more than longer ones beside it, where it shows the way to a load. (Bounds, asked
// for without a precision, stand alone.)
constexpr double few_holds = 2, few_holds_error = 2;

}  // namespace

using detail::good_enough;

curve_point loss_curve::simulate(double load, double holds, double precision, bool rough) {
    const double moved = running_ ? std::fabs(std::log(load / running_load_)) : HUGE_VAL;
    const bool near = moved < 0.05;
    const bool goes_on = near || (rough && moved < rough_reach && running_->memory() > rough_holds);
    if (!goes_on) {
        running_ = std::make_unique<simulation>(input_, seed_++);
        running_->scale(load / input_load_);
        running_->fill();
        if (!odds_) odds_ = std::make_unique<arrival_odds>(*running_);
    }
    running_->scale(load / input_load_);
    const double flows = std::min(load, 1.2 * ports_);  // about as many are ever live
    const bool shorter = rough && running_->memory() > rough_holds;
    const double memory = (shorter ? rough_holds : running_->memory()) * flows;
    if (!near) settled_ = 0;
    // a shorter look before this one may have left some of it to do
    double left = std::max(near && load != running_load_ ? memory / 2 : 0,
                           (goes_on && !near ? memory / 2 : memory) - settled_);
    settled_ += std::max(left, 0.0);
    for (; left > 0; left -= 20000) {
        running_->advance(std::min(left, 20000.0));
        interrupt_();
    }
    running_load_ = load;
    bool closing = false;
    for (const auto& s : input_.streams) closing = closing || !s.closing.empty();
    // Sixty states a hold tell as much as two hundred (measured: the spread over seeds, and the
    // errors told, of home-lan, vpp-workers, nat444 and ten-thousand-clients), and looking at each
    // may take longer than what happens between them. Windows with closing entries in them are
    // looked at one by one.
    const bool costly = input_.table.takes_over && closing;
    const double spacing = costly ? std::max(flows / 25, 160.0) : std::max(flows / 60, 20.0);
    // few flows are soon simulated: more holds of them
    const double arrivals = holds * std::max(flows, 50000.0);
    // In parts, each of batches of half a hold or more, which tell their error: where it is small
    // after some the others are left out.
    const int parts = std::max(1, static_cast<int>(arrivals / std::max(10 * flows, 50000.0)));
    const auto states = static_cast<std::size_t>(
        std::ceil(std::max(2.0, arrivals / parts / spacing / time_batches)));
    detail::state_average average(*running_, *odds_, load, ports_);
    curve_point out;
    out.load = load;
    out.effort = shorter ? 0 : holds;
    const auto enough = static_cast<std::size_t>(parts) * enough_batches;
    const bool long_batches = arrivals / parts >= 10 * flows;
    const auto error = [&] {
        out.kinds = average.result();
        double most = 0;
        for (const auto& k : out.kinds) most = std::max(most, k.seen ? k.error : 1);
        return most;
    };
    bool vain = false, sure = false;  // few batches say little of their error, unless it is nothing
    for (int round = 1;; ++round) {
        for (std::size_t b = 0; !vain && !sure && b < time_batches; ++b) {
            average.batch(states, spacing, interrupt_);
            settled_ += static_cast<double>(states) * spacing;
            // what the rest might still see would be too little to be measured by
            const std::size_t done = static_cast<std::size_t>(round - 1) * time_batches + b + 1;
            vain = precision == 0 && done == enough && average.nothing_fails();
            sure = long_batches && done == enough_batches && error() < small_enough / 10;
        }
        const double worst = error();
        // one of few parts may think too well of itself
        const double wanted = round < parts ? precision / 4 : precision;
        if (vain || sure || worst < std::max(wanted, small_enough)) break;
        if (round < parts) continue;
        if (precision == 0 || round == parts * (precision == good_enough ? 4 : most_rounds)) break;
    }
    for (auto& k : out.kinds) {
        if (holds < few_holds && precision > 0) k.error *= few_holds_error;
        if (shorter && k.seen) k.error = std::hypot(k.error, rough_error);
    }
    return out;
}

}  // namespace natbound::calculator
