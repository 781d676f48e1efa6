#pragma once
// The maximum for all sizes: of a scenario's shape (its client sets, servers, NATs, their mapping
// type, clash scope and limits) with the sizes as parameters, a formula of minima of sums of
// products, proved for every value of the parameters (docs/all-sizes.md).
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"
#include "natbound/solver/unique.hpp"

namespace natbound {

struct size_parameter {
    std::string name;        // in the formula: c0-addresses
    std::string short_name;  // in words: A.addresses
    std::string means;       // addresses of client set A
    count value;             // in this scenario
};

struct all_sizes_result {
    bool proved = false;
    std::string reason;  // where it is not: which limit was reached
    std::vector<size_parameter> parameters;
    std::string formula;   // (define-fun maximum (...) Int ...), with min and max of two
    std::string in_words;  // the same as people write it
    count connections;     // at the scenario's own sizes
    std::vector<obligation> obligations;  // each unsat where it is proved
};

// Throws unsupported where the shape's maximum is NP-hard or not covered (docs/all-sizes.md lists
// which), error where the formula and maximum() differ at the scenario's own sizes.
all_sizes_result prove_maximum(const scenario& s, const query_limits& limits = {});

}  // namespace natbound
