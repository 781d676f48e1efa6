// Clients whose flows take ports of one address: how likely they fit, and find the ports full.
#include "natbound/calculator/paired_pool.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <utility>

#include "argument.hpp"
#include "dealing.hpp"
#include "logarithms.hpp"
#include "natbound/calculator/erlang.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

constexpr double most_counted = 1 << 24;
constexpr double most_load = 1e9;
constexpr double drop = 44;  // chances below e^-44 do not matter

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

// log W(k), by all keys.
class key_weights {
  public:
    explicit key_weights(const paired_pool& pool) {
        const auto even = static_cast<double>(detail::dealing::even(pool.clients, pool.addresses));
        double ports = -1, sure = 0;
        for (const auto& each : pool.keys) {
            if (each.ports != ports) sure = sure_mean(each.ports);
            ports = each.ports;
            // what all clients on one address surely fit weighs 1
            if (static_cast<double>(pool.clients) * each.load > sure)
                keys_.emplace_back(key_weight(each, even, sure), each.copies);
        }
    }

    double operator()(std::uint64_t k) const {
        double out = 0;
        for (const auto& [weight, copies] : keys_)
            out += copies * weight.log(static_cast<double>(k));
        return out;
    }

  private:
    std::vector<std::pair<key_weight, double>> keys_;  // and their copies
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
    const auto full = [&](std::uint64_t k) {
        return log_erlang_b(own.ports, static_cast<double>(k) * own.load);
    };
    return std::min(
        0.0, detail::dealing(pool.clients, pool.addresses, key_weights(pool)).log_mean(full));
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
