#pragma once
// Maxima as formulas: least cuts of small networks, whose capacities are names, and the order in
// which mappings of several weights are laid. The checker writes the same terms anew
// (python/natbound/check/all_sizes_terms.py) and accepts no others.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "natbound/model/integer.hpp"

namespace natbound {

// A name or a number, or an operator (+ * - min max) with its terms.
struct term {
    std::string head;
    std::vector<term> of;
    bool operator==(const term& other) const { return head == other.head && of == other.of; }
    bool operator!=(const term& other) const { return !(*this == other); }
};
using terms = std::vector<term>;

term plus(const terms& all);                        // what is 0 left out; sums within are joined
term times(const terms& all);                       // likewise; 1 of nothing
term minus(const term& from, const term& what);     // from, where `what` is 0
term extreme(const char* which, const terms& all);  // min or max

std::string to_smt2(const term& t);
std::string in_words(const term& t, const std::map<std::string, std::string>& names);
count value_of(const term& t, const std::map<std::string, count>& sizes);

// Mappings that may use the same external endpoints: of a client set (`group`, where a quota tells
// them apart; else -1), of one weight.
struct leaf {
    int group = -1;
    std::size_t weight = 0;
    std::vector<std::size_t> open;  // places in the block's rights
    bool operator==(const leaf& o) const {
        return group == o.group && weight == o.weight && open == o.open;
    }
};

// Leaves and the external endpoints that they share with nobody else.
struct leaf_block {
    std::size_t rights = 0;
    std::vector<leaf> leaves;
    bool operator==(const leaf_block& o) const { return rights == o.rights && leaves == o.leaves; }
    std::size_t weights() const;
};

struct cut_network {
    std::size_t groups = 0;  // client sets with a quota
    std::vector<leaf_block> blocks;
    bool operator==(const cut_network& o) const { return groups == o.groups && blocks == o.blocks; }
};

// Capacities by name: of the rights and the leaves of a block; of the groups and all blocks.
struct block_names {
    terms rights, leaves;
};
struct network_names {
    terms groups;
    std::vector<block_names> blocks;
};

// The least cut of a block: some rights, and every leaf (of `left`) that is open to another.
term block_cuts(const leaf_block& b, const block_names& names, const std::vector<bool>& left);
// The least of a network's cuts: some groups, and of the other client sets' leaves the blocks'.
term least_cut(const cut_network& net, const network_names& names);
// The most that a block carries: filled by weight, in the order of weights that gives most.
term block_formula(const leaf_block& b, const block_names& names, const terms& weights);
// All orders of 0 .. n-1.
std::vector<std::vector<std::size_t>> orders_of(std::size_t n);
// The leaves, those of the order's first weight first.
std::vector<std::size_t> leaves_in(const leaf_block& b, const std::vector<std::size_t>& order);

}  // namespace natbound
