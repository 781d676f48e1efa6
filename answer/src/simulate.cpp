// The simulator as JSON.
#include <algorithm>

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/calculator/simulator.hpp"

namespace natbound {

namespace bj = boost::json;

bj::object simulation_answer(const scenario& s, std::uint64_t seed, std::uint64_t arrivals,
                             const std::function<void(double)>& progress, double scale) {
    calculator::simulate_options options;
    options.seed = seed;
    options.arrivals = arrivals;
    options.scale = scale;
    if (progress)
        options.progress = [&](std::uint64_t done, std::uint64_t all) {
            progress(std::min(1.0, static_cast<double>(done) / static_cast<double>(all)));
        };
    const auto found = calculator::simulate(s, options);
    bj::array kinds;
    for (const auto& k : found.kinds)
        kinds.push_back({{"from", k.clients},
                         {"to", k.servers},
                         {"destination", k.destination},
                         {"arrivals", k.arrivals},
                         {"refused", k.refused},
                         {"cut", k.cut},
                         {"refusal_probability", k.refusal_probability},
                         {"interval", bj::array{k.low, k.high}}});
    return {{"schema", "natbound.simulate/1"},
            {"seed", seed},
            {"arrivals", found.arrivals},
            {"refused", found.refused},
            {"cut", found.cut},
            {"refusal_probability", found.refusal_probability},
            {"interval", bj::array{found.low, found.high}},
            {"refused_by_rate", found.policed},
            {"packets", bj::object{{"offered", found.packets}, {"lost", found.packets_lost}}},
            {"unoffered", found.unoffered},
            {"events", found.events},
            {"mean_live", found.mean_live},
            {"kinds", std::move(kinds)},
            {"assumptions", texts(found.assumed)}};
}

}  // namespace natbound
