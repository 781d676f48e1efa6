#pragma once
// Drawing how long a flow stays open, and by what it then closes.
#include <cmath>
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
        double every = 0, seen = 0;
        for (std::size_t i = 0; i < law.samples.size(); ++i) {
            const double weight = law.weights.empty() ? 1 : law.weights[i];
            up_to_.push_back(every += weight);
            seen_up_to_.push_back(seen += weight * law.samples[i]);
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
            case hold_law::empirical:
                return law_.samples[pick(up_to_, random)];
        }
        return 0;
    }

    // What is left when a glance at any moment falls into one: any part of one drawn by its length
    // (renewal theory; Feller II, XI.4).
    double left(random_bits& random) const {
        if (law_.law == hold_law::exponential) return whole(random);
        const double part = random.unit();
        if (law_.law == hold_law::lognormal)
            return part * std::exp(mu_ + sigma_ * (sigma_ + normal(random)));
        if (law_.law == hold_law::empirical) return part * law_.samples[pick(seen_up_to_, random)];
        return part * law_.mean;
    }

  private:
    open_time law_;
    double mu_ = 0, sigma_ = 0;       // lognormal
    std::vector<double> up_to_;       // empirical: cumulated weights of the samples
    std::vector<double> seen_up_to_;  // and of what a glance finds: weight x sample
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
