#pragma once
// A change followed by stepping everything, where the number live of one system is not all that
// matters: NATs inside others or side by side, limits on rates, subscribers and servers, clients'
// time-wait, batches, and tables or quotas beside bursts. What is refused at a time is counted, of
// the connections that arrive around it.
#include <string>

#include "natbound/calculator/after.hpp"

namespace natbound::calculator::detail {

// What of a change has to be stepped as a whole, in words; empty: nothing.
std::string stepped_for(const scenario& before, const scenario& now, bool cut);

// Mean seconds that a connection takes a port or an entry, TIME-WAIT of clients that close first
// among them.
double taken_a_connection(const filled_traffic& traffic);

// `why`: the words. Throws unsupported for what simulate() does not step.
after_result after_stepped(const scenario& before, const scenario& now,
                           const after_options& options, const std::string& why);

}  // namespace natbound::calculator::detail
