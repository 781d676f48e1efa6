#include "natbound/answer/looks.hpp"

#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/traffic.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

void has_traffic(const scenario& s) {
    if (s.traffic.empty())
        throw input_error("traffic", "", "a size is one for traffic, and the scenario has none",
                          "add traffic: [{from: ..., to: ..., rate: 500/s, hold: 60s}]");
}

}  // namespace

looks::looks(std::uint64_t seed, std::function<void()> interrupt)
    : seed_(seed), interrupt_(std::move(interrupt)), known_(std::make_shared<known_curves>()) {}

study_options looks::options(double holds) const {
    study_options out;
    out.seed = seed_;
    out.holds = holds;
    out.bounds = false;
    out.interrupt = interrupt_;
    out.known = known_;
    return out;
}

bj::object looks::refused(const scenario& s, double lowest, double holds) const {
    has_traffic(s);
    auto how = options(holds);
    how.lowest = lowest;
    loss_study study(s, how);
    const auto r = study.risk();
    bj::object out{{"load", r.load},
                   {"rate", r.rate},
                   {"exact", r.exact},
                   {"worst", odds_json(r.worst)},
                   {"kind", r.kinds.empty() ? bj::value(nullptr) : kind_json(r.kinds.front())}};
    bj::array refusing;
    for (const auto& one : study.refusing())
        refusing.push_back(bj::object{{"what", one.what}, {"where", one.where}, {"log", one.log}});
    out["refusing"] = std::move(refusing);
    return out;
}

bj::object looks::carried(const scenario& s, double epsilon, double holds) const {
    has_traffic(s);
    const auto l = loss_study(s, options(holds)).likely(epsilon);
    const auto traffic = fill_traffic(s);
    bj::object out{{"connections", nullptr},
                   {"exact", l.exact},
                   {"nat", l.kinds.empty() ? std::string() : l.kinds.front().nat},
                   {"load", traffic.load()},
                   {"rate", traffic.rate()}};
    if (l.load) {
        out["connections"] = *l.load;
        out["interval"] = bj::array{l.low, l.high};
    }
    return out;
}

}  // namespace natbound
