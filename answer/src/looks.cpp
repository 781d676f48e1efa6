#include "natbound/answer/looks.hpp"

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

bj::object looks::refused(const scenario& s, double lowest, double holds, double scale) const {
    need_traffic(s, "refusals are those of some traffic");
    auto how = options(holds);
    how.lowest = lowest;
    loss_study study(s, how);
    const auto r = study.risk(scale);
    bj::object out{{"load", r.load},
                   {"rate", r.rate},
                   {"exact", r.exact},
                   {"method", r.method.empty() ? "nothing refuses" : r.method},
                   {"overall", odds_json(r.overall)},
                   {"assumptions", texts(r.assumed)},
                   {"worst", odds_json(r.worst)},
                   {"kind", r.kinds.empty() ? bj::value(nullptr) : kind_json(r.kinds.front())}};
    bj::array refusing;
    for (const auto& one : study.refusing(scale))
        refusing.push_back(bj::object{{"what", one.what}, {"where", one.where}, {"log", one.log}});
    out["refusing"] = std::move(refusing);
    return out;
}

bj::object looks::carried(const scenario& s, double epsilon, double holds) const {
    const auto l = loss_study(s, options(holds)).likely(epsilon);
    const auto traffic = fill_traffic(s);
    bj::object out{{"connections", nullptr},
                   {"exact", l.exact},
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
