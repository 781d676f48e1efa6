// Puts the three numbers together, and ranks the limits.
#include "natbound/answer/answer.hpp"

#include <algorithm>
#include <set>

#include "capacity.hpp"
#include "curve_part.hpp"
#include "evidence.hpp"
#include "failure.hpp"
#include "limits.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "remedies.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

bj::object guaranteed_part(const scenario& s, const guaranteed_result& g, const maximum_result& m) {
    bj::object out{{"connections", counted(g.connections)},
                   {"nothing_fails", g.nothing_fails},
                   {"binds", g.binds},
                   {"nat", g.nat},
                   {"failing", g.failing},
                   {"sets_it", g.sets_it}};
    bj::object body = g.evidence;
    if (g.nothing_fails) {
        out["connections"] = counted(m.connections);
        body["connections"] = counted(m.connections);
        bj::object bound = body["lower-bound"].as_object();
        bound["maximum"] = m.evidence;
        body["lower-bound"] = std::move(bound);
    }
    if (out["connections"].is_null()) {
        out["at_least"] = counted(g.nothing_fails ? m.at_least : g.at_least);
        if (g.nothing_fails)
            out["at_most"] = counted(m.at_most);
        else if (g.at_most)
            out["at_most"] = counted(*g.at_most);
    }
    out["evidence"] = certificate("guaranteed", s, std::move(body));
    return out;
}

// Where the busiest destination's share is a guess between bounds: the scenario with the least.
std::optional<scenario> least_top_shares(const scenario& s) {
    scenario out = s;
    bool range = false;
    for (auto& t : out.traffic)
        if (t.top_share && t.top_share->least != t.top_share->most) {
            t.top_share->most = t.top_share->least;
            range = true;
        }
    if (!range) return std::nullopt;
    return out;
}

// A number that this version can't settle, and why.
bj::object unknown_part(const std::string& why) {
    return {{"connections", nullptr}, {"unknown", why}, {"evidence", nullptr}};
}

// Whether it is the clients' own ports that run out first, where somebody asked for TIME-WAIT.
bool clients_first(const bj::value& first, const scenario& s) {
    return first.is_object() && first.at("kind").as_string() == "sockets" &&
           std::any_of(s.clients.begin(), s.clients.end(),
                       [](const client_set& c) { return c.time_wait.has_value(); });
}

// The answer where the odds can't be worked out.
bj::object without_likely(bj::object out, const scenario& s, const maximum_result& m,
                          bool nothing_fails, const std::string& why, double epsilon) {
    auto likely = unknown_part(why);
    likely["epsilon"] = epsilon;
    out["likely"] = std::move(likely);
    out["maximum"] = maximum_part(s, m);
    out["traffic"] = bj::object{{"given", !s.traffic.empty()}, {"unknown", why}};
    out["limits"] = bj::array{};
    out["first_limit"] = nullptr;
    out["failure"] = nothing_fails ? bj::array{} : failure_lines(s);
    out["watch"] = nothing_fails ? bj::array{} : watch_lines(s);
    out["remedies"] = bj::array{};
    out["assumptions"] = bj::array{};
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    return out;
}

}  // namespace

bj::object answer(const scenario& s, const answer_options& options) {
    if (!(options.epsilon > 0 && options.epsilon < 1))
        throw domain_error("answer: epsilon must be above 0 and below 1");
    const work_step here("working out the three numbers");
    const auto m = maximum(s);
    // What one number can't be settled for leaves the others as they are.
    std::string open;
    guaranteed_result g;
    try {
        g = guaranteed(s, options.interrupt);
    } catch (const unsupported& why) {
        open = why.what();
    }
    std::optional<remedies> helping;
    const bool help = options.remedies && open.empty() && !g.nothing_fails;
    if (help && few_nats(s)) helping.emplace(s, options);
    calculator::study_options how;
    how.seed = options.seed;
    how.interrupt = options.interrupt;
    how.holds = 8;
    how.known = std::make_shared<calculator::known_curves>();
    bj::object out{{"schema", "natbound.answer/1"}, {"description", s.description}};
    out["guaranteed"] = open.empty() ? guaranteed_part(s, g, m) : unknown_part(open);
    std::optional<calculator::loss_study> study_of;
    calculator::likely_result l;
    calculator::risk_result r;
    try {
        study_of.emplace(s, how);
        l = study_of->likely(options.epsilon);
        r = study_of->risk();
    } catch (const unsupported& why) {
        return without_likely(std::move(out), s, m, open.empty() && g.nothing_fails, why.what(),
                              options.epsilon);
    }
    if (help && !helping && !r.kinds.empty()) helping.emplace(s, options, r.kinds.front().nat);
    const bool given = !s.traffic.empty();
    const auto mildest = least_top_shares(s);
    const auto felt = study_of->with_own_ports(l);
    out["likely"] = likely_part(s, felt, options.seed);
    out["maximum"] = maximum_part(s, m);
    out["traffic"] = traffic_part(r, felt, given);
    if (mildest) try {
            calculator::loss_study other(*mildest, how);
            const auto mild = other.likely(options.epsilon);
            out["likely"].as_object()["range"] =
                bj::array{l.load ? bj::value(*l.load) : bj::value(nullptr),
                          mild.load ? bj::value(*mild.load) : bj::value(nullptr)};
            out["traffic"].as_object()["refusal_probability_range"] =
                bj::array{odds_json(other.risk().overall), odds_json(r.overall)};
        } catch (const limit_reached&) {  // the ends of the range stay open
        }
    limit_question asked;
    asked.s = &s;
    asked.epsilon = options.epsilon;
    asked.load = given ? r.load : 0;
    asked.likely = &l;
    asked.ports_alone = [&] {
        // to rank by, as risk does
        auto rough = how;
        rough.holds = 2;
        rough.bounds = false;
        const scenario alone = with_ports_alone(s);
        return calculator::loss_study(alone, rough).likely(options.epsilon);
    };
    asked.guaranteed = &g;
    asked.maximum = &m;
    bj::array limits;
    try {
        limits = limits_part(asked);
    } catch (const limit_reached&) {  // none is ranked
    }
    if (l.load && l.exact) try {
            auto curve = curve_part(*study_of, r.load, *l.load);
            auto& told = out["likely"].as_object()["curve"].as_array();
            if (curve.size() > told.size()) told = std::move(curve);
        } catch (const limit_reached&) {  // what was looked at is the curve
        }
    out["first_limit"] = limits.empty() ? bj::value(nullptr) : bj::value(first_limit(limits));
    out["limits"] = std::move(limits);
    out["failure"] = g.nothing_fails ? bj::array{} : failure_lines(s);
    out["watch"] = g.nothing_fails ? bj::array{} : watch_lines(s);
    if (clients_first(out["first_limit"], s)) {
        out["failure"].as_array().push_back(out_of_ports_line());
        out["watch"].as_array().push_back(out_of_ports_watch());
    }
    out["remedies"] = helping ? helping->collect() : bj::array{};
    bj::array assumed;
    std::set<std::string> said;
    for (const auto& list : {l.assumed, r.assumed})
        for (const auto& text : list)
            if (said.insert(text).second) assumed.push_back(bj::string(text));
    out["assumptions"] = std::move(assumed);
    if (auto ended = limit_json(); !ended.empty()) out["limit"] = std::move(ended);
    return out;
}

}  // namespace natbound
