#pragma once
// What the chain of modulated arrivals refuses, and no more: for inverses, which ask it often.
//
// With D(n) = load G(n + 1) / (n + 1), what the weights of level n + 1 are by those of level n
// (modulated.cpp), the sum over all levels of the offered load is w(0) (load + D(0) (load + D(1)
// (...))). So that and what is refused, w(0) D(0) D(1) ... load, are taken on from the top down
// beside G, and no level is kept.
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

// Phases of the world: rates of change, and the load in each.
struct world {
    std::vector<std::vector<double>> switching;
    std::vector<double> load;
};

// The phase: how many of so many sources are on.
world on_off_world(std::uint64_t sources, double load, double on, double off);

// Throws domain_error where modulated() does.
void check_modulated(std::uint64_t ports, const world& w);

// Whether a phase is so rare that its part in rare refusals is not known.
bool has_rare_phases(const world& w);

// The logarithm of the share of arrivals refused, to some 1e-15 (ports + phases); the load is above
// 0 in some phase. Checks nothing.
double log_modulated_refusal(std::uint64_t ports, const world& w);

}  // namespace natbound::calculator::detail
