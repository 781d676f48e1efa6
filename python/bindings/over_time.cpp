// Times until exhaustion, and what follows a change.
#include <pybind11/stl.h>

#include "formula.hpp"
#include "natbound/calculator/first_passage_law.hpp"
#include "natbound/calculator/simulated_filling.hpp"
#include "natbound/calculator/transient.hpp"
#include "natbound/calculator/transient_steps.hpp"
#include "natbound/model/json_io.hpp"
#include "reporting.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::broadcast;
using broadcasting::number;
using broadcasting::whole;

namespace {

// A start is a count, or (the least number below 0, which nobody means) the stationary law of
// `ports` and `load`.
calc::occupancy start_law(const char* function, double count, double ports, double load,
                          const char* load_name = "start_load") {
    const std::uint64_t old = whole(function, "start_ports", ports);
    if (count == -5e-324) {
        if (!(load >= 0 && std::isfinite(load))) {
            std::ostringstream text;
            text << function << ": " << load_name << " = " << load
                 << ": must be finite and at least 0";
            throw natbound::domain_error(text.str());
        }
        return calc::stationary(old, load);
    }
    return calc::exactly(whole(function, "start", count));
}

calc::first_passage_law passage_law(const char* function, double ports, double load, double start,
                                    bool full) {
    return {whole(function, "ports", ports), load,
            full ? calc::passage::full : calc::passage::refusal,
            start_law(function, start, ports, load, "load")};
}

calc::transient_law transient(const char* function, double ports, double load, double start,
                              double start_ports, double start_load) {
    const std::uint64_t now = whole(function, "ports", ports);
    if (start == -5e-324 && start_ports > ports) {
        std::ostringstream text;
        text << function << ": start_ports = " << start_ports
             << ": must be at most the number of ports";
        throw natbound::domain_error(text.str());
    }
    return {now, load, start_law(function, start, start_ports, start_load)};
}

using given = const py::object&;

void bind_first_passage(py::module_& m) {
    m.def("first_passage_mean", [](const std::string& function, given ports, given load,
                                   given start, bool full, bool log) {
        const char* name = function.c_str();
        return broadcast(
            name, {"ports", "load", "start"},
            [=](double c, double a, double n) {
                const auto mean = passage_law(name, c, a, n, full).mean();
                return log ? mean.log_mean : mean.mean;
            },
            ports, load, start);
    });
    m.def("first_passage_cdf", [](const std::string& function, given ports, given load, given time,
                                  given start, bool full, bool survival) {
        const char* name = function.c_str();
        return broadcast(
            name, {"ports", "load", "time", "start"},
            [=](double c, double a, double t, double n) {
                const auto law = passage_law(name, c, a, n, full);
                return survival ? law.survival(t) : law.cdf(t);
            },
            ports, load, time, start);
    });
    m.def("first_passage_quantile", [](const std::string& function, given ports, given load,
                                       given p, given start, bool full, bool log) {
        const char* name = function.c_str();
        return broadcast(
            name, {"ports", "load", "p", "start"},
            [=](double c, double a, double q, double n) {
                const auto law = passage_law(name, c, a, n, full);
                return log ? law.log_quantile(q) : law.quantile(q);
            },
            ports, load, p, start);
    });
}

// f of the law of a change, the time and, with one, a further argument.
template <class F>
void bind_transient(py::module_& m, const char* name, const char* further, F f) {
    m.def(name, [=](given ports, given load, given time, given more, given start, given old_ports,
                    given old_load) {
        return broadcast(
            name, {"ports", "load", "time", further, "start", "start_ports", "start_load"},
            [=](double c, double a, double t, double x, double n, double old_c, double old_a) {
                return f(transient(name, c, a, n, old_c, old_a), t, x);
            },
            ports, load, time, more, start, old_ports, old_load);
    });
}
template <class F>
void bind_transient(py::module_& m, const char* name, F f) {
    m.def(name,
          [=](given ports, given load, given time, given start, given old_ports, given old_load) {
              return broadcast(
                  name, {"ports", "load", "time", "start", "start_ports", "start_load"},
                  [=](double c, double a, double t, double n, double old_c, double old_a) {
                      return f(transient(name, c, a, n, old_c, old_a), t);
                  },
                  ports, load, time, start, old_ports, old_load);
          });
}

py::object transient_quantile(given ports, given load, given time, given p, given start,
                              given old_ports, given old_load) {
    constexpr const char* name = "transient_quantile";
    return broadcast(
        name, {"ports", "load", "time", "p", "start", "start_ports", "start_load"},
        [](double c, double a, double t, double q, double n, double old_c, double old_a) {
            const auto now = whole(name, "ports", c);
            auto old = start_law(name, n, old_c, old_a);
            // Only the stepped chain knows of flows above the ports.
            if (old.from + old.chances.size() > now + 1)
                return static_cast<double>(calc::occupancy_at(now, a, old, t).quantile(q));
            return static_cast<double>(calc::transient_law(now, a, std::move(old)).quantile(q, t));
        },
        ports, load, time, p, start, old_ports, old_load);
}

py::tuple law_after(given ports, given load, given time, given start, given old_ports,
                    given old_load) {
    constexpr const char* name = "transient_law";
    const auto c = whole(name, "ports", number(name, "ports", ports));
    const double a = number(name, "load", load), t = number(name, "time", time);
    const double n = number(name, "start", start);
    const double old_c = number(name, "start_ports", old_ports);
    const double old_a = number(name, "start_load", old_load);
    const auto law = broadcasting::answer(
        name, [&] { return calc::occupancy_at(c, a, start_law(name, n, old_c, old_a), t); });
    const auto seen = law.from + law.chances.size();
    py::array_t<double> out(static_cast<py::ssize_t>(std::max(seen, c + 1)));
    std::fill_n(out.mutable_data(), out.size(), 0.0);
    std::copy(law.chances.begin(), law.chances.end(),
              out.mutable_data() + static_cast<std::ptrdiff_t>(law.from));
    return py::make_tuple(out, law.error_bound);
}

py::tuple filling_times(std::uint64_t ports, double rate, const std::string& law, double mean,
                        double cv, std::uint64_t start, std::uint64_t seed,
                        const py::object& progress) {
    calc::filling of;
    of.ports = ports;
    of.rate = rate;
    natbound::json_io::read(boost::json::value(law), "law", of.hold.law);
    of.hold.mean = mean;
    of.hold.cv = cv;
    of.start = start;
    of.seed = seed;
    of.progress = reporting(progress);
    const auto found = unlocked([&] { return calc::simulate_filling(of); });
    return py::make_tuple(found.full, found.refusal, found.seen);
}

}  // namespace

void bind_over_time(py::module_& m) {
    bind_first_passage(m);
    bind_transient(m, "transient_full_probability", [](const calc::transient_law& law, double t) {
        return law.full_probability(t);
    });
    bind_transient(
        m, "log_transient_full_probability",
        [](const calc::transient_law& law, double t) { return law.log_full_probability(t); });
    bind_transient(m, "transient_mean",
                   [](const calc::transient_law& law, double t) { return law.mean(t); });
    bind_transient(m, "transient_at_least", "flows",
                   [](const calc::transient_law& law, double t, double flows) {
                       return law.at_least(whole("transient_at_least", "flows", flows), t);
                   });
    m.def("transient_quantile", transient_quantile);
    m.def("transient_law", law_after);
    m.def("simulate_filling", filling_times);
}
