// How often clients have no free port of their own; beside refusals, for nothing is then offered.
#include <cmath>

#include "natbound/answer/answer.hpp"
#include "natbound/calculator/own_ports.hpp"

namespace natbound {

namespace bj = boost::json;

bj::array own_ports_answer(const scenario& s, double scale, std::vector<std::string>* unknown) {
    constexpr std::size_t most = 100;  // a page, not a dump
    bj::array out;
    for (const auto& one : calculator::own_ports_of(s, calculator::fill_traffic(s), unknown)) {
        if (out.size() == most) break;
        const double log = one.log_refusal(scale);
        out.push_back(bj::object{
            {"from", s.clients[one.clients].name},
            {"to", s.servers[one.servers].name},
            {"destination", one.destination},
            {"ports", one.ports},
            {"load", one.load * scale},
            {"hold", one.hold},
            {"time_wait", one.waits},
            {"most_per_second", one.most_per_second()},
            {"probability", std::exp(log)},
            {"log_probability", std::isfinite(log) ? bj::value(log) : bj::value(nullptr)},
            {"average", one.average(scale)}});
    }
    return out;
}

}  // namespace natbound
