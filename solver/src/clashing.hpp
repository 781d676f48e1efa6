#pragma once
#include <optional>

#include "natbound/model/ways_out.hpp"
#include "natbound/solver/guaranteed.hpp"

namespace natbound::detail {

// Where two ways out share endpoints: two flows, each the only one of its NAT, that get one tuple.
// Throws unsupported where none was found.
guaranteed_result first_clash(const scenario& s, const std::string& in_words);

// Where a server set has several endpoints with the same backends: two flows of one external
// endpoint, each to another of them, which may be sent to one backend. Nothing where no external
// endpoint is given twice. Throws unsupported where none was found though it might be.
std::optional<guaranteed_result> first_clash_at_backends(const scenario& s);

}  // namespace natbound::detail
