// Rates through the day: live flows, peak, refusals.
#include <pybind11/stl.h>

#include "formula.hpp"
#include "natbound/calculator/day.hpp"
#include "natbound/calculator/day_chain.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::broadcast;
using broadcasting::whole;

namespace {

calc::hold_time hold_law(const std::string& law, double mean, double cv) {
    if (law == "constant") return calc::hold_time::constant(mean);
    if (law == "lognormal") return calc::hold_time::lognormal(mean, cv);
    if (law == "gamma") return calc::hold_time::gamma(mean, cv);
    return calc::hold_time::exponential(mean);
}

calc::day_rates profile(const std::vector<double>& rates, const std::vector<double>& times,
                        double period, bool linear) {
    const auto form = linear ? calc::day_rates::shape::linear : calc::day_rates::shape::constant;
    if (times.empty()) return calc::day_rates::even(rates, form, period);
    return {period, times, rates, form};
}

std::pair<double, double> pair(const calc::moment_of_day& x) { return {x.time, x.value}; }

}  // namespace

void bind_day(py::module_& m) {
    py::class_<calc::day>(m, "Day")
        .def(py::init([](const std::vector<double>& rates, const std::vector<double>& times,
                         double period, bool linear, const std::string& law, double mean, double cv,
                         const std::vector<double>& weights, const std::vector<double>& means,
                         const std::vector<double>& samples) {
            auto hold = law == "histogram" ? calc::hold_time::histogram(samples, weights)
                        : !samples.empty() ? calc::hold_time::empirical(samples, weights)
                        : means.empty()    ? hold_law(law, mean, cv)
                                           : calc::hold_time::hyperexponential(weights, means);
            return calc::day(profile(rates, times, period, linear), std::move(hold));
        }))
        .def(py::init(
            [](const natbound::scenario& s, const std::vector<double>& rates, double period) {
                return unlocked([&] {
                    return calc::day(
                        calc::day_rates::even(rates, calc::day_rates::shape::linear, period),
                        calc::hold_of(calc::fill_traffic(s)));
                });
            }))
        .def("rate",
             [](const calc::day& d, const py::object& time) {
                 return broadcast(
                     "rate", {"time"}, [&](double t) { return d.rate(t); }, time);
             })
        .def("live",
             [](const calc::day& d, const py::object& time) {
                 return broadcast(
                     "live", {"time"}, [&](double t) { return d.live(t); }, time);
             })
        .def("mean_rate", &calc::day::mean_rate)
        .def("peak_rate", [](const calc::day& d) { return pair(d.peak_rate()); })
        .def("peak_live",
             [](const calc::day& d) { return pair(unlocked([&] { return d.peak_live(); })); })
        .def("lag", [](const calc::day& d) { return unlocked([&] { return d.lag(); }); })
        .def("busiest",
             [](const calc::day& d, double length) {
                 return pair(unlocked([&] { return d.busiest(length); }));
             })
        .def("refused", [](const calc::day& d, double ports) {
            const auto r = unlocked([&] { return d.refused(ports); });
            return py::make_tuple(r.share, r.at_peak, r.stationary_share, r.stationary_peak,
                                  r.mean_load);
        });
    m.def("day_chain", [](const std::vector<double>& rates, const std::vector<double>& times,
                          double period, bool linear, double mean_hold, double ports, int steps) {
        const auto r = unlocked([&] {
            return calc::day_chain(profile(rates, times, period, linear), mean_hold,
                                   whole("day_chain", "ports", ports), steps);
        });
        return py::make_tuple(r.share, r.at_peak, r.peak_time, r.days);
    });
}
