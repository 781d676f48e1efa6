#pragma once
// Drawing how long a flow stays open, and by what it then closes. Each draw has a statement of its
// own: in which order a compiler evaluates operands is its own affair.
#include <cmath>
#include <cstddef>
#include <natbound/calculator/traffic.hpp>
#include <natbound/calculator/variates.hpp>
#include <vector>

namespace natbound::calculator {

class open_time_draws {
  public:
    explicit open_time_draws(const open_time& law) : law_(law) {
        const double variance = std::log1p(law.cv * law.cv);
        sigma_ = std::sqrt(variance);
        mu_ = std::log(law.mean) - variance / 2;
        const auto& times = law.samples;
        const bool bins = law.law == hold_law::histogram;
        double every = 0, seen = 0;
        for (std::size_t i = 0; i + (bins ? 1 : 0) < times.size(); ++i) {
            const double weight = law.weights.empty() ? 1 : law.weights[i];
            const double mean = bins ? (times[i] + times[i + 1]) / 2 : times[i];
            up_to_.push_back(every += weight);
            seen_up_to_.push_back(seen += weight * mean);
        }
    }

    // From the first packet to the close.
    double whole(random_bits& random) const {
        switch (law_.law) {
            case hold_law::exponential:
                return law_.mean * exponential(random);
            case hold_law::constant:
                return law_.mean;
            case hold_law::lognormal:
                return std::exp(mu_ + sigma_ * normal(random));
            case hold_law::gamma:
                return scale() * gamma_variate(law_.mean / scale(), random);
            case hold_law::mixture: {
                const double mean = law_.samples[pick(up_to_, random)];
                return mean * exponential(random);
            }
            case hold_law::histogram: {
                const std::size_t bin = pick(up_to_, random);
                const double low = law_.samples[bin], high = law_.samples[bin + 1];
                return low + (high - low) * random.unit();
            }
            case hold_law::empirical:
                return law_.samples[pick(up_to_, random)];
        }
        return 0;
    }

    // What is left when a glance at any moment falls into one: any part of one drawn by its length
    // (renewal theory; Feller II, XI.4), or one more where nothing is remembered.
    double left(random_bits& random) const {
        if (law_.law == hold_law::exponential) return whole(random);
        if (law_.law == hold_law::mixture) {
            const double mean = law_.samples[pick(seen_up_to_, random)];
            return mean * exponential(random);
        }
        const double part = random.unit();
        return part * seen(random);
    }

  private:
    // One drawn by its length; a gamma one has then a shape greater by 1.
    double seen(random_bits& random) const {
        switch (law_.law) {
            case hold_law::exponential:
            case hold_law::mixture:  // left() needs none
            case hold_law::constant:
                break;
            case hold_law::lognormal:
                return std::exp(mu_ + sigma_ * (sigma_ + normal(random)));
            case hold_law::gamma:
                return scale() * gamma_variate(law_.mean / scale() + 1, random);
            case hold_law::histogram: {  // within a bin, too, by its length
                const std::size_t bin = pick(seen_up_to_, random);
                const double low = law_.samples[bin], high = law_.samples[bin + 1];
                return std::sqrt(low * low + (high * high - low * low) * random.unit());
            }
            case hold_law::empirical:
                return law_.samples[pick(seen_up_to_, random)];
        }
        return law_.mean;
    }

    double scale() const { return law_.mean * law_.cv * law_.cv; }  // gamma's

    open_time law_;
    double mu_ = 0, sigma_ = 0;       // lognormal
    std::vector<double> up_to_;       // cumulated weights of samples, parts or bins
    std::vector<double> seen_up_to_;  // and of what a glance finds: weight x mean
};

// One of the phases, by their shares; nullptr where there are none.
inline const closing_phase* drawn_phase(const std::vector<closing_phase>& closing,
                                        random_bits& random) {
    if (closing.empty()) return nullptr;
    if (closing.size() == 1) return &closing.front();
    double left = random.unit();
    for (const auto& p : closing)
        if ((left -= p.share) < 0) return &p;
    return &closing.back();
}

}  // namespace natbound::calculator
