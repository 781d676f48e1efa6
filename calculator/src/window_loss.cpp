#include <algorithm>
#include <cmath>
#include <map>
#include <natbound/calculator/window_loss.hpp>
#include <utility>

#include "argument.hpp"
#include "monotone.hpp"
#include "window_search.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "window_loss";
constexpr double least_loss = 1e-8;
constexpr double last_bits = 8e-15;  // of the logarithm of a loss

void check_windows(const char* function, const std::vector<std::uint64_t>& windows) {
    detail::require(!windows.empty() && windows.size() <= 6, function, "windows",
                    static_cast<double>(windows.size()), "must be 1 to 6 rounds");
    constexpr const char* argument[] = {"windows[0]", "windows[1]", "windows[2]",
                                        "windows[3]", "windows[4]", "windows[5]"};
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const auto w = static_cast<double>(windows[i]);
        if (i == 0)
            detail::require(w >= 8 && w <= 256, function, argument[0], w,
                            "must be at least 8 and at most 256");
        else
            detail::require(w >= 1 && windows[i] <= windows[i - 1], function, argument[i], w,
                            "must be at least 1 and at most the window before");
    }
}

double fewest_ports(const std::vector<std::uint64_t>& windows) {
    double all = 0;
    for (const auto w : windows) all += static_cast<double>(w);
    return (windows.size() == 1 ? 4 : 30) * all;
}

void check(const char* function, double ports, double load,
           const std::vector<std::uint64_t>& windows) {
    check_windows(function, windows);
    detail::require(!(ports > std::floor(ports)), function, "ports", ports,
                    "must be a whole number");
    detail::require(ports >= fewest_ports(windows) && ports <= 4194304, function, "ports", ports,
                    windows.size() == 1
                        ? "must be at least 4 windows and at most 4,194,304"
                        : "must be at least 30 times all windows together and at most 4,194,304");
    detail::require(load >= 0.3 * ports && load <= 1.25 * ports, function, "load", load,
                    "must be 0.3 to 1.25 times the ports");
}

// The searches that were asked last are kept: most are asked at many loads or ports.
detail::kept_search& search_of(const std::vector<std::uint64_t>& windows, window_hold hold) {
    constexpr std::size_t most = 16;
    using key = std::pair<std::vector<std::uint64_t>, window_hold>;
    thread_local std::map<key, detail::kept_search> kept;
    const auto it = kept.find({windows, hold});
    if (it != kept.end()) return it->second;
    if (kept.size() >= most) kept.clear();
    return kept.try_emplace({windows, hold}, windows, hold).first->second;
}

void check_target(const char* function, double target) {
    detail::require_target(function, target);
    detail::require(target >= least_loss, function, "target", target,
                    "must be at least 1e-8: rarer refusals were not simulated");
}

constexpr const char* not_simulated =
    "is not met at a load that was simulated with such windows: 0.3 to 1.25 times the ports, with "
    "at least 1e-6 of the first windows full; Scenario.likely() simulates it";

constexpr const char* unsteady =
    "must be more for so many rounds: what is busy in all fluctuates so much that more than 1.8 "
    "times as many are refused; window_refusal() simulates it";
constexpr const char* unsteady_load =
    "must be more for so many rounds: at ports that meet the target what is busy in all fluctuates "
    "so much that more than 1.8 times as many are refused; window_refusal() simulates it";

}  // namespace

double window_loss(double ports, double load, const std::vector<std::uint64_t>& windows,
                   window_hold hold) {
    check(name, ports, load, windows);
    auto& kept = search_of(windows, hold);
    auto& search = kept.search;
    const auto& of_many = kept.of_many;
    // more refused means fewer busy, and so fewer refused: one crossing
    const auto above = [&](double log_refused) {
        return search.above(ports, load / ports * -std::expm1(log_refused), log_refused);
    };
    const detail::rough_search rough(search, ports);
    const auto line = [&](const detail::rough_search& by) {
        return [&](double log_refused) {
            return by.log_failing(load / ports * -std::expm1(log_refused)) - log_refused;
        };
    };
    const double log = detail::crossing_near_rough(std::log(least_loss / 2), 0, last_bits, above,
                                                   line(rough), line(of_many));
    const double loss = std::exp(log);
    // at an end of what was simulated there is no crossing
    const bool crossed = std::fabs(above(log)) < 1e-3;
    if (!crossed && load > 0.8 * ports)
        detail::refuse(name, "load", load,
                       "keeps more ports busy than were simulated with such windows");
    if (!search.simulated() || search.rare())
        detail::refuse(name, "load", load,
                       "must be so high that at least 1e-6 of the first windows are full");
    if (!crossed || loss < least_loss)
        detail::refuse(name, "load", load, "must be so high that at least 1e-8 are refused");
    if (search.unsteady()) detail::refuse(name, "ports", ports, unsteady);
    return loss;
}

// With the share that is refused known, so is that of the ports kept busy: the load need not be
// looked for.
double load_for_window(double ports, const std::vector<std::uint64_t>& windows, double target,
                       window_hold hold) {
    constexpr const char* function = "load_for_window";
    check(function, ports, ports, windows);
    check_target(function, target);
    const double log_refused = std::log(target);
    auto& kept = search_of(windows, hold);
    auto& search = kept.search;
    const auto& of_many = kept.of_many;
    // by the logarithm of busy ports over free ones
    const auto busy_at = [](double t) { return 1 / (1 + std::exp(-t)); };
    const double least = 0.3 * (1 - target);
    const detail::rough_search rough(search, ports);
    const auto line = [&](const detail::rough_search& by) {
        return [&](double x) { return log_refused - by.log_failing(busy_at(x)); };
    };
    const double t = detail::crossing_near_rough(
        std::log(least / (1 - least)), 10, 2e-15,
        [&](double x) { return -search.above(ports, busy_at(x), log_refused); }, line(rough),
        line(of_many));
    const double found = busy_at(t) * ports / (1 - target);
    // at most so much is refused of it: no more than that fail where so many are busy
    double off = HUGE_VAL;
    const double load = detail::a_hair_less(found, [&](double less) {
        off = search.above(ports, less / ports * (1 - target), log_refused);
        return off <= 0 || off > 1e-3;
    });
    detail::require(
        std::fabs(off) < 1e-3 && !search.rare() && load >= 0.3 * ports && load <= 1.25 * ports,
        function, "target", target, not_simulated);
    detail::require(!search.unsteady(), function, "ports", ports, unsteady);
    return load;
}

std::uint64_t ports_for_window(double load, const std::vector<std::uint64_t>& windows,
                               double target, window_hold hold) {
    constexpr const char* function = "ports_for_window";
    detail::require(load >= 1 && load <= 1.25 * 4194304, function, "load", load,
                    "must be at least 1 and at most 1.25 x 4,194,304");
    check_windows(function, windows);
    check_target(function, target);
    auto& kept = search_of(windows, hold);
    auto& search = kept.search;
    const auto& of_many = kept.of_many;
    struct met {
        double ports = HUGE_VAL, above = HUGE_VAL;
        bool rare = false, unsteady = false;
    } fewest;  // that were found to meet
    const auto above = [&](std::uint64_t n) {
        const auto ports = static_cast<double>(n);
        const double found = search.above(ports, load * (1 - target) / ports, std::log(target));
        if (found <= 0 && ports < fewest.ports)
            fewest = {ports, found, search.rare(), search.unsteady()};
        return found;
    };
    const double few = std::ceil(std::fmax(load / 1.25, fewest_ports(windows)));
    const double many = std::floor(std::fmin(load / 0.3, 4194304));
    constexpr const char* met_by_few =
        "is met by the fewest ports there are data for: 0.8 times the load, 4 windows, "
        "with several rounds 30 times all windows";
    detail::require(few < many, function, "target", target, met_by_few);
    // as if there were so many as there is load: how few that changes little
    const detail::rough_search rough(search, std::fmax(load, fewest_ports(windows)));
    const auto line = [&](const detail::rough_search& by) {
        return [&](double n) { return by.log_failing(load * (1 - target) / n) - std::log(target); };
    };
    const auto over = line(rough);
    const double about = detail::crossing_near_like(few, many, 0.01 * load, over, line(of_many));
    const double apart = 1 + 1e-4 * about;
    const double slope = (over(about - apart) - over(about + apart)) / (2 * apart);
    const std::uint64_t ports =
        detail::least_near(static_cast<std::uint64_t>(few), static_cast<std::uint64_t>(many), about,
                           std::isfinite(slope) ? slope : 1e-3, above);
    detail::require(static_cast<double>(ports) > few, function, "target", target, met_by_few);
    detail::require(
        fewest.ports == static_cast<double>(ports) && std::isfinite(fewest.above) && !fewest.rare,
        function, "target", target, not_simulated);
    detail::require(!fewest.unsteady, function, "load", load, unsteady_load);
    return ports;
}

}  // namespace natbound::calculator
