#pragma once
// Sorting mappings into blocks: those that share external endpoints.
#include <vector>

#include "all_sizes_terms.hpp"

namespace natbound {

// Before they are sorted into blocks: so many mappings of a class of source ports.
struct loose_leaf {
    int group;
    term weight;
    std::size_t of_class;
    term many;
};
struct named_block {
    leaf_block block;
    block_names names;
    terms weights;
};

// `atoms`: for each part of the external ports, the classes that search it; `right`: its size.
// `merge` joins leaves that are alike. Throws unsupported where there are too many kinds.
std::vector<named_block> blocks_of_leaves(const std::vector<loose_leaf>& leaves,
                                          const std::vector<std::vector<std::size_t>>& atoms,
                                          const terms& right, bool merge);

}  // namespace natbound
