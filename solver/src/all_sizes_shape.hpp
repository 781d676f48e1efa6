#pragma once
// The shape of a scenario: who may be carried by what, with every size a parameter; and the maximum
// as a formula over them.
#include <string>
#include <vector>

#include "all_sizes_terms.hpp"
#include "natbound/solver/all_sizes.hpp"

namespace natbound {

struct sizeless_shape {
    std::vector<size_parameter> parameters;
    std::vector<cut_network> networks;  // distinct ones
    term formula;
};

// Servers are products: p{j}-addresses, where the same server sets lie, times the ports v{j}-ports
// of each; clients are c{i}-addresses times the ports that they have in a class of the NAT's
// design; a pool is n{i}-addresses times the ports that the same classes search. Throws unsupported
// for what is NP-hard or not covered.
sizeless_shape shape_of(const scenario& s);

}  // namespace natbound
