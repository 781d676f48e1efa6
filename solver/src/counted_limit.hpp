#pragma once
// A limit that refuses with so many live, of which counting shows that there are more: where
// nothing fails before, any that many can be live; where something does, that is a failure with
// fewer.
#include "natbound/solver/guaranteed.hpp"

namespace natbound {

struct counted_limit {
    count size;
    std::string kind, nat, failing;
    std::string sets_it;
    boost::json::object reason;  // of the lower bound; its `limit` is added
};

// Into what is guaranteed without it.
void count_limit(guaranteed_result& out, counted_limit limit);

}  // namespace natbound
