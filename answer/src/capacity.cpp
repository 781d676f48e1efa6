// Maximum and fit as JSON.
#include "capacity.hpp"

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/work.hpp"

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
    if (m.evidence.contains("does-not-fit"))
        out["evidence"] = certificate(m.connections ? "maximum" : "bounds", s, m.evidence);
    else
        out["evidence"] = certificate("fits", s, m.evidence.at("fits").as_object());
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    return out;
}

bj::object limit_json() {
    const auto ended = limit_hit();
    if (!ended) return {};
    return {{"kind", ended->kind}, {"step", ended->step}, {"says", ended->what()}};
}

namespace {

// The maximum, or the verdict on a demand, stands without its largest multiple.
bj::object open_multiple(const unsupported& why) {
    return {{"exact", false}, {"connections", nullptr}, {"unknown", why.what()}};
}
bj::value multiple_or_why(const scenario& s, const demand_list& demand) {
    try {
        return multiple_answer(s, demand);
    } catch (const unsupported& why) {
        return open_multiple(why);
    }
}

}  // namespace

bj::object maximum_answer(const scenario& s, bool multiple) {
    bj::object out{{"schema", "natbound.capacity/1"}, {"maximum", maximum_part(s, maximum(s))}};
    if (!multiple) return out;
    demand_list traffic;
    try {
        traffic = traffic_demand(s);
    } catch (const unsupported& why) {
        out["multiple"] = open_multiple(why);
        return out;
    }
    if (traffic.empty()) return out;
    out["demand"] = counted(total_of(traffic));
    out["multiple"] = multiple_or_why(s, traffic);
    // of the multiple, where the maximum has none of its own
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    return out;
}

namespace {

bj::object verdict_of(const scenario& s, fit_result r, const count& demand, bool evidence) {
    bj::object out{{"schema", "natbound.capacity/1"},
                   {"demand", counted(demand)},
                   {"place", "even"},
                   {"fits", nullptr},
                   {"sets_it", r.sets_it}};
    if (r.verdict == fit_verdict::fits) out["fits"] = true;
    if (r.verdict == fit_verdict::does_not_fit) out["fits"] = false;
    if (r.verdict != fit_verdict::unknown && evidence)
        out["evidence"] = certificate(r.verdict == fit_verdict::fits ? "fits" : "does-not-fit", s,
                                      std::move(r.evidence));
    return out;
}

bj::object multiple_part(const scenario& s, const fraction& k, const demand_list& demand) {
    demand_list wanted = demand;
    for (auto& p : wanted) p.connections = k.numerator * p.connections / k.denominator;
    return {{"fraction", to_string(k)},
            {"value", static_cast<double>(k.numerator) / static_cast<double>(k.denominator)},
            {"connections", counted(total_of(wanted))},
            {"demand", demand_json(s, wanted)}};
}

}  // namespace

bj::array demand_json(const scenario& s, const demand_list& demand) {
    bj::array out;
    for (const auto& p : demand)
        out.push_back(bj::object{{"from", s.clients[p.client].name},
                                 {"to", s.servers[p.server].name},
                                 {"connections", counted(p.connections)}});
    return out;
}

bj::value multiple_answer(const scenario& s, const demand_list& demand) {
    auto m = largest_multiple(s, demand);
    if (!m) return nullptr;
    bj::object out{{"exact", m->exact}};
    if (m->exact) {
        for (auto& [key, value] : multiple_part(s, m->fits, demand)) out[key] = std::move(value);
        out["next"] = to_string(m->beyond);
    } else {
        out["connections"] = nullptr;
        out["at_least"] = multiple_part(s, m->fits, demand);
        out["at_most"] = multiple_part(s, m->beyond, demand);
    }
    out["in_parts"] = m->in_parts ? bj::value(to_string(*m->in_parts)) : bj::value(nullptr);
    out["sets_it"] = m->sets_it;
    if (!m->evidence.empty())
        out["evidence"] =
            certificate(m->exact ? "multiple" : "multiple-bounds", s, std::move(m->evidence));
    return out;
}

bj::object fit_answer(const scenario& s, const demand_list& demand, const fit_options& options) {
    auto out = verdict_of(s, fits(s, demand, options.at), total_of(demand), options.evidence);
    out["pairs"] = demand_json(s, demand);
    if (options.multiple) out["multiple"] = multiple_or_why(s, demand);
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    return out;
}

bj::object fit_answer(const scenario& s, const count& demand, bool best) {
    if (!best) {
        if (demand < 0) throw domain_error("a demand is 0 or more connections");
        return fit_answer(s, shared_demand(s, demand));
    }
    auto out = verdict_of(s, fits(s, demand, placing::best), demand, true);
    out["place"] = "best";
    if (demand == 0) return out;
    // free to be placed anywhere, so many fit as the maximum is
    const auto m = maximum(s);
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    if (!m.connections) return out;
    const fraction k = reduced({*m.connections, demand});
    out["multiple"] =
        bj::object{{"exact", true},
                   {"fraction", to_string(k)},
                   {"value", static_cast<double>(k.numerator) / static_cast<double>(k.denominator)},
                   {"connections", counted(m.connections)},
                   {"next", to_string(reduced({*m.connections + 1, demand}))},
                   {"sets_it", m.sets_it},
                   {"evidence", certificate("maximum", s, m.evidence)}};
    return out;
}

}  // namespace natbound
