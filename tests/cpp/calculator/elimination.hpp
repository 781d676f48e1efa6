#pragma once
// The stationary law of a small Markov chain from its rates, by Gauss's elimination without
// subtractions: the independent solution that the library's recursions are held to.
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

class small_chain {
  public:
    explicit small_chain(int states)
        : states_(states),
          rates_(static_cast<std::size_t>(states) * static_cast<std::size_t>(states)) {}

    double& rate(int from, int to) {
        return rates_[static_cast<std::size_t>(from) * static_cast<std::size_t>(states_) +
                      static_cast<std::size_t>(to)];
    }

    // Uses the rates up.
    std::vector<double> law() {
        for (int k = states_ - 1; k > 0; --k) {
            double out = 0;
            for (int j = 0; j < k; ++j) out += rate(k, j);
            for (int i = 0; i < k; ++i) {
                rate(i, k) /= out;
                for (int j = 0; j < k; ++j)
                    if (j != i) rate(i, j) += rate(i, k) * rate(k, j);
            }
        }
        std::vector<double> p = {1};
        double total = 1;
        for (int k = 1; k < states_; ++k) {
            double here = 0;
            for (int i = 0; i < k; ++i) here += p[static_cast<std::size_t>(i)] * rate(i, k);
            p.push_back(here);
            total += here;
        }
        for (double& x : p) x /= total;
        return p;
    }

  private:
    int states_;
    std::vector<double> rates_;
};

// All states that are reached from one, each with its share of time. moves(state, visit) calls
// visit(next state, rate) for each way on.
template <class State, class Moves>
std::vector<std::pair<State, double>> law_of_states(const State& start, const Moves& moves) {
    std::map<State, int> number{{start, 0}};
    std::vector<State> states{start};
    const auto of = [&](const State& s) {
        const auto [it, fresh] = number.try_emplace(s, static_cast<int>(states.size()));
        if (fresh) states.push_back(s);
        return it->second;
    };
    for (std::size_t i = 0; i < states.size(); ++i)
        moves(State(states[i]), [&](const State& to, double) { of(to); });
    small_chain chain(static_cast<int>(states.size()));
    for (std::size_t i = 0; i < states.size(); ++i)
        moves(states[i], [&](const State& to, double rate) {
            chain.rate(static_cast<int>(i), of(to)) += rate;
        });
    const auto law = chain.law();
    std::vector<std::pair<State, double>> out;
    for (std::size_t i = 0; i < states.size(); ++i) out.emplace_back(states[i], law[i]);
    return out;
}
