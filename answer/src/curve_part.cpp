// From the load that is likely upwards and downwards, each step as long as the slope of the one
// before it says, so that a point lies every decade or two.
#include "curve_part.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace natbound {

namespace bj = boost::json;

namespace {

const double rarest = std::log(1e-12), most = std::log(0.3), apart = std::log(30.0);
constexpr double shortest_step = 1e-5, longest_step = 0.5;  // of the load's logarithm
constexpr int most_points = 14;                             // to either side

}  // namespace

bj::array curve_part(calculator::loss_study& study, double load, double likely) {
    std::map<double, double> seen;  // the probability by load
    const auto at = [&](double x) {
        const auto point = study.curve({x / load}).front();
        if (point.worst.at_most || !(point.worst.value > 0)) return -HUGE_VAL;
        seen[point.load] = point.worst.value;
        return point.worst.log;
    };
    for (const double way : {-1.0, 1.0}) {
        double x = likely, log = at(x), step = 1e-3;
        for (int i = 0; i < most_points && log > rarest && log < most; ++i) {
            x *= std::exp(way * step);
            const double next = at(x), change = std::fabs(next - log);
            if (!std::isfinite(next)) break;
            step = std::clamp(step * apart / std::max(change, 1e-9), shortest_step,
                              std::min(longest_step, 8 * step));
            log = next;
        }
    }
    bj::array out;
    for (const auto& [x, p] : seen) out.push_back(bj::array{x, p});
    return out;
}

}  // namespace natbound
