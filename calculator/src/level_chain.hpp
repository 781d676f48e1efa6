#pragma once
// Markov chains of equal levels between two walls, each level a chain of the same states: the
// stationary law, with every digit of what is rare, for 2^k levels in k steps.
//
// Every second level is taken out at once (censored: what passes through it is a jump past it),
// which leaves a chain of the same kind; between the walls alone it is solved by elimination, and
// the sums over the levels taken out follow backwards (cyclic reduction: G. Latouche,
// V. Ramaswami, J. Appl. Probab. 30 (1993) 650). Nothing is subtracted: a pivot is the sum of the
// rates out (W. Grassmann, M. Taksar, D. Heyman, Oper. Res. 33 (1985) 1107).
#include <cstddef>
#include <vector>

namespace natbound::calculator::detail {

struct level_chain {
    // Rates by state: to the next level and the one before, to the next state and the one before.
    std::vector<double> up, down, more, fewer;
    // The last two in the top level.
    std::vector<double> more_at_top, fewer_at_top;
    int doublings = 0;       // levels 0 .. 2^doublings
    std::size_t common = 0;  // a state that is not rare

    std::size_t states() const { return up.size(); }
};

// By state, over one common sum: the weight of the top level, of all, and their mean level times
// the weight.
struct level_law {
    std::vector<double> top, all, level;
    double sum = 0;  // of `all`
};

level_law stationary(const level_chain& chain);

}  // namespace natbound::calculator::detail
