// A scenario through a change, as JSON.
#include <cmath>

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

bj::value maybe(const std::optional<double>& x) { return x ? bj::value(*x) : bj::value(nullptr); }

bj::array each(const std::vector<refusal_odds>& all) {
    bj::array out;
    for (const auto& one : all) out.push_back(odds_json(one));
    return out;
}

bj::object first_json(const after_result& r, const after_options& options) {
    bj::object out{{"mean", maybe(r.first.mean)}, {"at_most", r.first.at_most}};
    bj::array quantiles, by;
    for (std::size_t i = 0; i < options.quantiles.size(); ++i)
        quantiles.push_back(
            bj::object{{"p", options.quantiles[i]}, {"time", maybe(r.first.quantiles[i])}});
    for (const auto& p : r.first.by) by.push_back(maybe(p));
    out["quantiles"] = std::move(quantiles);
    out["by"] = std::move(by);
    bj::array between;
    for (const auto& p : r.first.by_interval)
        between.push_back(p ? bj::value(bj::array{(*p)[0], (*p)[1]}) : bj::value(nullptr));
    if (!between.empty()) out["by_intervals"] = std::move(between);
    if (!r.first.unknown.empty()) out["unknown"] = r.first.unknown;
    return out;
}

}  // namespace

bj::object after_answer(const scenario& before, const scenario& now, const after_options& options) {
    const auto r = after(before, now, options);
    bj::array times, live, kinds;
    for (const double t : r.times) times.push_back(t);
    for (const double n : r.live) live.push_back(n);
    constexpr std::size_t most = 100;  // the worst: a page, not a dump
    for (const auto& k : r.kinds) {
        if (kinds.size() == most) break;
        bj::object one = kind_json(k.who);
        one["rate"] = k.who.kind.rate * k.who.kind.endpoints;
        one["refused"] = each(k.at);
        kinds.push_back(std::move(one));
    }
    bj::object out{{"schema", "natbound.after/1"},
                   {"rate", r.rate},
                   {"load", r.load},
                   {"load_before", r.load_before},
                   {"start", options.live ? bj::value(*options.live) : bj::value("stationary")},
                   {"taken_away", options.cut ? "cut" : "kept"}};
    out["times"] = std::move(times);
    out["refused"] = each(r.overall);
    out["worst"] = each(r.worst);
    out["live"] = std::move(live);
    out["first_refusal"] = first_json(r, options);
    out["exact"] = r.exact;
    out["runs"] = r.runs;
    out["method"] = r.method;
    out["kinds"] = std::move(kinds);
    out["assumptions"] = texts(r.assumed);
    out["notes"] = texts(r.notes);
    return out;
}

}  // namespace natbound
