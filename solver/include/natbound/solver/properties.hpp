#pragma once
// What a design is checked for (`natbound design check`): each property is proved for all sizes,
// refuted by a trace, or left open with the reason. "None found up to n" is never `holds`.
#include <string>
#include <vector>

#include "natbound/solver/unique.hpp"

namespace natbound {

enum class property_verdict { holds, fails, unknown };
std::string to_string(property_verdict v);

struct property_result {
    std::string property;
    property_verdict verdict = property_verdict::unknown;
    std::string says;                      // the property in one sentence
    std::string clause;                    // the standard's
    std::string scope;                     // of holds: for what sizes
    std::string reason;                    // of unknown; of fails: what breaks
    std::vector<std::string> assumptions;  // what the design's description leaves out
    std::vector<obligation> obligations;   // each was unsat where the verdict is holds
    unique_trace trace;                    // of fails: replayed on the concrete step function
};

// Names of the properties, in the manual's order.
std::vector<std::string> property_names();

// The properties asked for; all where none is named. Throws input_error for a name that is none.
std::vector<property_result> check_design(const design& d,
                                          const std::vector<std::string>& properties = {},
                                          const query_limits& limits = {});

// A certificate of kind `holds` (docs/certificates.md) as JSON. Throws domain_error for another
// verdict.
std::string holds_certificate(const design& d, const property_result& result);

}  // namespace natbound
