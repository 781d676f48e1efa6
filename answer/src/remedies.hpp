#pragma once
// What would help: each change that the design offers, and one more address, with its effect computed.
#include <boost/json.hpp>

#include "natbound/answer/answer.hpp"

namespace natbound {

boost::json::array remedies_part(const scenario& s, const answer_options& options);

// The three numbers and the refusal probability at the scenario's traffic, without evidence; `holds` as in study_options.
boost::json::object numbers(const scenario& s, double epsilon, std::uint64_t seed, double holds, const std::function<void()>& interrupt);

}  // namespace natbound
