#include <algorithm>
#include <cmath>
#include <natbound/calculator/batches.hpp>
#include <natbound/calculator/burst_limit.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/modulated.hpp>

namespace natbound::calculator {

std::optional<burst_law> one_law(const std::vector<stream>& streams,
                                 const std::function<bool(const stream&)>& chosen) {
    std::optional<burst_law> out;
    for (const auto& t : streams) {
        if (!chosen(t)) continue;
        const bool kept = std::any_of(t.closing.begin(), t.closing.end(),
                                      [](const auto& c) { return c.share * c.seconds > 0; });
        if (t.open.law != hold_law::exponential || kept) return std::nullopt;
        if (out && !(out->arrives == t.arrives && out->hold == t.open.mean)) return std::nullopt;
        out = burst_law{t.arrives, t.open.mean};
    }
    return out;
}

bool has_chain(double limit, const burst_law& law) {
    constexpr double most = 1 << 20, most_work = 4e7;
    const auto states = static_cast<double>(law.arrives.levels.size());
    return limit <= most && limit * states * states * states <= most_work;
}

double log_burst_refusal(double limit, double load, const burst_law& law) {
    const double offered = std::clamp(load, 1e-100, 1e12 / law.arrives.peak());
    const auto room = static_cast<std::uint64_t>(limit);
    if (law.arrives.law == arrival_law::batches)
        return batches(room, offered, law.arrives.batch, batch_law::geometric).log_refusal;
    if (!law.arrives.changes()) return log_erlang_b(limit, offered);
    auto switching = law.arrives.switching;
    for (auto& row : switching)
        for (double& x : row) x *= law.hold;
    std::vector<double> loads;
    for (const double level : law.arrives.levels) loads.push_back(offered * level);
    return modulated(room, switching, loads).log_refusal;
}

double load_for_bursts(double limit, const burst_law& law, double target) {
    const double wanted = std::log(target);
    double low = -30, high = 30;
    for (int i = 0; i < 60; ++i) {
        const double x = (low + high) / 2;
        (log_burst_refusal(limit, limit * std::exp(x), law) > wanted ? high : low) = x;
    }
    return limit * std::exp((low + high) / 2);
}

}  // namespace natbound::calculator
