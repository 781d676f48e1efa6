// Limits other than ports: blocks of a subscriber, tables that evict, queues that overflow. And
// searches of windows.
#include <pybind11/stl.h>

#include "formula.hpp"
#include "natbound/calculator/eviction.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/limits_in_sequence.hpp"
#include "natbound/calculator/packet_limit.hpp"
#include "natbound/calculator/paired_pool.hpp"
#include "natbound/calculator/port_blocks.hpp"
#include "natbound/calculator/window_loss.hpp"
#include "natbound/calculator/window_refusal.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::broadcast;
using broadcasting::formula;
using broadcasting::number;
using broadcasting::whole;

namespace {

calc::block_pool pool_of(const char* function, double block, double most, double pool,
                         double subscribers, double load) {
    return {whole(function, "block", block), whole(function, "most", most),
            whole(function, "pool", pool), whole(function, "subscribers", subscribers), load};
}

calc::service service_of(bool constant) {
    return constant ? calc::service::constant : calc::service::exponential;
}

calc::evicting_table table_of(const py::object& size, const std::vector<py::object>& kinds) {
    constexpr const char* name = "EvictingTable";
    std::vector<calc::connection_kind> all;
    for (const auto& kind : kinds) {
        const auto k = broadcasting::list(name, "kinds", kind);
        all.push_back({k.at(0), k.at(1), k.at(2), k.at(3), k.at(4), k.at(5)});
    }
    const double entries = number(name, "size", size);
    return broadcasting::answer(name,
                                [&] { return calc::evicting_table(entries, std::move(all)); });
}

void bind_packets(py::module_& m) {
    formula(
        m, "packet_limit",
        [](double per_second, double depth, double opening, double live, double each, double hold) {
            const auto r = calc::packet_limit(per_second, whole("packet_limit", "depth", depth),
                                              {opening, live, each, hold});
            return std::array{r.refusal, r.log_refusal, r.loss, r.delay};
        },
        "per_second", "depth", "opening", "live", "each", "hold");
    formula(
        m, "scale_for_packets",
        [](double per_second, double depth, double opening, double live, double each, double hold,
           double target) {
            return calc::scale_for_packets(per_second, whole("scale_for_packets", "depth", depth),
                                           {opening, live, each, hold}, target);
        },
        "per_second", "depth", "opening", "live", "each", "hold", "target");
}

void bind_blocks(py::module_& m) {
    formula(m, "poisson_tail", calc::poisson_tail, "ports", "load");
    formula(
        m, "blocks_for",
        [](double b, double a, double p) {
            return static_cast<double>(calc::blocks_for(whole("blocks_for", "block", b), a, p));
        },
        "block", "load", "target");
    // Blocks that are given back as soon as fewer are needed, and blocks that are kept.
    for (const bool kept : {false, true}) {
        const auto pool = [kept](const char* name, double block, double most, double of,
                                 double subscribers, double load) {
            auto out = pool_of(name, block, most, of, subscribers, load);
            out.kept = kept;
            return out;
        };
        const char* refused = kept ? "blocks_refused_kept" : "blocks_refused";
        const char* most_subscribers = kept ? "subscribers_for_kept" : "subscribers_for";
        formula(
            m, refused,
            [=](double block, double most, double of, double subscribers, double load) {
                const auto r =
                    calc::blocks_refused(pool(refused, block, most, of, subscribers, load));
                return std::array{r.refusal, r.by_quota, r.by_pool, r.pool_exhausted,
                                  r.mean_blocks};
            },
            "block", "most", "pool", "subscribers", "load");
        formula(
            m, most_subscribers,
            [=](double b, double q, double k, double a, double p) {
                return static_cast<double>(
                    calc::subscribers_for(pool(most_subscribers, b, q, k, 1, a), p));
            },
            "block", "most", "pool", "load", "target");
    }
}

void bind_pairing(py::module_& m) {
    formula(
        m, "paired_refusal",
        [](double p, double a, double n, double of, double d) {
            constexpr const char* name = "paired_refusal";
            return calc::paired_refusal(p, a, whole(name, "clients", n),
                                        whole(name, "addresses", of),
                                        whole(name, "destinations", d));
        },
        "ports", "load", "clients", "addresses", "destinations");
    formula(
        m, "log_paired_refusal",
        [](double p, double a, double n, double of, double d) {
            constexpr const char* name = "log_paired_refusal";
            return calc::log_paired_refusal(
                {whole(name, "clients", n), whole(name, "addresses", of), {{a, p, d}}});
        },
        "ports", "load", "clients", "addresses", "destinations");
    formula(
        m, "load_for_paired",
        [](double p, double n, double of, double target, double d) {
            constexpr const char* name = "load_for_paired";
            return calc::load_for_paired(p, whole(name, "clients", n), whole(name, "addresses", of),
                                         target, whole(name, "destinations", d));
        },
        "ports", "clients", "addresses", "target", "destinations");
    formula(
        m, "addresses_for_paired",
        [](double p, double a, double n, double target, double d) {
            constexpr const char* name = "addresses_for_paired";
            return static_cast<double>(calc::addresses_for_paired(
                p, a, whole(name, "clients", n), target, whole(name, "destinations", d)));
        },
        "ports", "load", "clients", "target", "destinations");
    formula(
        m, "clients_on_fullest",
        [](double n, double of, double share) {
            constexpr const char* name = "clients_on_fullest";
            return static_cast<double>(calc::clients_on_fullest(
                whole(name, "clients", n), whole(name, "addresses", of), share));
        },
        "clients", "addresses", "share");
}

std::array<double, 5> shares(const calc::sequence_refusals& r, double refusal) {
    return {refusal, r.by_quota, r.by_pool, r.by_table, r.by_rate};
}

std::array<double, 5> shares(const calc::sequence_refusals& r) { return shares(r, r.refusal()); }

void bind_sequence(py::module_& m) {
    // lists: which of subscribers, load, quota and hold were given as lists, so that they have an
    // index.
    m.def("limits_in_sequence",
          [](const std::vector<std::array<double, 4>>& classes, const std::array<bool, 4>& lists,
             double block, std::optional<double> pool, std::optional<double> table,
             std::optional<double> rate, double burst) {
              constexpr const char* name = "limits_in_sequence";
              calc::limit_sequence x;
              static constexpr std::array<const char*, 4> fields = {"subscribers", "load", "quota",
                                                                    "hold"};
              const auto label = [&](std::size_t field, std::size_t place) {
                  const std::string index = "[" + std::to_string(place) + "]";
                  return fields[field] + (lists[field] ? index : std::string());
              };
              for (const auto& [subscribers, load, quota, hold] : classes) {
                  const std::size_t k = x.classes.size();
                  x.classes.push_back({whole(name, label(0, k).c_str(), subscribers), load,
                                       whole(name, label(2, k).c_str(), quota), hold});
              }
              x.block = whole(name, "block", block);
              if (pool) x.pool = whole(name, "pool", *pool);
              if (table) x.table = whole(name, "table", *table);
              x.rate = rate;
              x.burst = whole(name, "burst", burst);
              const auto r = broadcasting::answer(name, [&] {
                  try {
                      return calc::limits_in_sequence(x);
                  } catch (const natbound::domain_error& wrong) {
                      std::string text = wrong.what();
                      for (std::size_t field = 0; field < fields.size(); ++field)
                          for (std::size_t k = 0; k < x.classes.size(); ++k) {
                              const std::string from =
                                  "classes[" + std::to_string(k) + "]." + fields[field];
                              if (const auto at = text.find(from); at != std::string::npos)
                                  text.replace(at, from.size(), label(field, k));
                          }
                      throw natbound::domain_error(text);
                  }
              });
              std::vector<std::array<double, 5>> each;
              for (const auto& c : r.classes) each.push_back(shares(c));
              return py::make_tuple(shares(r.all), each, r.exact, shares(r.low.by, r.low.refusal),
                                    shares(r.high.by, r.high.refusal));
          });
}

void bind_eviction(py::module_& m) {
    py::class_<calc::evicting_table>(m, "EvictingTable")
        .def(py::init(&table_of))
        .def("characteristic_time", &calc::evicting_table::characteristic_time)
        .def("cut",
             [](const calc::evicting_table& t, const py::object& kind) {
                 const auto index = whole("cut", "kind", number("cut", "kind", kind));
                 return broadcasting::answer("cut", [&] { return t.cut(index); });
             })
        .def("cut_by_eviction",
             [](const calc::evicting_table& t, const py::object& kind) {
                 constexpr const char* name = "cut_by_eviction";
                 const auto index = whole(name, "kind", number(name, "kind", kind));
                 return broadcasting::answer(name, [&] { return t.cut_by_eviction(index); });
             })
        .def("evicted_after",
             [](const calc::evicting_table& t, const py::object& idle) {
                 return broadcast(
                     "evicted_after", {"idle"}, [&](double x) { return t.evicted_after(x); }, idle);
             })
        .def("keep_alive_for", [](const calc::evicting_table& t, const py::object& target) {
            return broadcast(
                "keep_alive_for", {"target"}, [&](double x) { return t.keep_alive_for(x); },
                target);
        });
    formula(
        m, "eviction_exact",
        [](double n, double r, double l, double g) {
            return calc::eviction_exact(whole("eviction_exact", "size", n), r, l, g);
        },
        "size", "rate", "life", "gap");
    // of one kind of connections: by eviction alone, or with the idle timeout
    formula(
        m, "cut_probability",
        [](double n, double r, double l, double g, double k, double i, double c) {
            return calc::evicting_table(n, {{r, l, g, k, i, c}}).cut(0);
        },
        "size", "rate", "life", "gap", "keep_alive", "idle_timeout", "closed_timeout");
    formula(
        m, "characteristic_time",
        [](double n, double r, double l, double g, double k, double i, double c) {
            return calc::evicting_table(n, {{r, l, g, k, i, c}}).characteristic_time();
        },
        "size", "rate", "life", "gap", "keep_alive", "idle_timeout", "closed_timeout");
    formula(
        m, "keep_alive_for",
        [](double n, double r, double l, double g, double p, double i, double c) {
            return calc::keep_alive_for(n, {r, l, g, calc::never, i, c}, p);
        },
        "size", "rate", "life", "gap", "target", "idle_timeout", "closed_timeout");
}

}  // namespace

void bind_limits(py::module_& m) {
    bind_blocks(m);
    bind_pairing(m);
    bind_packets(m);
    bind_sequence(m);
    bind_eviction(m);
    formula(
        m, "finite_queue",
        [](double k, double a, double constant) {
            const auto x =
                calc::finite_queue(service_of(constant != 0), whole("finite_queue", "room", k), a);
            return std::array{x.loss, x.log_loss, x.waiting, x.delay, x.length};
        },
        "room", "load", "service");
    m.def("window_loss", [](const py::object& ports, const py::object& load,
                            const py::object& windows, bool constant) {
        constexpr const char* name = "window_loss";
        const auto hold = constant ? calc::window_hold::constant : calc::window_hold::exponential;
        std::vector<std::uint64_t> rounds;
        for (const double w : broadcasting::list(name, "windows", windows))
            rounds.push_back(whole(name, "windows", w));
        return broadcast(
            name, {"ports", "load"},
            [&](double c, double a) { return calc::window_loss(c, a, rounds, hold); }, ports, load);
    });
    m.def("window_refusal", [](const py::object& ports, const py::object& load,
                               const py::object& windows, bool constant, const py::object& seed,
                               const py::object& arrivals) {
        constexpr const char* name = "window_refusal";
        const auto hold = constant ? calc::window_hold::constant : calc::window_hold::exponential;
        std::vector<std::uint64_t> rounds;
        for (const double w : broadcasting::list(name, "windows", windows))
            rounds.push_back(whole(name, "windows", w));
        const calc::window_effort effort{whole(name, "seed", number(name, "seed", seed)),
                                         number(name, "arrivals", arrivals)};
        return broadcast(
            name, {"ports", "load"},
            [&](double c, double a) {
                const auto x =
                    calc::window_refusal(whole(name, "ports", c), a, rounds, hold, effort);
                return std::array{x.refusal, x.low, x.high, static_cast<double>(x.method)};
            },
            ports, load);
    });
    formula(
        m, "room_for",
        [](double a, double p, double constant) {
            return static_cast<double>(calc::room_for(service_of(constant != 0), a, p));
        },
        "load", "target", "service");
    formula(
        m, "load_for_room",
        [](double k, double p, double constant) {
            return calc::load_for_room(service_of(constant != 0), whole("load_for_room", "room", k),
                                       p);
        },
        "room", "target", "service");
}
