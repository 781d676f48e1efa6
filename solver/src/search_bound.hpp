#pragma once
// What a NAT's searches alone can do, its limits forgotten: the fewest live flows with which one of
// them can fail.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arena.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "natbound/solver/sequence.hpp"

namespace natbound::detail {

// What was found of a design's sequences: a thousand NATs of one design have the same, and so have
// a hundred servers.
class known_sequences {
  public:
    std::shared_ptr<const shortest_sequences> of(const nat_plan& plan, const port_set& sources,
                                                 const port_set& liked);

  private:
    struct known {
        port_set sources, liked;
        std::shared_ptr<const shortest_sequences> shortest;
    };
    std::map<std::string, std::vector<known>> by_design_;
};

struct searched {
    guaranteed_result result;
    std::vector<arena> arenas;
};

// `plan` is of the NAT without its limits, and must outlive what is returned.
searched least_of_search(const scenario& s, const nat_plan& plan, known_sequences& sequences,
                         const std::function<void()>& interrupt);

// A number as certificates write it.
boost::json::value number(const count& n);

}  // namespace natbound::detail
