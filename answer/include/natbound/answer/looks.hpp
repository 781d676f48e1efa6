#pragma once
// Looks at many scenarios that differ in little, without evidence: for who searches among them
// (sizing). What was simulated for one serves the others.
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "natbound/calculator/likely.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

class looks {
  public:
    // `interrupt` is called now and then; what it throws ends the work.
    explicit looks(std::uint64_t seed, std::function<void()> interrupt = {});

    // The worst kind's refusal probability at the scenario's traffic times `scale`: `worst`, its
    // `kind`, `overall` (of all attempts), `method`, `assumptions`, `exact`, `load`, `rate`, and
    // `refusing`, each limit by itself. holds: mean holds that are averaged over where states are
    // simulated, and up to three times as many until the logarithm is known to `precision` (0: just
    // these); lowest: where nothing is seen to refuse, how low a bound is looked for (1: none
    // is). Where clients keep TIME-WAIT, `worst` and `refusing` speak of connections that find no
    // port of the client's own, too ("sockets"), and so does carried(). Throws input_error where
    // there is no traffic, unsupported.
    boost::json::object refused(const scenario& s, double lowest, double holds, double scale = 1,
                                double precision = 0) const;

    // The load at which the worst kind is refused with probability epsilon: `connections` (null:
    // nothing refuses), `interval`, `exact` (of the NATs), `own_ports` (these run out before, so
    // that it is theirs), `nat` (of the kind that is refused first),
    // `destinations` (server endpoints that traffic goes to), `load`, `rate`.
    boost::json::object carried(const scenario& s, double epsilon, double holds) const;

  private:
    calculator::study_options options(double holds) const;

    std::uint64_t seed_;
    std::function<void()> interrupt_;
    std::shared_ptr<calculator::known_curves> known_;
};

}  // namespace natbound
