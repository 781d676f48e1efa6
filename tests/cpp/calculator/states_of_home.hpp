#pragma once
// The refusal probability of a tiny NAT from all of its states: the truth that `likely` is held to.
#include <algorithm>
#include <map>
#include <natbound/model/choose.hpp>
#include <utility>
#include <vector>

#include "all_draws.hpp"

namespace natbound::test {

// All states of a tiny home exactly: which socket holds which port. Clients' ports are ranges from
// 1030.
inline double exact_refusal(const nat_plan& plan, const std::vector<std::vector<port>>& clients,
                            double load) {
    std::vector<std::pair<std::size_t, port>> sockets;
    for (std::size_t c = 0; c < clients.size(); ++c)
        for (const port p : clients[c]) sockets.emplace_back(c, p);
    using state = std::vector<port>;  // a socket's external port, or 0
    std::map<state, std::size_t> number;
    std::vector<state> states;
    const auto find = [&](const state& s) {
        const auto [it, fresh] = number.try_emplace(s, states.size());
        if (fresh) states.push_back(s);
        return it->second;
    };
    struct arrow {
        std::size_t to;
        double rate;
    };
    std::vector<std::vector<arrow>> arrows;
    std::vector<double> failing, offered;
    find(state(sockets.size(), 0));
    const double each = load / static_cast<double>(clients.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
        const state s = states[i];
        port_bits bits;
        for (const port p : s)
            if (p != 0) bits.take(p);
        std::vector<arrow> out;
        double fail = 0, offer = 0;
        for (std::size_t k = 0; k < sockets.size(); ++k) {
            state next = s;
            if (s[k] != 0) {
                next[k] = 0;
                out.push_back({find(next), 1});
                continue;
            }
            int open = 0;
            for (std::size_t j = 0; j < sockets.size(); ++j)
                open += sockets[j].first == sockets[k].first && s[j] == 0;
            const double rate = each / open;
            std::map<port, double> chosen;
            all_draws draws;
            do {
                const auto found = choose_port(plan, bits, sockets[k].second, {}, draws);
                chosen[found ? found->at : 0] += draws.probability();
            } while (draws.next());
            for (const auto& [p, probability] : chosen) {
                offer += rate * probability;
                if (p == 0) {
                    fail += rate * probability;
                } else {
                    next[k] = p;
                    out.push_back({find(next), rate * probability});
                }
            }
        }
        arrows.push_back(std::move(out));
        failing.push_back(fail);
        offered.push_back(offer);
    }
    // the stationary law, by power iteration of the uniformized chain
    double fastest = load;
    for (std::size_t i = 0; i < states.size(); ++i) {
        double sum = 0;
        for (const auto& a : arrows[i]) sum += a.rate;
        fastest = std::max(fastest, sum * 1.01);
    }
    std::vector<double> now(states.size(), 1.0 / static_cast<double>(states.size())),
        then(states.size());
    for (int round = 0; round < 600; ++round) {
        then = now;
        for (std::size_t i = 0; i < states.size(); ++i)
            for (const auto& a : arrows[i]) {
                then[i] -= now[i] * a.rate / fastest;
                then[a.to] += now[i] * a.rate / fastest;
            }
        now.swap(then);
    }
    double bad = 0, all = 0;
    for (std::size_t i = 0; i < states.size(); ++i) {
        bad += now[i] * failing[i];
        all += now[i] * offered[i];
    }
    return bad / all;
}

}  // namespace natbound::test
