// Maximum and fit as JSON.
#include "capacity.hpp"

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"

namespace natbound {

namespace bj = boost::json;

bj::object maximum_part(const scenario& s, const maximum_result& m) {
    bj::object out{{"connections", counted(m.connections)},
                   {"sets_it", m.sets_it},
                   {"mappings", counted(m.mappings)}};
    if (!m.connections) {
        out["at_least"] = counted(m.at_least);
        out["at_most"] = counted(m.at_most);
    }
    out["evidence"] = certificate(m.connections ? "maximum" : "bounds", s, m.evidence);
    return out;
}

bj::object maximum_answer(const scenario& s) {
    return {{"schema", "natbound.capacity/1"}, {"maximum", maximum_part(s, maximum(s))}};
}

bj::object fit_answer(const scenario& s, const count& demand, bool best) {
    const fit_result r = fits(s, demand, best ? placing::best : placing::even);
    bj::object out{{"schema", "natbound.capacity/1"},
                   {"demand", counted(demand)},
                   {"place", best ? "best" : "even"},
                   {"fits", nullptr},
                   {"sets_it", r.sets_it}};
    if (r.verdict == fit_verdict::fits) out["fits"] = true;
    if (r.verdict == fit_verdict::does_not_fit) out["fits"] = false;
    if (r.verdict != fit_verdict::unknown)
        out["evidence"] =
            certificate(r.verdict == fit_verdict::fits ? "fits" : "does-not-fit", s, r.evidence);
    return out;
}

}  // namespace natbound
