// Sums, and what they say.
#include "state_average.hpp"

#include <cmath>
#include <limits>

namespace natbound::calculator::detail {
namespace {

// Student's t at 97.5 % for 19 degrees over the normal law's: errors from few batches are widened,
// so that who uses them may take them for normal.
constexpr double few_batches = 2.093 / 1.960;

}  // namespace

void state_average::batch(std::size_t states, double spacing,
                          const std::function<void()>& interrupt) {
    kinds_.emplace_back(crossed_.size());
    live_.push_back(0);
    time_.push_back(0);
    for (std::size_t i = 0; i < states; ++i) {
        simulation_.advance(spacing);
        odds_.read(simulation_);
        if (i % 32 == 0) interrupt();
        const double weight = simulation_.weight();
        const double off = static_cast<double>(simulation_.table().live()) / load_ - 1;
        live_.back() += weight * off;
        time_.back() += weight;
        squared_ += weight * off * off;
        for (std::size_t k = 0; k < crossed_.size(); ++k) {
            kinds_.back()[k].offered += weight * odds_.offered()[k];
            kinds_.back()[k].failing += weight * odds_.failing()[k];
            crossed_[k] += weight * odds_.failing()[k] * off;
        }
    }
}

std::vector<log_odds> state_average::result() const {
    const auto batches = static_cast<double>(kinds_.size());
    double live = 0, time = 0;
    for (std::size_t b = 0; b < kinds_.size(); ++b) {
        live += live_[b];
        time += time_[b];
    }
    live /= time;
    const double variance = squared_ / time - live * live;
    const double displaced = simulation_.share_displaced();
    std::vector<log_odds> out;
    for (std::size_t k = 0; k < crossed_.size(); ++k) {
        double offered = 0, failing = 0;
        for (const auto& b : kinds_) {
            offered += b[k].offered;
            failing += b[k].failing;
        }
        if (!(failing > 0)) {
            out.push_back({-std::numeric_limits<double>::infinity(), 0, false});
            continue;
        }
        // d log probability / d log live
        double growth = variance > 0 ? (crossed_[k] / failing - live) / variance : 0;
        if (displaced * std::fabs(growth) > 0.01) growth = 0;
        double squares = 0;
        for (std::size_t b = 0; b < kinds_.size(); ++b) {
            const double off = kinds_[b][k].failing / failing - kinds_[b][k].offered / offered -
                               growth * (live_[b] - live * time_[b]) / time;
            squares += off * off;
        }
        out.push_back({std::log(failing / offered) - growth * live,
                       few_batches * std::sqrt(squares * batches / (batches - 1)), true});
    }
    return out;
}

}  // namespace natbound::calculator::detail
