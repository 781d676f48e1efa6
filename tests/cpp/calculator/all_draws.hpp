#pragma once
// Every sequence of random numbers in turn, each with its probability: what a step does on average,
// by brute force.
#include <cstdint>
#include <natbound/model/random.hpp>
#include <vector>

namespace natbound::test {

class all_draws {
  public:
    std::uint64_t draw(std::uint64_t values) {
        if (at_ == digits_.size())
            digits_.push_back({0, values, 1.0 / static_cast<double>(values), -1});
        return digits_[at_++].value;
    }
    bool chance(double probability) {
        if (probability <= 0) return false;
        if (probability >= 1) return true;
        if (at_ == digits_.size()) digits_.push_back({0, 2, 1 - probability, probability});
        return digits_[at_++].value == 1;
    }
    double probability() const {
        double out = 1;
        for (std::size_t i = 0; i < at_; ++i)
            out *= digits_[i].value == 1 && digits_[i].second >= 0 ? digits_[i].second
                                                                   : digits_[i].first;
        return out;
    }
    bool next() {
        digits_.resize(at_);
        at_ = 0;
        while (!digits_.empty()) {
            if (++digits_.back().value < digits_.back().values) return true;
            digits_.pop_back();
        }
        return false;
    }

  private:
    struct digit {
        std::uint64_t value, values;
        double first, second;  // the probability of each value; of 1 where it is a chance
    };
    std::vector<digit> digits_;
    std::size_t at_ = 0;
};

// The mean of step(draws) over all draws.
template <class Step>
double over_all_draws(Step&& step) {
    all_draws draws;
    double sum = 0;
    do {
        const double value = step(draws);
        sum += value * draws.probability();
    } while (draws.next());
    return sum;
}

// A design of a random search, small enough to try all of its draws.
inline design random_design(random_bits& random) {
    design d;
    d.name = "random";
    d.port_classes = {{all_ports(), port_set(1030, 1030 + static_cast<port>(random.draw(12)))}};
    if (random.draw(3) == 0) {  // a hole
        const port last = d.port_classes[0].ports.parts().back().last;
        d.port_classes[0].ports = d.port_classes[0].ports |
                                  port_set(last + 3, last + 3 + static_cast<port>(random.draw(4)));
    }
    d.first_choice = static_cast<first_choice>(random.draw(3));
    d.search.first_choice_counts = random.draw(2) == 1;
    d.search.stop_when_covered = random.draw(2) == 1;
    d.reuse.take_over = {close_cause::tcp_fin};
    d.reuse.chance = random.draw(3) == 0 ? 1.0 : 0.25;
    const auto rounds = 1 + random.draw(2);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        search_round r;
        switch (random.draw(5)) {
            case 0:
                r.step = step_kind::ascend_then_descend;
                if (random.draw(2) == 1) r.probes = 1 + static_cast<unsigned>(random.draw(14));
                r.take_over_last = static_cast<unsigned>(random.draw(3));
                break;
            case 1:
                r.step = step_kind::independent;
                r.probes = 1 + static_cast<unsigned>(random.draw(3));
                if (random.draw(2) == 1) r.bits = 4;
                break;
            case 2:
                r.step = step_kind::scaled;
                r.bits = 5;
                r.probes = 1 + static_cast<unsigned>(random.draw(20));
                break;
            case 3:
                r.step = step_kind::ascend;
                r.start = random.draw(2) == 1 ? start_kind::own_port : start_kind::first;
                if (random.draw(2) == 1) r.probes = 1 + static_cast<unsigned>(random.draw(14));
                if (r.start == start_kind::first)
                    r.take_over_last = static_cast<unsigned>(random.draw(4));
                break;
            default:
                r.step = step_kind::ascend;
                if (random.draw(3) != 0) {
                    r.bits = 5;
                    if (random.draw(3) != 0)
                        r.offset_bits = 5 + static_cast<unsigned>(random.draw(2));
                }
                if (random.draw(4) != 0) r.probes = 1 + static_cast<unsigned>(random.draw(14));
                r.take_over_last = static_cast<unsigned>(random.draw(16));
        }
        d.search.rounds.push_back(r);
    }
    return d;
}

inline nat nat_with(const design& d, std::uint64_t addresses = 1) {
    nat n;
    n.name = "router";
    n.external_ip_address_pool = {parse_address("203.0.113.1"),
                                  parse_address("203.0.113.1") + addresses - 1};
    n.design = d;
    return n;
}

}  // namespace natbound::test
