// The simulator as JSON: each system of the traffic (a clash scope on an address) is stepped apart,
// with its share of the arrivals. Poisson traffic that is split at random stays Poisson, so they do
// not disturb one another; only a flow table would join them.
#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/answer/answer.hpp"
#include "natbound/calculator/systems.hpp"
#include "natbound/model/error.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

constexpr int batches = 20;
constexpr double student = 2.093;  // 97.5 % of Student's t with 19 degrees of freedom
constexpr double warm_holds = 5;

struct tally {
    double arrivals = 0, failed = 0;
};

}  // namespace

bj::object simulation_answer(const scenario& s, std::uint64_t seed, std::uint64_t arrivals,
                             const std::function<void(double)>& progress) {
    const filled_traffic traffic = fill_traffic(s);
    const system_split all = split(s, traffic);
    double rate = 0;
    for (const auto& system : all.systems)
        for (const auto& part : system.parts) rate += part.rate * system.copies;
    const double routed =
        std::max(0.0, all.rate - rate);  // of client sets inside no NAT: never refused
    std::uint64_t offered = 0, refused = 0, cut = 0;
    double probability = 0, variance = 0, work = 0;
    std::vector<tally> by_kind(all.kinds.size());
    for (const auto& system : all.systems) {
        double own = 0;
        for (const auto& part : system.parts) own += part.rate;
        // systems that are alike are stepped once, with the arrivals of all of them
        const double share = own * system.copies / all.rate;
        const auto mine =
            static_cast<std::uint64_t>(std::ceil(static_cast<double>(arrivals) * share / batches));
        std::vector<std::size_t> kinds;
        const simulation_input input = input_for(s, all, system, kinds);
        simulation run(input,
                       seed * 1000003 + static_cast<std::uint64_t>(&system - all.systems.data()));
        run.fill();
        for (double left = warm_holds * system.load(); left > 0; left -= 20000) {
            run.advance(std::min(left, 20000.0));
            if (progress) progress(work);
        }
        run.clear_counts();
        std::vector<double> means;
        tally before;
        for (int b = 0; b < batches; ++b) {
            for (std::uint64_t left = mine; left > 0;) {
                const std::uint64_t step = std::min<std::uint64_t>(left, 50000);
                run.arrive(step);
                left -= step;
                work += share * static_cast<double>(step) / static_cast<double>(mine * batches);
                if (progress) progress(std::min(1.0, work));
            }
            tally now;
            for (const auto& c : run.counts()) {
                now.arrivals += static_cast<double>(c.arrivals);
                now.failed += static_cast<double>(c.failed());
            }
            const double here = now.arrivals - before.arrivals;
            means.push_back(here > 0 ? (now.failed - before.failed) / here : 0);
            before = now;
        }
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            const auto& c = run.counts()[k];
            by_kind[kinds[k]].arrivals += static_cast<double>(c.arrivals);
            by_kind[kinds[k]].failed += static_cast<double>(c.failed());
        }
        for (const auto& c : run.counts()) {
            offered += c.arrivals;
            refused += c.refused;
            cut += c.cut;
        }
        double mean = 0, square = 0;
        for (const double m : means) mean += m / batches;
        for (const double m : means) square += (m - mean) * (m - mean);
        probability += share * mean;
        variance += share * share * square / (batches * (batches - 1));
    }
    const double off = student * std::sqrt(variance);
    bj::array list;
    for (std::size_t k = 0; k < all.kinds.size(); ++k) {
        const auto& kind = all.kinds[k];
        list.push_back(
            bj::object{{"from", s.clients[kind.clients].name},
                       {"to", s.servers[kind.servers].name},
                       {"destination", to_string(kind.address) + ":" + std::to_string(kind.port)},
                       {"endpoints", kind.endpoints},
                       {"arrivals", by_kind[k].arrivals},
                       {"failed", by_kind[k].failed}});
    }
    bj::array assumed;
    for (const auto& texts : {traffic.assumed, all.assumed})
        for (const auto& text : texts) assumed.push_back(bj::string(text));
    for (const auto& n : s.nats)
        if (n.connection_limits.limit_per_instance || n.mapping_limits.limit_port_mappings)
            assumed.push_back(
                bj::string("the flow table of " + n.name +
                           " is left out: each destination and address is stepped apart"));
    return {
        {"schema", "natbound.simulate/1"},
        {"seed", seed},
        {"arrivals", offered},
        {"refused", refused},
        {"cut", cut},
        {"refusal_probability", probability},
        {"interval", bj::array{std::max(0.0, probability - off), std::min(1.0, probability + off)}},
        {"untranslated_share", routed / all.rate},
        {"kinds", std::move(list)},
        {"assumptions", std::move(assumed)}};
}

}  // namespace natbound
