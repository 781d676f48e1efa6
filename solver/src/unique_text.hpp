#pragma once
// Pieces of SMT-LIB 2 that the obligations and the search for traces are put together from. A
// `time` is a suffix of the state's names: "" and "-after" in the proof, ".0", ".1" ... along a
// trace.
#include <string>
#include <vector>

#include "natbound/solver/unique.hpp"

namespace natbound::unique_text {

std::string world(const step_rules& rules);  // sorts, flows, same-mapping, same-scope
std::string state(const std::string& time);
std::string invariant(const std::string& time);  // defines no-clash, one-endpoint, invariant
std::string property(const std::string& time);   // defines unique; after invariant()

// Defines one predicate a kind of step, each named by its kind and the time before.
std::string steps(const step_rules& rules, const std::string& before, const std::string& after);
std::vector<std::string> kinds(const step_rules& rules);
// That predicate on flow n and endpoint e.
std::string applied(const std::string& kind, const std::string& time, const std::string& n,
                    const std::string& e);

}  // namespace natbound::unique_text
