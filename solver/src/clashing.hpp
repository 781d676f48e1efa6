#pragma once
#include <optional>

#include "natbound/model/ways_out.hpp"
#include "natbound/solver/guaranteed.hpp"

namespace natbound::detail {

// Where two ways out share endpoints: two flows, each the only one of its NAT, that get one tuple.
// Throws unsupported where none was found.
guaranteed_result first_clash(const scenario& s, const std::string& in_words);

}  // namespace natbound::detail
