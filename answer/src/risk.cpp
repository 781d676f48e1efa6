#include "risk.hpp"

#include <cmath>

#include "evidence.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

bj::object odds_json(const refusal_odds& odds) {
    if (odds.at_most) return {{"value", nullptr}, {"at_most", odds.value}, {"log", odds.log}};
    bj::object out{{"value", odds.value}, {"interval", bj::array{odds.low, odds.high}}};
    if (std::isfinite(odds.log)) out["log"] = odds.log;
    return out;
}

bj::object kind_json(const kind_result& k) {
    std::string text = k.clients + " to " + k.servers;
    if (!k.destination.empty()) text += " (" + k.destination + ")";
    if (!k.address.empty()) text += " on " + k.address;
    bj::object out{{"text", text},           {"from", k.clients},
                   {"to", k.servers},        {"destination", k.destination},
                   {"protocol", k.protocol}, {"nat", k.nat},
                   {"external", k.address},  {"refusal_probability", odds_json(k.odds)}};
    if (k.likely) out["likely"] = *k.likely;
    return out;
}

namespace {

bj::array kinds_json(const std::vector<kind_result>& kinds) {
    bj::array out;
    for (const auto& k : kinds) {
        if (out.size() == 100) break;  // the worst hundred: a page, not a dump
        out.push_back(kind_json(k));
    }
    return out;
}

}  // namespace

bj::object likely_part(const scenario& s, const likely_result& l, std::uint64_t seed) {
    bj::object out{{"connections", nullptr}, {"epsilon", l.epsilon}, {"nothing_refuses", !l.load}};
    if (l.load) {
        out["connections"] = *l.load;
        out["interval"] = bj::array{l.low, l.high};
    }
    if (l.average) out["average"] = *l.average;
    if (l.worst_assignment) out["worst_assignment"] = *l.worst_assignment;
    out["exact"] = l.exact;
    out["method"] = l.method.empty() ? "nothing refuses" : l.method;
    out["assumptions"] = texts(l.assumed);
    if (!l.kinds.empty() && l.load) out["worst"] = kind_json(l.kinds.front());
    out["kinds"] = kinds_json(l.kinds);
    bj::array curve;
    for (const auto& p : l.points)
        if (!p.worst.at_most) curve.push_back(bj::array{p.load, p.worst.value});
    out["curve"] = std::move(curve);
    bj::object body{{"connections", out["connections"]},
                    {"epsilon", l.epsilon},
                    {"method", out["method"]},
                    {"assumptions", out["assumptions"]},
                    {"seed", seed}};
    if (l.load) body["interval"] = out["interval"];
    out["evidence"] = certificate("likely", s, std::move(body));
    return out;
}

bj::object first_json(const first_time& first) {
    bj::object out;
    if (first.known()) {
        out["value"] = (first.at_least + first.at_most) / 2;
    } else {
        out["at_least"] = first.at_least;
        if (std::isfinite(first.at_most)) out["at_most"] = first.at_most;
    }
    out["from_empty"] = first.from_empty;
    return out;
}

bj::object traffic_part(const risk_result& r, const likely_result& l, bool given) {
    bj::object out{{"given", given},
                   {"rate", r.rate},
                   {"load", r.load},
                   {"hold", r.rate > 0 ? r.load / r.rate : 0},
                   {"refusal_probability", odds_json(r.overall)},
                   {"worst_refusal_probability", odds_json(r.worst)},
                   {"refusals_per_day", r.refusals_a_day},
                   {"exact", r.exact},
                   {"method", r.method}};
    if (l.load && r.load > 0) out["room"] = *l.load / r.load;
    if (r.full_probability) out["full_probability"] = *r.full_probability;
    if (std::isfinite(r.first.at_least)) out["seconds_to_first_refusal"] = first_json(r.first);
    // of bounds the highest says little: then the one that fails first as the load grows
    if (!r.kinds.empty())
        out["worst"] =
            kind_json(r.kinds.front().odds.at_most && l.load && !l.kinds.empty() ? l.kinds.front()
                                                                                 : r.kinds.front());
    out["kinds"] = kinds_json(r.kinds);
    return out;
}

}  // namespace natbound
