#pragma once
// What one subscriber holds of blocks that it keeps (kept_blocks.hpp), for any load. It is stepped
// at places of a grid, and what that adds to the law of as many blocks as its flows need, in closed
// form, is read off a line between two places. So a search for a load meets a smooth function and
// no noise, and most of what it asks was stepped before.
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "held_by_one.hpp"

namespace natbound::calculator::detail {

// Of dealings that differ in nothing but the pool, how many subscribers there are, and a factor on
// all of the loads.
class kept_laws {
  public:
    // Of a subscriber of a kind of `what`, where `what.stepped` is not 0 and it can be stepped;
    // else of as many blocks as its flows need.
    own_law held(const block_dealing& what, std::size_t kind);

  private:
    struct stepped_law {
        std::vector<double> held;    // logarithms, of the shares of time with 0 .. most blocks
        std::vector<double> needed;  // the same of as many as are needed
        double error = 0;            // standard error of the mean of `held`
    };
    const stepped_law& place(const block_dealing& what, std::size_t kind, double number);

    std::map<std::pair<std::size_t, double>, stepped_law> places_;  // by kind and place of the grid
};

dealt_answer dealt_blocks(const block_dealing& what, kept_laws& seen);

}  // namespace natbound::calculator::detail
