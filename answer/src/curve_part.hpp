#pragma once
// The refusal probability of the worst kind of traffic by load, for a picture.
#include <boost/json.hpp>

#include "natbound/calculator/likely.hpp"

namespace natbound {

// Pairs of load and probability, from about 1e-12 to a third, around the load `likely`; `load` is
// that of the study at scale 1. For formulas: where states are looked at each point takes a
// simulation.
boost::json::array curve_part(calculator::loss_study& study, double load, double likely);

}  // namespace natbound
