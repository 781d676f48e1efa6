// The fewest tries that meet a target. What is asked: the smooth formula for large pools where it
// decides, the direct sum for small ones, the chain where either comes near to the target.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/sizing.hpp>
#include <optional>

#include "argument.hpp"
#include "direct_attempts.hpp"
#include "smooth_attempts.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

// The fewest tries, where the smooth formula decides: it is right to 1e-9, and neither of the two
// numbers of tries beside its root comes that near to the target.
std::optional<std::uint64_t> smooth_tries(double ports, double load, double log_target, draws how) {
    constexpr double sure = 1e-7;
    const auto smooth = [&](double tries) -> std::optional<double> {
        const auto found = detail::smooth_attempts(ports, tries, load, how);
        return found ? std::optional(found->log_refusal) : std::nullopt;
    };
    // From what is refused where as many live as the target lets in, by secants.
    const double share = load * (1 - std::exp(log_target)) / ports;
    if (!(share < 1) || !(log_target < 0)) return {};
    double tries = std::max(1.0, log_target / std::log(share)), slope = std::log(share);
    std::optional<double> last;
    double last_tries = 0;
    for (int i = 0; i < 30; ++i) {
        const auto found = smooth(tries);
        if (!found) return {};
        const double above = *found - log_target;
        if (last && tries != last_tries) slope = (*found - *last) / (tries - last_tries);
        if (!(slope < 0)) return {};
        const double root = tries - above / slope;
        // Near enough: the root lies between two whole numbers, or these are computed themselves.
        if (std::abs(above) < -slope * 0.02) {
            const double many = std::ceil(root);
            const double low = many - 1;
            if (low < 1) return {};
            constexpr double apart = 0.05;  // more than the step to the root
            if (last && std::min(many - root, root - low) > apart && -slope * apart > 10 * sure)
                return static_cast<std::uint64_t>(many);
            const auto enough = smooth(many);
            const auto few = smooth(low);
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

// log refusal as a function of the tries; near to the target always by the chain.
class log_refused {
  public:
    log_refused(std::uint64_t ports, double load, double log_target, draws how)
        : ports_(ports), load_(load), log_target_(log_target), how_(how) {
        if (how == draws::with_replacement && ports <= detail::direct_attempts::most_ports)
            direct_.emplace(ports, load);
    }

    double operator()(std::uint64_t tries) {
        if (direct_) {
            const auto found = direct_->log_refusal(static_cast<double>(tries), log_target_);
            if (found && std::abs(*found - log_target_) > 1e-9) return *found;
        }
        return log_refusal_probability(ports_, tries, load_, how_);
    }

  private:
    std::uint64_t ports_;
    double load_, log_target_;
    draws how_;
    std::optional<detail::direct_attempts> direct_;
};

// Between two numbers of tries log refusal is nearly a line; where that does little the middle is
// taken, or twice as many.
std::uint64_t tries_by_chain(std::uint64_t ports, double load, double log_target, draws how) {
    const std::uint64_t most = how == draws::without_replacement ? ports : 1ULL << 50;
    log_refused refused(ports, load, log_target, how);
    std::uint64_t few = 0, many = 0;   // many = 0: not known yet
    double log_few = 0, log_many = 0;  // no tries refuse everything
    bool half = false;
    const double share = load * (1 - std::exp(log_target)) / static_cast<double>(ports);
    double guess = share < 1 && share > 0 ? log_target / std::log(share) : 1;
    for (int i = 1; many == 0 || many - few > 1; ++i) {
        const std::uint64_t above = many == 0 ? most : many - 1;
        const std::uint64_t middle =
            many == 0 ? std::min(2 * few + 1, most) : few + (many - few) / 2;
        const std::uint64_t width = above - few;
        std::uint64_t tries = middle;
        if (!half && guess < static_cast<double>(above))
            tries = std::max(few + 1, static_cast<std::uint64_t>(std::max(guess, 1.0)));
        const double found = refused(tries);
        if (found <= log_target) {
            many = tries;
            log_many = found;
        } else {
            require(tries < most, "tries_for", "target", std::exp(log_target), out_of_reach);
            few = tries;
            log_few = found;
        }
        half = many == 0 ? i % 3 == 2 : !half && 2 * (many - few) > width;
        const double from = static_cast<double>(few);
        guess = many == 0 ? from * log_target / log_few
                          : std::ceil(from + static_cast<double>(many - few) *
                                                 (log_target - log_few) / (log_many - log_few));
    }
    return many;
}

}  // namespace

std::uint64_t tries_for(std::uint64_t ports, double load, double target, draws how) {
    require(ports >= 1 && ports <= 1ULL << 32, "tries_for", "ports", static_cast<double>(ports),
            "must be at least 1 and at most 2^32");
    require(detail::finite_and_not_negative(load), "tries_for", "load", load,
            detail::rule_not_negative);
    require(target > 0 && target <= 1, "tries_for", "target", target,
            "must be above 0 and at most 1");
    const double log_target = std::log(target);
    const double limit = log_erlang_b(static_cast<double>(ports), load);
    require(limit <= log_target + 1e-9, "tries_for", "target", target, out_of_reach);
    if (const auto sure = smooth_tries(static_cast<double>(ports), load, log_target, how))
        return *sure;
    return tries_by_chain(ports, load, log_target, how);
}

}  // namespace natbound::calculator
