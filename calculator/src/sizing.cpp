// Each inverse is the forward formula, asked until the least whole number is found.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>
#include <natbound/calculator/sizing.hpp>
#include <optional>

#include "argument.hpp"
#include "least.hpp"
#include "smooth_attempts.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

void check_positive(const char* function, const char* argument, double value) {
    require(value > 0 && detail::finite_and_not_negative(value), function, argument, value,
            "must be finite and above 0");
}

void check_ports(const char* function, double ports) {
    require(ports >= 0 && ports <= 1e15, function, "ports", ports,
            "must be at least 0 and at most 1e15");
}

void check_target(const char* function, double target, bool one) {
    require(target > 0 && (one ? target <= 1 : target < 1), function, "target", target,
            one ? "must be above 0 and at most 1" : "must lie between 0 and 1");
}

// The fewest tries, where the smooth formula decides: it is right to 1e-9, and neither of the two
// numbers of tries beside its root comes that near to the target.
std::optional<std::uint64_t> smooth_tries(double ports, double load, double log_target) {
    constexpr double sure = 1e-7;
    // From what is refused where as many live as the target lets in, by secants.
    const double share = load * (1 - std::exp(log_target)) / ports;
    if (!(share < 1) || !(log_target < 0)) return {};
    double tries = std::max(1.0, log_target / std::log(share)), slope = std::log(share);
    std::optional<double> last;
    double last_tries = 0;
    for (int i = 0; i < 30; ++i) {
        const auto found = detail::smooth_log_refusal(ports, tries, load);
        if (!found) return {};
        const double above = *found - log_target;
        if (last && tries != last_tries) slope = (*found - *last) / (tries - last_tries);
        if (!(slope < 0)) return {};
        const double root = tries - above / slope;
        // Near enough: the two whole numbers beside the root are then computed themselves.
        if (std::abs(above) < -slope * 0.02) {
            const double many = std::ceil(root);
            const double low = many - 1;
            if (low < 1) return {};
            const auto enough = detail::smooth_log_refusal(ports, many, load);
            const auto few = detail::smooth_log_refusal(ports, low, load);
            if (!enough || !few) return {};
            if (*enough > log_target - sure || *few < log_target + sure) return {};
            return static_cast<std::uint64_t>(many);
        }
        last = found;
        last_tries = tries;
        tries = std::max(1.0, root);
    }
    return {};
}

constexpr const char* out_of_reach =
    "no number of tries refuses so few: Erlang's formula alone refuses more";

// The same by the chain, which is asked a few times: between two numbers of tries log refusal is
// nearly a line; every third time the middle is taken, or twice as many.
std::uint64_t tries_by_chain(std::uint64_t ports, double load, double log_target, draws how) {
    const std::uint64_t most = how == draws::without_replacement ? ports : 1ULL << 50;
    std::uint64_t few = 0, many = 0;   // many = 0: not known yet
    double log_few = 0, log_many = 0;  // no tries refuse everything
    const double share = load / static_cast<double>(ports);
    double guess = share < 1 && share > 0 ? log_target / std::log(share) : 1;
    for (int i = 1; many == 0 || many - few > 1; ++i) {
        const std::uint64_t above = many == 0 ? most : many - 1;
        const std::uint64_t middle =
            many == 0 ? std::min(2 * few + 1, most) : few + (many - few) / 2;
        std::uint64_t tries = middle;
        if (i % 3 != 0 && guess < static_cast<double>(above))
            tries = std::max(few + 1, static_cast<std::uint64_t>(std::max(guess, 1.0)));
        const double found = log_refusal_probability(ports, tries, load, how);
        if (found <= log_target) {
            many = tries;
            log_many = found;
        } else {
            require(tries < most, "tries_for", "target", std::exp(log_target), out_of_reach);
            few = tries;
            log_few = found;
        }
        const double from = static_cast<double>(few);
        guess = many == 0 ? from * log_target / log_few
                          : from + static_cast<double>(many - few) * (log_target - log_few) /
                                       (log_many - log_few);
    }
    return many;
}

// A formula and its inverses.
struct formulas {
    const char* function;
    std::uint64_t (*ports_for)(double load, double target);
    double (*load_for)(double ports, double target);
    double (*share)(double ports, double load);
    double (*log_share)(double ports, double load);
};

std::uint64_t least_addresses(const formulas& f, double load, std::uint64_t ports, double target,
                              addresses how) {
    require(load >= 0 && load <= 1e12, f.function, "load", load,
            "must be at least 0 and at most 1e12");
    require(ports >= 1 && ports <= 1ULL << 32, f.function, "ports", static_cast<double>(ports),
            "must be at least 1 and at most 2^32");
    check_target(f.function, target, true);
    if (target == 1) return 0;
    if (load == 0) return 1;
    const double each = static_cast<double>(ports);
    if (how == addresses::shared) {
        const std::uint64_t needed = f.ports_for(load, target);
        return (needed + ports - 1) / ports;
    }
    const auto meets = [&](std::uint64_t n) {
        const double share = load / static_cast<double>(n);
        return target < 0x1p-1022 ? f.log_share(each, share) <= std::log(target)
                                  : f.share(each, share) <= target;
    };
    const double about = std::ceil(load / f.load_for(each, target));
    require(about < 9e15, f.function, "target", target, "needs more than 9e15 addresses");
    // The quotient is right but for rounding, which near a target of 1 is much.
    auto many = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(about));
    if (!meets(many)) return detail::least_from(many, meets);
    std::uint64_t step = 1;
    for (; step < many && meets(many - step); step *= 2) many -= step;
    return detail::least(step < many ? many - step : 0, many, meets);
}

}  // namespace

double rate_for(double ports, double hold, double target) {
    check_ports("rate_for", ports);
    check_positive("rate_for", "hold", hold);
    check_target("rate_for", target, false);
    return load_for(ports, target) / hold;
}

double hold_for(double ports, double rate, double target) {
    check_ports("hold_for", ports);
    check_positive("hold_for", "rate", rate);
    check_target("hold_for", target, false);
    return load_for(ports, target) / rate;
}

double rate_for_waiting(double ports, double hold, double target) {
    check_ports("rate_for_waiting", ports);
    check_positive("rate_for_waiting", "hold", hold);
    check_target("rate_for_waiting", target, false);
    return load_for_waiting(ports, target) / hold;
}

double hold_for_waiting(double ports, double rate, double target) {
    check_ports("hold_for_waiting", ports);
    check_positive("hold_for_waiting", "rate", rate);
    check_target("hold_for_waiting", target, false);
    return load_for_waiting(ports, target) / rate;
}

std::uint64_t tries_for(std::uint64_t ports, double load, double target, draws how) {
    require(ports >= 1 && ports <= 1ULL << 32, "tries_for", "ports", static_cast<double>(ports),
            "must be at least 1 and at most 2^32");
    require(detail::finite_and_not_negative(load), "tries_for", "load", load,
            detail::rule_not_negative);
    check_target("tries_for", target, true);
    const double log_target = std::log(target);
    const double limit = log_erlang_b(static_cast<double>(ports), load);
    require(limit <= log_target + 1e-9, "tries_for", "target", target, out_of_reach);
    if (how == draws::with_replacement) {
        if (const auto sure = smooth_tries(static_cast<double>(ports), load, log_target)) {
            return *sure;
        }
    }
    return tries_by_chain(ports, load, log_target, how);
}

std::uint64_t addresses_for(double load, std::uint64_t ports, double target, addresses how) {
    return least_addresses({"addresses_for", ports_for, load_for, erlang_b, log_erlang_b}, load,
                           ports, target, how);
}

std::uint64_t addresses_for_waiting(double load, std::uint64_t ports, double target,
                                    addresses how) {
    return least_addresses(
        {"addresses_for_waiting", ports_for_waiting, load_for_waiting, erlang_c, log_erlang_c},
        load, ports, target, how);
}

}  // namespace natbound::calculator
