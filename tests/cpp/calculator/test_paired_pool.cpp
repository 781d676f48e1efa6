// Paired pooling: the product form against the chain of all states, solved by elimination.
#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/paired_pool.hpp>
#include <natbound/model/error.hpp>
#include <vector>

#include "catch.hpp"
#include "elimination.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

// Clients one by one (alike or not): their addresses, their flows towards each key.
struct small_pool {
    int addresses = 2;
    std::vector<int> ports;                  // by key
    std::vector<std::vector<double>> loads;  // by client and key
    int quota = 1 << 20, table = 1 << 20;    // flows of a client, of all

    using state = std::vector<int>;  // by client: address (-1: idle), flows by key

    std::size_t width() const { return ports.size() + 1; }
    int flows(const state& s, std::size_t c) const {
        int out = 0;
        for (std::size_t d = 0; d < ports.size(); ++d) out += s[c * width() + 1 + d];
        return out;
    }
    bool full(const state& s, std::size_t c, std::size_t d, int address) const {
        int busy = 0, all = 0;
        for (std::size_t i = 0; i < loads.size(); ++i) {
            all += flows(s, i);
            if (s[i * width()] == address) busy += s[i * width() + 1 + d];
        }
        return busy == ports[d] || flows(s, c) == quota || all == table;
    }
    std::vector<int> open_to(const state& s, std::size_t c) const {
        std::vector<int> out;
        if (s[c * width()] >= 0) return {s[c * width()]};
        for (int a = 0; a < addresses; ++a) out.push_back(a);
        return out;
    }

    template <class Visit>
    void moves(const state& s, Visit&& visit) const {
        for (std::size_t c = 0; c < loads.size(); ++c)
            for (std::size_t d = 0; d < ports.size(); ++d) {
                const auto may = open_to(s, c);
                for (const int a : may) {
                    if (full(s, c, d, a)) continue;
                    state to = s;
                    to[c * width()] = a;
                    ++to[c * width() + 1 + d];
                    visit(to, loads[c][d] / static_cast<double>(may.size()));
                }
                if (s[c * width() + 1 + d] == 0) continue;
                state to = s;
                --to[c * width() + 1 + d];
                if (flows(to, c) == 0) to[c * width()] = -1;
                visit(to, s[c * width() + 1 + d]);
            }
    }

    // By client and key.
    std::vector<std::vector<double>> refused() const {
        state empty(loads.size() * width(), 0);
        for (std::size_t c = 0; c < loads.size(); ++c) empty[c * width()] = -1;
        std::vector<std::vector<double>> out(loads.size(), std::vector<double>(ports.size()));
        for (const auto& [now, share] :
             law_of_states(empty, [this](const state&s, auto&&visit) { moves(s, visit); }))
            for (std::size_t c = 0; c < loads.size(); ++c)
                for (std::size_t d = 0; d < ports.size(); ++d) {
                    const auto may = open_to(now, c);
                    for (const int a : may)
                        if (full(now, c, d, a))
                            out[c][d] += share / static_cast<double>(may.size());
                }
        return out;
    }
};

paired_pool law_of(const small_pool& x) {
    paired_pool out{x.loads.size(), static_cast<std::uint64_t>(x.addresses), {}};
    for (std::size_t d = 0; d < x.ports.size(); ++d)
        out.keys.push_back({x.loads[0][d], static_cast<double>(x.ports[d]), 1});
    return out;
}

}  // namespace

TEST_CASE("paired pooling: all states of small systems") {
    const auto one = [](int clients, int addresses, std::vector<int> ports,
                        std::vector<double> loads) {
        const small_pool x{addresses, std::move(ports),
                           std::vector(static_cast<std::size_t>(clients), loads)};
        const auto truth = x.refused();
        for (std::size_t d = 0; d < x.ports.size(); ++d) {
            CAPTURE(clients, addresses, x.ports[d], loads[d], d);
            CHECK(relative_error(std::exp(log_paired_refusal(law_of(x), d)), truth[0][d]) < 1e-11);
        }
    };
    for (const double load : {1e-3, 0.2, 1.0, 6.0}) {
        for (const int ports : {1, 2, 3}) {
            one(2, 2, {ports}, {load});
            one(2, 3, {ports}, {load});
            one(3, 2, {ports}, {load});
            if (ports < 3) one(3, 3, {ports}, {load});
        }
        one(4, 2, {1}, {load});
        one(4, 3, {1}, {load});
        one(4, 2, {2}, {load});
        // keys that differ in load, and in ports
        one(2, 2, {1, 1}, {load, 0.7});
        one(2, 2, {2, 1}, {load, 0.1});
        one(2, 3, {1, 2}, {load, 3.0});
        one(3, 2, {1, 1}, {load, 0.4});
    }
}

TEST_CASE("paired pooling beside a quota or a table: the product bounds hold") {
    for (const double load : {1e-2, 0.3, 1.5, 8.0})
        for (const auto& [clients, addresses, ports] :
             {std::array{2, 2, 2}, std::array{3, 2, 2}, std::array{2, 3, 3}, std::array{4, 2, 1}}) {
            small_pool x{addresses,
                         {ports},
                         std::vector(static_cast<std::size_t>(clients), std::vector{load})};
            const double alone = std::exp(log_paired_refusal(law_of(x)));
            for (const int limit : {1, 2, 3, 4}) {
                CAPTURE(load, clients, addresses, ports, limit);
                small_pool within = x;
                within.table = limit;
                const double table = erlang_b(limit, load * clients);
                const double both = within.refused()[0][0];
                CHECK(both <= (1 - (1 - alone) * (1 - table)) * (1 + 1e-12));
                CHECK(both >= std::max(alone, table) * (1 - 1e-12));
                within = x;
                within.quota = limit;
                const double quota = erlang_b(limit, load);
                const double joint = within.refused()[0][0];
                CHECK(joint <= (1 - (1 - alone) * (1 - quota)) * (1 + 1e-12));
                CHECK(joint >= std::max(alone, quota) * (1 - 1e-12));
            }
        }
}

TEST_CASE("paired pooling: many clients on two addresses, term by term") {
    const long double ports = 6000;
    const std::uint64_t clients = 100000;
    for (const double load : {0.08, 0.118, 0.13, 0.3}) {
        std::vector<long double> fits(clients + 1);  // logarithms
        for (std::uint64_t k = 0; k <= clients; ++k) {
            const long double n = static_cast<long double>(k), mean = n * load;
            // the law of K clients is that of W(k) e^(k load) / k!
            fits[k] = -std::lgamma(n + 1);
            if (mean <= ports)
                fits[k] += mean + std::log(boost::math::gamma_q(ports + 1, std::max(mean, 1e-9L)));
            else
                fits[k] += ports * std::log(mean) - std::lgamma(ports + 1) -
                           log_erlang_b(6000, static_cast<double>(mean));
        }
        long double most = -1e30L, all = 0, refused = 0;
        for (std::uint64_t k = 0; k <= clients; ++k)
            most = std::max(most, fits[k] + fits[clients - k]);
        for (std::uint64_t k = 0; k <= clients; ++k) {
            const long double both = std::exp(fits[k] + fits[clients - k] - most);
            all += both;
            refused +=
                both * static_cast<long double>(k) * erlang_b(6000, static_cast<double>(k) * load);
        }
        const double want =
            static_cast<double>(2 / static_cast<long double>(clients) * refused / all);
        CAPTURE(load, want);
        CHECK(relative_error(paired_refusal(6000, load, clients, 2), want) < 1e-10);
    }
}

TEST_CASE("paired pooling at its ends") {
    CHECK(relative_error(paired_refusal(10, 0.5, 12, 1), erlang_b(10, 6)) < 1e-14);
    CHECK(relative_error(paired_refusal(10, 4, 1, 7), erlang_b(10, 4)) < 1e-14);
    CHECK(paired_refusal(0, 1, 3, 3) == 1);
    CHECK(paired_refusal(4, 0, 3, 3) == 0);
    CHECK(clients_on_fullest(1000, 1, 0.05) == 1000);
    // P(max > 5 of 6 on two addresses) = 2/64
    CHECK(clients_on_fullest(6, 2, 0.05) == 5);
    CHECK(clients_on_fullest(6, 2, 0.03) == 6);
    CHECK_THROWS_AS(paired_refusal(2.5, 1, 3, 3), natbound::domain_error);
    CHECK_THROWS_AS(paired_refusal(2, -1, 3, 3), natbound::domain_error);
    CHECK_THROWS_AS(paired_refusal(2, 1, 0, 3), natbound::domain_error);
    CHECK_THROWS_AS(load_for_paired(0, 2, 3, 0.1), natbound::domain_error);
    CHECK_THROWS_AS(load_for_paired(2, 2, 3, 1), natbound::domain_error);
    CHECK_THROWS_AS(addresses_for_paired(1, 1, 2, 1e-6), natbound::domain_error);
}

TEST_CASE("paired pooling: more load refuses more, more addresses less") {
    double before = -1e300;
    for (double load = 1e-3; load < 1e4; load *= 1.5) {
        const double here = log_paired_refusal({200, 7, {{load, 50, 3}}});
        CHECK(here > before);
        before = here;
    }
    before = 0;
    for (std::uint64_t addresses = 1; addresses < 400; addresses = addresses * 5 / 4 + 1) {
        const double here = log_paired_refusal({200, addresses, {{0.8, 20, 1}}});
        CHECK(here < before);
        before = here;
    }
}
