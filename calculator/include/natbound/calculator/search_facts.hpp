#pragma once
// What a design's axes say about its search, for a flow from a given source port: whether it is
// complete, how few busy ports can defeat it, and whether it is a number of independent draws.
#include <cstdint>
#include <natbound/model/plan.hpp>
#include <optional>

namespace natbound::calculator {

struct search_facts {
    // Every permitted port of an address is probed, whatever is drawn.
    bool complete = false;
    // A search on one address never fails while fewer ports than this are busy (a lower bound).
    std::uint64_t least_busy = 0;
    // The search is this many independent draws, uniform over the class's ports, and nothing else.
    std::optional<std::uint64_t> independent_tries;
};

search_facts facts_of(const nat_plan& plan, port source);

}  // namespace natbound::calculator
