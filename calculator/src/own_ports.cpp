// Streams put together by client and server set.
#include "natbound/calculator/own_ports.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/calculator/endpoint_amounts.hpp"
#include "natbound/calculator/erlang.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator {
namespace {

// Of the streams from one set to another: of each endpoint an even part, and parts of its own.
own_ports gathered(const scenario& s, const std::vector<const stream*>& streams) {
    const auto& c = s.clients[streams.front()->clients];
    const auto& v = s.servers[streams.front()->servers];
    const auto addresses = static_cast<double>(c.addresses.size());
    const auto endpoints = static_cast<double>(v.addresses.size() * v.ports.size());
    own_ports out;
    out.clients = streams.front()->clients;
    out.servers = streams.front()->servers;
    out.ports = static_cast<double>(c.ports.size());
    double taken = 0;
    endpoint_amounts sockets{endpoints};
    for (const auto* t : streams) {
        out.rate += t->rate;
        taken += t->rate * t->socket_hold();
        out.waits = out.waits || (t->time_wait && t->fin * t->client_closes * *t->time_wait > 0);
        sockets.add(*t, t->rate * t->socket_hold() / addresses);
    }
    out.hold = taken / out.rate;
    const std::size_t busiest = sockets.busiest();
    out.load = sockets.most();
    for (const double x : sockets.uneven) out.shares.push_back((sockets.even + x) / out.load);
    const auto ports = static_cast<std::size_t>(v.ports.size());
    out.destination =
        detail::endpoint_text(v.addresses.at(busiest / ports), v.ports.at(busiest % ports));
    return out;
}

// Batches and states of one law, thinned to one address; none where no chain is known.
std::optional<burst_law> bursts_of(const std::vector<stream>& all,
                                   const std::vector<const stream*>& streams, double addresses,
                                   double ports) {
    const auto& first = *streams.front();
    for (const auto* t : streams)
        if (t->socket_hold() != t->open.mean || !t->weights.empty()) return std::nullopt;
    auto law = one_law(all, [&](const stream& t) {
        return t.clients == first.clients && t.servers == first.servers;
    });
    if (!law || !has_chain(ports, *law)) return std::nullopt;
    law->arrives = law->arrives.thinned(1 / addresses);
    return law;
}

double log_odds_of(const own_ports& x, double load) {
    return x.bursts ? log_burst_refusal(x.ports, load, *x.bursts) : log_erlang_b(x.ports, load);
}

}  // namespace

double own_ports::log_refusal(double scale) const { return log_odds_of(*this, load * scale); }

double own_ports::average(double scale) const {
    if (shares.empty()) return std::exp(log_refusal(scale));
    std::map<double, double> alike;  // endpoints by their share
    for (const double x : shares) alike[x] += 1;
    double refused = 0, all = 0;
    for (const auto& [share, many] : alike) {
        if (share > 0) refused += many * share * std::exp(log_odds_of(*this, load * scale * share));
        all += many * share;
    }
    return refused / all;
}

double own_ports::scale_for(double target) const {
    return (bursts ? load_for_bursts(ports, *bursts, target) : load_for(ports, target)) / load;
}

std::vector<own_ports> own_ports_of(const scenario& s, const filled_traffic& traffic,
                                    std::vector<std::string>* unknown) {
    std::map<std::pair<std::size_t, std::size_t>, std::vector<const stream*>> by_sets;
    for (const auto& t : traffic.streams)
        if (t.rate > 0) by_sets[{t.clients, t.servers}].push_back(&t);
    std::vector<own_ports> out;
    for (const auto& [sets, streams] : by_sets) {
        auto one = gathered(s, streams);
        const auto& c = s.clients[sets.first];
        const bool bursty = std::any_of(streams.begin(), streams.end(), [](const auto* t) {
            return t->arrives.law != arrival_law::poisson;
        });
        if (bursty) {
            one.bursts = bursts_of(traffic.streams, streams,
                                   static_cast<double>(c.addresses.size()), one.ports);
            if (!one.bursts) {
                if (unknown &&
                    std::find(unknown->begin(), unknown->end(), c.name) == unknown->end())
                    unknown->push_back(c.name);
                continue;
            }
        }
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace natbound::calculator
