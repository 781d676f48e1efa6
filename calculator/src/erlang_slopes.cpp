// The derivatives of log B. In the load: d log B/da = s R/(1 + R)/a with the steepness s of
// loss_ratio.hpp.
//
// In the ports: with u = log(1 + t/a) the integral of erlang.hpp becomes
//
//     1/B = a integral_0^inf exp((c+1) u - a (e^u - 1)) du,
//
// so -d log B/dc is the mean of u under this log-concave weight: around its mode m, with v = u - m,
// the exponent is (c+1) (v - expm1 v) - max(0, a-c-1) expm1 v, no term of which cancels. Gauss's
// rule on the few widths where the weight counts.
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <natbound/calculator/erlang.hpp>

#include "argument.hpp"
#include "loss_ratio.hpp"

namespace natbound::calculator {
namespace {

void check(const char* function, double ports, double load) {
    constexpr const char* rule = "must be at least 0 and at most 1e300";
    detail::require(ports >= 0 && ports <= 1e300, function, "ports", ports, rule);
    detail::require(load > 0 && load <= 1e300, function, "load", load,
                    "must be above 0 and at most 1e300");
}

// v - expm1(v) <= 0.
double below_tangent(double v) {
    if (std::abs(v) > 0.25) return v - std::expm1(v);
    double term = v * v / 2, sum = term;
    for (int k = 3; k < 16; ++k) {
        term *= v / k;
        sum += term;
    }
    return -sum;
}

class weight {
  public:
    weight(double ports, double load)
        : shape_(ports + 1),
          extra_(std::max(0.0, load - shape_)),
          mode_(load < shape_ ? mode(shape_, load) : 0) {}

    double mean() const {
        const double high = reach(1), low = std::max(-mode_, -reach(-1));
        double total = 0, moment = 0;
        const double step = (high - low) / panels;
        for (int i = 0; i < panels; ++i) {
            const double centre = low + (i + 0.5) * step;
            add(centre, step / 2, total, moment);
        }
        return moment / total;
    }

  private:
    using rule = boost::math::quadrature::gauss<double, 30>;
    static constexpr int panels = 5;

    static double mode(double shape, double load) {
        const double more = (shape - load) / load;
        return more < 0.5 ? std::log1p(more) : std::log(shape) - std::log(load);
    }

    double exponent(double v) const {
        return shape_ * below_tangent(v) - (extra_ > 0 ? extra_ * std::expm1(v) : 0);
    }

    // Where the weight has fallen below e^-40, on the side `sign`, within a factor of two.
    double reach(double sign) const {
        double v = std::min(1 / std::sqrt(shape_), 1 / std::max(extra_, 1e-300));
        while (exponent(sign * v) > -40) v *= 1.3;
        return v;
    }

    void add(double centre, double half, double& total, double& moment) const {
        const auto& x = rule::abscissa();
        const auto& w = rule::weights();
        for (std::size_t k = 0; k < x.size(); ++k) {
            for (const double sign : {-1.0, 1.0}) {
                const double v = centre + sign * half * x[k];
                const double here = w[k] * std::exp(exponent(v));
                total += here;
                moment += here * (mode_ + v);
            }
        }
    }

    double shape_, extra_, mode_;
};

}  // namespace

double log_erlang_b_load_derivative(double ports, double load) {
    check("log_erlang_b_load_derivative", ports, load);
    if (ports == 0) return 0;
    const auto r = detail::loss_ratio_of(ports, load);
    // Steepness divides by R, which may be 0 where the ports are hardly more.
    if (r.factor < 1e-290 && !detail::legendre_applies(ports, load))
        return (ports + (ports - load) * r.factor) / load;
    const double steep = detail::steepness(ports, load, r);
    const double share = r.exponent.high == 0 ? r.factor / (1 + r.factor) : 1;
    return steep * share / load;
}

double log_erlang_b_ports_derivative(double ports, double load) {
    check("log_erlang_b_ports_derivative", ports, load);
    return -weight(ports, load).mean();
}

double erlang_b_ports_derivative(double ports, double load) {
    check("erlang_b_ports_derivative", ports, load);
    return -erlang_b(ports, load) * weight(ports, load).mean();
}

}  // namespace natbound::calculator
