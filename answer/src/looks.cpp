#include "natbound/answer/looks.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "evidence.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/traffic.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

// How many server endpoints the traffic goes to.
double destinations(const scenario& s, const filled_traffic& traffic) {
    std::set<std::size_t> reached;
    for (const auto& stream : traffic.streams)
        if (stream.rate > 0) reached.insert(stream.servers);
    double out = 0;
    for (const auto i : reached)
        out += static_cast<double>(s.servers[i].addresses.size() * s.servers[i].ports.size());
    return out;
}

// Refused, or before that without a port of its own, with probability exp(log).
refusal_odds either(const refusal_odds& refused, double log) {
    const double own = std::exp(log);
    const auto both = [&](double p) { return own + (1 - own) * p; };
    refusal_odds out{both(refused.value), both(refused.low), both(refused.high), 0, false};
    const double high = std::max(log, refused.log), low = std::min(log, refused.log);
    out.log = std::min(0.0, std::isinf(low) ? high : high + std::log1p(std::exp(low - high)));
    out.at_most = refused.at_most && refused.value > own;
    return out;
}

}  // namespace

looks::looks(std::uint64_t seed, std::function<void()> interrupt)
    : seed_(seed), interrupt_(std::move(interrupt)), known_(std::make_shared<known_curves>()) {}

study_options looks::options(double holds) const {
    study_options out;
    out.seed = seed_;
    out.holds = holds;
    out.bounds = false;
    out.first = false;
    out.interrupt = interrupt_;
    out.known = known_;
    return out;
}

bj::object looks::refused(const scenario& s, double lowest, double holds, double scale,
                          double precision) const {
    need_traffic(s, "refusals are those of some traffic");
    auto how = options(holds);
    how.lowest = lowest;
    how.precision = precision;
    loss_study study(s, how);
    const auto r = study.risk(scale);
    auto worst = r.failing;  // as carried() counts
    auto refusing_limits = study.refusing(scale);
    if (const auto own = study.short_of_own_ports(scale)) {
        worst = either(worst, own->log);
        refusing_limits.push_back(*own);
        std::stable_sort(refusing_limits.begin(), refusing_limits.end(),
                         [](const auto& a, const auto& b) { return a.log > b.log; });
    }
    bj::object out{{"load", r.load},
                   {"rate", r.rate},
                   {"exact", r.exact},
                   {"method", r.method.empty() ? "nothing refuses" : r.method},
                   {"overall", odds_json(r.overall)},
                   {"assumptions", texts(r.assumed)},
                   {"worst", odds_json(worst)},
                   {"kind", r.kinds.empty() ? bj::value(nullptr) : kind_json(r.kinds.front())}};
    bj::array refusing;
    for (const auto& one : refusing_limits)
        refusing.push_back(bj::object{{"what", one.what}, {"where", one.where}, {"log", one.log}});
    out["refusing"] = std::move(refusing);
    return out;
}

bj::object looks::carried(const scenario& s, double epsilon, double holds) const {
    loss_study study(s, options(holds));
    const auto nats = study.likely(epsilon);
    const auto l = study.with_own_ports(nats);
    const auto traffic = fill_traffic(s);
    bj::object out{{"connections", nullptr},
                   {"exact", nats.exact},
                   {"own_ports", l.load != nats.load},
                   {"nat", l.kinds.empty() ? std::string() : l.kinds.front().nat},
                   {"destinations", destinations(s, traffic)},
                   {"load", traffic.load()},
                   {"rate", traffic.rate()}};
    if (l.load) {
        out["connections"] = *l.load;
        out["interval"] = bj::array{l.low, l.high};
    }
    return out;
}

}  // namespace natbound
