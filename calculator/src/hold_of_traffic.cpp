// The laws of a scenario's holds in terms of hold_time.
#include <natbound/calculator/hold_time.hpp>
#include <utility>

namespace natbound::calculator {

hold_time law_of(const open_time& open) {
    switch (open.law) {
        case hold_law::exponential:
            break;
        case hold_law::constant:
            return hold_time::constant(open.mean);
        case hold_law::lognormal:
            return hold_time::lognormal(open.mean, open.cv);
        case hold_law::gamma:
            return hold_time::gamma(open.mean, open.cv);
        case hold_law::mixture:
            return hold_time::hyperexponential(
                open.weights.empty() ? std::vector<double>(open.samples.size(), 1) : open.weights,
                open.samples);
        case hold_law::histogram:
            return hold_time::histogram(open.samples, open.weights);
        case hold_law::empirical:
            return hold_time::empirical(open.samples, open.weights);
    }
    return hold_time::exponential(open.mean);
}

hold_time hold_of(const open_time& open, const std::vector<closing_phase>& closing) {
    if (closing.empty()) return law_of(open);
    std::vector<hold_part> parts;
    double at_once = 1;  // the share that is kept in no phase
    for (const auto& phase : closing) {
        parts.push_back({phase.share, law_of(open), phase.seconds});
        at_once -= phase.share;
    }
    if (at_once > 1e-9) parts.push_back({at_once, law_of(open), 0});
    return hold_time::of_parts(parts);
}

hold_time hold_of(const filled_traffic& traffic) {
    // streams of one entry have one law
    std::vector<std::pair<const stream*, double>> laws;
    for (const auto& s : traffic.streams) {
        if (laws.empty() ||
            !(laws.back().first->open == s.open && laws.back().first->closing == s.closing))
            laws.emplace_back(&s, 0);
        laws.back().second += s.rate;
    }
    std::vector<hold_part> parts;
    for (const auto& [s, rate] : laws) parts.push_back({rate, hold_of(s->open, s->closing), 0});
    return hold_time::of_parts(parts);
}

}  // namespace natbound::calculator
