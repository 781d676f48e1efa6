// The least of several times to a first refusal.
#include "first_of_limits.hpp"

#include <algorithm>
#include <boost/math/interpolators/pchip.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/first_passage_law.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double most_ports = 40'000;  // of all laws that are looked at: a value takes 1 us a port
constexpr double most_passed = 2e7;    // of all means: some 18 ns a port
constexpr double long_run = 10'000;    // holds
constexpr double matters = 1e-4;       // of the sum of rates
constexpr double least_hazard = 1e-4, most_hazard = 14;

struct timed_limit {
    filling_limit of;
    double mean = 0;  // of one copy, seconds
    double rate() const { return of.copies / mean; }
};

// -log P(no copy has refused by t), by the logarithm of t: a line through logarithms of points.
class hazard_line {
  public:
    explicit hazard_line(const filling_limit& limit) {
        const first_passage_law law(limit.room, limit.load);
        const double from = law.log_quantile(-std::expm1(-least_hazard / limit.copies));
        const double to = law.log_quantile(-std::expm1(-most_hazard / limit.copies));
        constexpr int points = 32;
        std::vector<double> x, y;
        for (int i = 0; i < points; ++i) {
            const double here = from + (to - from) * i / (points - 1);
            const double before = law.cdf(std::exp(here));
            const double one =
                before < 0.5 ? -std::log1p(-before) : -std::log(law.survival(std::exp(here)));
            if (!(one > 0 && std::isfinite(one))) continue;
            x.push_back(here + std::log(limit.hold));
            y.push_back(std::log(limit.copies * one));
        }
        from_ = x.front();
        to_ = x.back();
        line_ = std::make_unique<line>(std::move(x), std::move(y));
    }
    double operator()(double log_t) const {
        return log_t < from_ ? 0 : std::exp((*line_)(std::min(log_t, to_)));
    }
    double from() const { return from_; }
    double to() const { return to_; }

  private:
    using line = boost::math::interpolators::pchip<std::vector<double>>;
    double from_ = 0, to_ = 0;
    std::unique_ptr<line> line_;
};

// The mean of the least of independent times: the integral of exp(-sum of hazards). Beyond the end
// of a line its own hazard leaves nothing to speak of.
double integrated(const std::vector<timed_limit>& limits, double other_rates) {
    std::vector<hazard_line> lines;
    for (const auto& one : limits) lines.emplace_back(one.of);
    double from = infinite, to = infinite;
    for (const auto& line : lines) {
        from = std::min(from, line.from());
        to = std::min(to, line.to());
    }
    from = std::min(from, to - 1);
    const auto left = [&](double x) {
        double hazard = other_rates * std::exp(x);
        for (const auto& line : lines) hazard += line(x);
        return std::exp(x - hazard);
    };
    constexpr int steps = 2000;
    const double wide = (to - from) / steps;
    double sum = (left(from) + left(to)) / 2;
    for (int i = 1; i < steps; ++i) sum += left(from + wide * i);
    return std::exp(from) + wide * sum;  // until `from` hardly anything
}

// Sums of rates, or the integral where the run is short. `exact` is cleared where it is too long
// to integrate, and what is returned is a bound from below.
double least_of(const std::vector<timed_limit>& limits, bool& exact) {
    if (limits.size() == 1 && limits.front().of.copies == 1) return limits.front().mean;
    double rates = 0, holds = 0, ports = 0;
    for (const auto& one : limits) rates += one.rate();
    if (rates == 0) return infinite;
    std::vector<timed_limit> main;
    double others = 0;
    for (const auto& one : limits)
        if (one.rate() < matters * rates) {
            others += one.rate();
        } else {
            main.push_back(one);
            holds = std::max(holds, one.of.hold);
            ports += static_cast<double>(one.of.room);
        }
    if (1 / rates > long_run * holds) return 1 / rates;
    if (ports > most_ports) {
        exact = false;
        return 1 / rates;
    }
    return integrated(main, others);
}

// Alike ones put together, and without those that refuse far more rarely than another in the long
// run: a mean takes a pass over all ports, Erlang's formula none. (Refusals come in clusters, so a
// first one is later than by their rate; but not by so much.)
std::vector<filling_limit> that_matter(const std::vector<filling_limit>& limits) {
    constexpr double rarer = 45;  // of logarithms
    std::map<std::tuple<std::uint64_t, double, double>, double> copies;
    for (const auto& one : limits)
        if (one.load > 0) copies[{one.room, one.load, one.hold}] += one.copies;
    std::vector<std::pair<double, filling_limit>> all;
    double most = -infinite;
    for (const auto& [kind, many] : copies) {
        const auto& [room, load, hold] = kind;
        const double log =
            std::log(many * load / hold) + log_erlang_b(static_cast<double>(room), load);
        all.push_back({log, {room, load, hold, many}});
        most = std::max(most, log);
    }
    std::vector<filling_limit> out;
    for (const auto& [log, one] : all)
        if (log > most - rarer) out.push_back(one);
    return out;
}

}  // namespace

std::optional<mean_bounds> mean_first_refusal(const std::vector<filling_limit>& limits,
                                              bool apart) {
    const auto some = that_matter(limits);
    double ports = 0;
    for (const auto& one : some) ports += static_cast<double>(one.room);
    if (ports > most_passed) return std::nullopt;
    std::vector<timed_limit> timed;
    for (const auto& one : some)
        timed.push_back({one, time_to_first_refusal(one.room, one.load).mean * one.hold});
    if (timed.empty()) return mean_bounds{infinite, infinite};
    bool exact = true;
    const double low = least_of(timed, exact);
    if (apart) return mean_bounds{low, exact ? low : infinite};
    double high = infinite;
    for (const auto& one : timed) {
        bool own = true;
        const double mean = least_of({one}, own);
        high = std::min(high, own ? mean : one.mean);
    }
    return mean_bounds{std::min(low, high), high};
}

}  // namespace natbound::calculator::detail
