// The coefficient of x^K in U(x)^A and in V(x) U(x)^(A-1), where u_k = W(k) / k! and
// v_k = k B(k) u_k: by Cauchy's integral along the circle through the saddle, where nothing
// cancels and the sum over equally spaced points is right but for the coefficients a turn away.
// All of these are log-concave, and more so than a Poisson law (W is log-concave: the survival of a
// gamma law in its argument), so that a turn of 16 standard deviations and some is enough, and
// sums over k run from the largest term to both sides.
#include "natbound/calculator/paired_pool.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <utility>

#include "argument.hpp"
#include "logarithms.hpp"
#include "natbound/calculator/erlang.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

constexpr double most_counted = 1 << 24;
constexpr double most_load = 1e9;
constexpr double drop = 44;  // terms below e^-44 of the largest are left out

using plain = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

// Whether P(Poisson(mean) > ports), mean <= ports, is too little to matter: its first term and a
// geometric series.
bool surely_fit(double ports, double mean) {
    return mean == 0 ||
           detail::log_poisson_weight(ports + 1, mean) - std::log1p(-mean / (ports + 2)) < -drop;
}

// The mean up to which so many ports surely fit all.
double sure_mean(double ports) {
    double low = 0, high = ports;
    for (int i = 0; i < 30; ++i) {
        const double middle = (low + high) / 2;
        (surely_fit(ports, middle) ? low : high) = middle;
    }
    return low;
}

// log W(k) by one key. Neither a constant nor a factor e^k on W(k) changes a law of K clients:
// where an even dealing has more flows than ports, W(k) is taken over e^(-k load) and the last term
// of an even dealing, so that little is left to cancel.
class key_weight {
  public:
    key_weight(const paired_key& key, double even, double sure)
        : key_(key), even_(even), sure_(sure), heavy_(even * key.load > key.ports) {
        if (heavy_)
            last_ = detail::log_poisson_weight(key.ports, even * key.load) + even * key.load;
    }

    double log(double k) const {
        const double mean = k * key_.load;
        if (mean <= key_.ports) {
            const double fit =
                mean <= sure_ ? 0
                              : std::log1p(-boost::math::gamma_p(key_.ports + 1, mean, plain()));
            return fit + (heavy_ ? mean - last_ : 0);
        }
        const double full = log_erlang_b(key_.ports, mean);
        if (heavy_) return key_.ports * std::log(k / even_) - full;
        return detail::log_poisson_weight(key_.ports, mean) - full;
    }

  private:
    paired_key key_;
    double even_, sure_;
    bool heavy_;
    double last_ = 0;
};

// Weights of k clients on an address, from the first to the last that counts.
struct terms {
    std::uint64_t first = 0;
    std::vector<double> weights;  // over their sum
    double log_sum = 0, mean = 0, variance = 0;
    std::uint64_t centre = 0;  // of phases
};

class dealing {
  public:
    dealing(const paired_pool& pool, std::size_t key)
        : pool_(pool),
          own_(pool.keys[key]),
          clients_(static_cast<double>(pool.clients)),
          addresses_(static_cast<double>(pool.addresses)),
          last_{(pool.clients - 1) / pool.addresses + 1, (pool.clients - 1) / pool.addresses + 1} {
        const std::uint64_t even = last_[0];
        double ports = -1, sure = 0;
        for (const auto& each : pool.keys) {
            if (each.ports != ports) sure = sure_mean(each.ports);
            ports = each.ports;
            // what all clients on one address surely fit weighs 1
            if (clients_ * each.load > sure)
                keys_.emplace_back(key_weight(each, static_cast<double>(even), sure), each.copies);
        }
        even_ = even;
        slope_ = fits(even - 1) - fits(even);
    }

    double log_refusal() {
        const double start = std::log(clients_ / addresses_);
        const point all = at_saddle(false, start), refused = at_saddle(true, all.tilt);
        const double more = refused.tilt - all.tilt, mean = std::exp(all.tilt);
        return std::min(0.0, std::log(addresses_ / clients_) + (refused.log - all.log) +
                                 (addresses_ * mean * std::expm1(more) - clients_ * more));
    }

  private:
    struct point {
        double tilt, log;
    };

    static double& at(std::vector<double>& known, std::uint64_t k) {
        if (k >= known.size())
            known.resize(std::max<std::size_t>(k + 1, known.size() * 3 / 2),
                         std::numeric_limits<double>::quiet_NaN());
        return known[k];
    }

    double fits(std::uint64_t k) {
        double& known = at(fits_, k);
        if (std::isnan(known)) {
            known = 0;
            for (const auto& [weight, copies] : keys_)
                known += copies * weight.log(static_cast<double>(k));
        }
        return known;
    }

    double log_term(bool refused, std::uint64_t k, double mean) {
        const auto n = static_cast<double>(k);
        const double away = n - static_cast<double>(even_);
        const double out =
            detail::log_poisson_weight(n, mean) + ((fits(k) - fits(even_)) + away * slope_);
        if (!refused) return out;
        double& known = at(full_, k);
        if (std::isnan(known)) known = std::log(n) + log_erlang_b(own_.ports, n * own_.load);
        return out + known;
    }

    // The k of the largest term, from where the last one was.
    std::uint64_t largest(bool refused, std::uint64_t least, double mean) {
        const auto rises = [&](std::uint64_t k) {
            return log_term(refused, k + 1, mean) > log_term(refused, k, mean);
        };
        std::uint64_t& last = last_[refused ? 1 : 0];
        std::uint64_t low = std::clamp(last, least, pool_.clients), high = low, step = 1;
        for (; high < pool_.clients && rises(high); step *= 2) {
            low = high + 1;
            high = std::min(pool_.clients, high + step);
        }
        for (step = 1; low == high && low > least; step *= 2) {
            low = low - least > step ? low - step : least;
            if (rises(low)) break;
            high = low;
        }
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            if (rises(middle))
                low = middle + 1;
            else
                high = middle;
        }
        return last = low;
    }

    terms terms_at(bool refused, double tilt) {
        const double mean = std::exp(tilt);
        const std::uint64_t least = refused ? 1 : 0;
        const std::uint64_t low = largest(refused, least, mean);
        const double top = log_term(refused, low, mean);
        std::vector<double> below, above;
        for (std::uint64_t k = low; k > least; --k) {
            const double here = log_term(refused, k - 1, mean) - top;
            if (here < -drop) break;
            below.push_back(std::exp(here));
        }
        for (std::uint64_t k = low; k < pool_.clients; ++k) {
            const double here = log_term(refused, k + 1, mean) - top;
            if (here < -drop) break;
            above.push_back(std::exp(here));
        }
        terms out;
        out.first = low - below.size();
        out.centre = low;
        out.weights.assign(below.rbegin(), below.rend());
        out.weights.push_back(1);
        out.weights.insert(out.weights.end(), above.begin(), above.end());
        double sum = 0, moment = 0, square = 0;
        for (std::size_t i = 0; i < out.weights.size(); ++i) {
            const double away = static_cast<double>(i) - static_cast<double>(below.size());
            sum += out.weights[i];
            moment += away * out.weights[i];
            square += away * away * out.weights[i];
        }
        for (double& w : out.weights) w /= sum;
        out.log_sum = top + std::log(sum);
        out.mean = static_cast<double>(low) + moment / sum;
        out.variance = std::max(0.0, square / sum - moment / sum * (moment / sum));
        return out;
    }

    // Where the mean number of clients on all addresses is theirs: by Newton's method, as the mean
    // grows with the tilt, kept between bounds. Near enough will do.
    point at_saddle(bool refused, double tilt) {
        constexpr int rounds = 200;
        double low = -std::numeric_limits<double>::infinity(), high = -low;
        for (int i = 0;; ++i) {
            const terms each = terms_at(false, tilt);
            const terms one = refused ? terms_at(true, tilt) : each;
            const double others = addresses_ - 1;
            const double over = one.mean + others * each.mean - clients_;
            const double variance = one.variance + others * each.variance;
            if (std::fabs(over) <= std::max(0.1 * std::sqrt(variance), 1e-3) || i == rounds)
                return {tilt, one.log_sum + others * each.log_sum +
                                  std::log(coefficient(one, each, variance))};
            (over > 0 ? high : low) = tilt;
            double step = variance > 0 ? -over / variance : 0;
            if (!(std::fabs(step) <= 2)) step = over > 0 ? -2 : 2;
            if (step == 0) step = over > 0 ? -1 : 1;
            tilt += step;
            if (tilt <= low || tilt >= high) tilt = (low + high) / 2;
        }
    }

    // Sum of weights e^(i (k - centre) angle).
    static std::complex<double> transform(const terms& t, double angle) {
        constexpr std::size_t afresh = 128;  // steps that phases are multiplied up for
        const std::complex<double> turn = std::polar(1.0, angle);
        const auto begin = static_cast<double>(t.first) - static_cast<double>(t.centre);
        double real = 0, imaginary = 0;
        for (std::size_t i = 0; i < t.weights.size(); i += afresh) {
            const auto start = std::polar(1.0, (begin + static_cast<double>(i)) * angle);
            double x = start.real(), y = start.imag();
            const std::size_t end = std::min(t.weights.size(), i + afresh);
            for (std::size_t j = i; j < end; ++j) {
                real += t.weights[j] * x;
                imaginary += t.weights[j] * y;
                const double next = x * turn.real() - y * turn.imag();
                y = x * turn.imag() + y * turn.real();
                x = next;
            }
        }
        return {real, imaginary};
    }

    // The chance that one and the others, drawn by these weights, have all clients together.
    double coefficient(const terms& one, const terms& each, double variance) const {
        constexpr double enough = 1e-19;
        const auto points = 2 * static_cast<std::int64_t>(8 * std::sqrt(variance) + 24);
        const auto others = static_cast<std::int64_t>(pool_.addresses) - 1;
        const auto off = static_cast<std::int64_t>(pool_.clients) -
                         static_cast<std::int64_t>(one.centre) -
                         others * static_cast<std::int64_t>(each.centre);
        const bool same = one.first == each.first && one.weights == each.weights;
        double sum = 1;
        int small = 0;
        for (std::int64_t j = 1; j <= points / 2 && small < 6; ++j) {
            const double angle =
                2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(points);
            const auto shared = transform(each, angle);
            const auto own = same ? shared : transform(one, angle);
            // whole turns taken away before they cost digits
            const double turned = static_cast<double>(j * (off % points) % points);
            const double phase = std::arg(own) + static_cast<double>(others) * std::arg(shared) -
                                 2 * std::numbers::pi * turned / static_cast<double>(points);
            const double size = std::exp(std::log(std::abs(own)) +
                                         static_cast<double>(others) * std::log(std::abs(shared)));
            small = size < enough ? small + 1 : 0;
            sum += (2 * j == points ? 1 : 2) * size * std::cos(phase);
        }
        return sum / static_cast<double>(points);
    }

    const paired_pool& pool_;
    const paired_key& own_;
    double clients_, addresses_;
    std::array<std::uint64_t, 2> last_;
    std::vector<std::pair<key_weight, double>> keys_;  // and their copies
    std::vector<double> fits_, full_;  // log W(k) and log k B(k), by clients on an address
    // With a factor e^(slope (k - even)) on W(k) / W(even) the means that the tilted sums need are
    // near K / A, and what is summed near 1, however heavy the load.
    double slope_ = 0;
    std::uint64_t even_ = 0;
};

void check(const char* function, const paired_pool& pool) {
    const auto counted = [&](const char* name, std::uint64_t n) {
        detail::require(n >= 1 && static_cast<double>(n) <= most_counted, function, name,
                        static_cast<double>(n), "must be at least 1 and at most 2^24");
    };
    counted("clients", pool.clients);
    counted("addresses", pool.addresses);
    for (const auto& key : pool.keys) {
        detail::require(
            key.ports >= 0 && key.ports <= most_counted && key.ports == std::floor(key.ports),
            function, "ports", key.ports, "must be a whole number, 0 to 2^24");
        detail::require(key.load >= 0 && key.load <= most_load, function, "load", key.load,
                        "must be at least 0 and at most 1e9");
        detail::require(
            key.copies >= 1 && key.copies <= 1e9 && key.copies == std::floor(key.copies), function,
            "destinations", key.copies, "must be a whole number, 1 to 1e9");
    }
}

void check_target(const char* function, double target) {
    detail::require(target > 0 && target < 1, function, "target", target,
                    "must be above 0 and below 1");
}

paired_pool pool_of(double ports, double load, std::uint64_t clients, std::uint64_t addresses,
                    std::uint64_t destinations) {
    return {clients, addresses, {{load, ports, static_cast<double>(destinations)}}};
}

}  // namespace

double log_paired_refusal(const paired_pool& pool, std::size_t key) {
    check("paired_refusal", pool);
    const auto& own = pool.keys.at(key);
    if (own.ports == 0) return 0;
    if (own.load == 0) return detail::log_zero;
    // one address, or one client: nothing is dealt
    if (pool.addresses == 1 || pool.clients == 1)
        return log_erlang_b(own.ports, own.load * static_cast<double>(pool.clients));
    return dealing(pool, key).log_refusal();
}

double paired_refusal(double ports, double load, std::uint64_t clients, std::uint64_t addresses,
                      std::uint64_t destinations) {
    return std::exp(log_paired_refusal(pool_of(ports, load, clients, addresses, destinations)));
}

double load_for_paired(double ports, std::uint64_t clients, std::uint64_t addresses, double target,
                       std::uint64_t destinations) {
    constexpr const char* name = "load_for_paired";
    check(name, pool_of(ports, 1, clients, addresses, destinations));
    check_target(name, target);
    detail::require(ports >= 1, name, "ports", ports,
                    "must be at least 1, to refuse less than all");
    const double wanted = std::log(target);
    const auto over = [&](double log_load) {
        return log_paired_refusal(
                   pool_of(ports, std::exp(log_load), clients, addresses, destinations)) -
               wanted;
    };
    // All clients on one address, and evenly: between these, or nearly.
    double low = std::log(ports / static_cast<double>(clients)) - 1, high = low + 2;
    while (over(low) > 0) low -= 2;
    while (over(high) < 0) {
        high += 1;
        detail::require(high < std::log(most_load), name, "target", target,
                        "is refused at no load up to 1e9");
    }
    std::uintmax_t most = 100;
    const auto found = boost::math::tools::toms748_solve(
        over, low, high, boost::math::tools::eps_tolerance<double>(48), most);
    return std::exp((found.first + found.second) / 2);
}

std::uint64_t addresses_for_paired(double ports, double load, std::uint64_t clients, double target,
                                   std::uint64_t destinations) {
    constexpr const char* name = "addresses_for_paired";
    check(name, pool_of(ports, load, clients, 1, destinations));
    check_target(name, target);
    const double wanted = std::log(target);
    detail::require(ports >= 1 && (load == 0 || log_erlang_b(ports, load) <= wanted), name,
                    "target", target,
                    "one client by itself, with an address of its own, is "
                    "refused more often than that");
    const auto meets = [&](std::uint64_t addresses) {
        return log_paired_refusal(pool_of(ports, load, clients, addresses, destinations)) <= wanted;
    };
    std::uint64_t low = 0, high = 1;
    while (!meets(high)) {
        low = high;
        high *= 2;
        detail::require(static_cast<double>(high) <= most_counted, name, "target", target,
                        "is not met by 2^24 addresses");
    }
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (meets(middle) ? high : low) = middle;
    }
    return high;
}

std::uint64_t clients_on_fullest(std::uint64_t clients, std::uint64_t addresses, double share) {
    check("clients_on_fullest", {clients, addresses, {}});
    detail::require(share > 0 && share < 1, "clients_on_fullest", "share", share,
                    "must be above 0 and below 1");
    if (addresses == 1) return clients;
    const auto n = static_cast<double>(clients), a = static_cast<double>(addresses);
    const boost::math::binomial_distribution<double> on(n, 1 / a);
    std::uint64_t low = (clients + addresses - 1) / addresses, high = clients;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const double more = a * cdf(complement(on, static_cast<double>(middle)));
        if (more <= share)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

}  // namespace natbound::calculator
