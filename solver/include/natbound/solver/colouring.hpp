#pragma once
// Colouring a graph by tabu search (Hertz and de Werra 1987): from a random colouring, always the
// move of an item in conflict that leaves fewest conflicts, a move back being barred for a while.
// It finds colourings near the clique bound that exact solvers do not; that there is none it never
// says, but gives the one with fewest conflicts that it saw.
#include <cstdint>
#include <vector>

namespace natbound {

struct colouring {
    std::vector<std::uint32_t> colours;  // by item; none where there are no colours
    bool proper = false;                 // no two items of a clique have the same
};

// `cliques`: items (numbers below `items`) that have different colours, each list. `effort`: so
// many moves are weighed in all. The same numbers give the same colouring.
colouring colour_by_tabu(std::size_t items, const std::vector<std::vector<std::uint32_t>>& cliques,
                         std::uint32_t colours, std::uint64_t effort, std::uint64_t seed);

}  // namespace natbound
