// Times until exhaustion, and what follows a change.
#include "formula.hpp"
#include "natbound/calculator/first_passage_law.hpp"
#include "natbound/calculator/transient.hpp"
#include "natbound/calculator/transient_steps.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::broadcast;
using broadcasting::numbers;
using broadcasting::whole;

namespace {

// A start is a count, or (below 0) the stationary law of `ports` and `load`.
calc::occupancy start_law(const char* function, double count, double ports, double load) {
    if (count == -1) return calc::stationary(whole(function, "start_ports", ports), load);
    return calc::exactly(whole(function, "start", count));
}

calc::first_passage_law passage_law(const char* function, double ports, double load, double start,
                                    bool full) {
    return {whole(function, "ports", ports), load,
            full ? calc::passage::full : calc::passage::refusal,
            start_law(function, start, ports, load)};
}

calc::transient_law transient(const char* function, double ports, double load, double start,
                              double start_ports, double start_load) {
    return {whole(function, "ports", ports), load,
            start_law(function, start, start_ports, start_load)};
}

}  // namespace

void bind_over_time(py::module_& m) {
    m.def("first_passage_mean",
          [](const numbers& ports, const numbers& load, const numbers& start, bool full, bool log) {
              return broadcast(
                  "first_passage_mean",
                  [=](double c, double a, double n) {
                      const auto mean = passage_law("first_passage_mean", c, a, n, full).mean();
                      return log ? mean.log_mean : mean.mean;
                  },
                  ports, load, start);
          });
    m.def("first_passage_cdf", [](const numbers& ports, const numbers& load, const numbers& time,
                                  const numbers& start, bool full, bool survival) {
        return broadcast(
            "first_passage_cdf",
            [=](double c, double a, double t, double n) {
                const auto law = passage_law("first_passage_cdf", c, a, n, full);
                return survival ? law.survival(t) : law.cdf(t);
            },
            ports, load, time, start);
    });
    m.def("first_passage_quantile", [](const numbers& ports, const numbers& load, const numbers& p,
                                       const numbers& start, bool full, bool log) {
        return broadcast(
            "first_passage_quantile",
            [=](double c, double a, double q, double n) {
                const auto law = passage_law("first_passage_quantile", c, a, n, full);
                return log ? law.log_quantile(q) : law.quantile(q);
            },
            ports, load, p, start);
    });
    m.def("transient_full_probability",
          [](const numbers& ports, const numbers& load, const numbers& time, const numbers& start,
             const numbers& start_ports, const numbers& start_load, bool log) {
              return broadcast(
                  "transient_full_probability",
                  [=](double c, double a, double t, double n, double old_c, double old_a) {
                      const auto law =
                          transient("transient_full_probability", c, a, n, old_c, old_a);
                      return log ? law.log_full_probability(t) : law.full_probability(t);
                  },
                  ports, load, time, start, start_ports, start_load);
          });
    m.def("transient_mean",
          [](const numbers& ports, const numbers& load, const numbers& time, const numbers& start,
             const numbers& start_ports, const numbers& start_load) {
              return broadcast(
                  "transient_mean",
                  [](double c, double a, double t, double n, double old_c, double old_a) {
                      return transient("transient_mean", c, a, n, old_c, old_a).mean(t);
                  },
                  ports, load, time, start, start_ports, start_load);
          });
    m.def("transient_quantile", [](const numbers& ports, const numbers& load, const numbers& time,
                                   const numbers& p, const numbers& start,
                                   const numbers& start_ports, const numbers& start_load) {
        return broadcast(
            "transient_quantile",
            [](double c, double a, double t, double q, double n, double old_c, double old_a) {
                const char* name = "transient_quantile";
                auto old = start_law(name, n, old_c, old_a);
                const auto now = whole(name, "ports", c);
                // Only the stepped chain knows of flows above the ports.
                if (old.from + old.chances.size() > now + 1) {
                    return static_cast<double>(calc::occupancy_at(now, a, old, t).quantile(q));
                }
                return static_cast<double>(
                    calc::transient_law(now, a, std::move(old)).quantile(q, t));
            },
            ports, load, time, p, start, start_ports, start_load);
    });
    m.def("transient_at_least", [](const numbers& ports, const numbers& load, const numbers& time,
                                   const numbers& flows, const numbers& start,
                                   const numbers& start_ports, const numbers& start_load) {
        return broadcast(
            "transient_at_least",
            [](double c, double a, double t, double k, double n, double old_c, double old_a) {
                const char* name = "transient_at_least";
                return transient(name, c, a, n, old_c, old_a).at_least(whole(name, "flows", k), t);
            },
            ports, load, time, flows, start, start_ports, start_load);
    });
    m.def("transient_law", [](double ports, double load, double time, double start,
                              double start_ports, double start_load) {
        const auto law = unlocked([&] {
            return calc::occupancy_at(whole("transient_law", "ports", ports), load,
                                      start_law("transient_law", start, start_ports, start_load),
                                      time);
        });
        py::array_t<double> out(static_cast<py::ssize_t>(law.from + law.chances.size()));
        std::fill_n(out.mutable_data(), law.from, 0.0);
        std::copy(law.chances.begin(), law.chances.end(),
                  out.mutable_data() + static_cast<std::ptrdiff_t>(law.from));
        return py::make_tuple(out, law.error_bound);
    });
}
