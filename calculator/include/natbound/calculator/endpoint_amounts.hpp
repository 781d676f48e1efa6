#pragma once
// What each endpoint of a server set gets of the amounts (rates, loads) of streams towards it.
#include <algorithm>
#include <natbound/calculator/traffic.hpp>
#include <vector>

namespace natbound::calculator {

struct endpoint_amounts {
    double endpoints;                 // how many
    double even = 0;                  // of each
    std::vector<double> uneven = {};  // more of each, where any stream has weights; else empty

    void add(const stream& t, double amount) {
        if (t.weights.empty()) {
            even += amount / endpoints;
            return;
        }
        uneven.resize(t.weights.size());
        for (std::size_t i = 0; i < uneven.size(); ++i) uneven[i] += amount * t.weights[i];
    }

    // The first that gets most, and how much that is.
    std::size_t busiest() const {
        return static_cast<std::size_t>(std::max_element(uneven.begin(), uneven.end()) -
                                        uneven.begin());
    }
    double most() const { return even + (uneven.empty() ? 0 : uneven[busiest()]); }
};

}  // namespace natbound::calculator
