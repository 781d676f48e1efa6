// Parts by union-find over client sets and NATs.
#include "natbound/solver/independent.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace natbound {

namespace {

bool limited(const server_set& v) { return v.connection_limits || v.backends; }

class joined {
  public:
    // Clients first, then NATs.
    joined(const scenario& s, const demand_list& demand) : parent_(s.clients.size()) {
        const std::size_t clients = s.clients.size();
        parent_.resize(clients + s.nats.size());
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
        std::map<std::string, std::size_t> named;
        for (std::size_t c = 0; c < clients; ++c) named[s.clients[c].name] = c;
        for (std::size_t n = 0; n < s.nats.size(); ++n) named[s.nats[n].name] = clients + n;
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            for (const auto& name : s.nats[n].inside) join(clients + n, named.at(name));
        by_addresses(s);
        by_servers(s, demand);
    }

    // What was one item as it was given (a NAT with workers).
    void by_given_names(const scenario& s) {
        std::map<std::string, std::size_t> first;
        const auto look = [&](const std::string& name, std::size_t i) {
            const auto it = s.given_names.find(name);
            if (it != s.given_names.end()) join(i, first.try_emplace(it->second, i).first->second);
        };
        for (std::size_t c = 0; c < s.clients.size(); ++c) look(s.clients[c].name, c);
        for (std::size_t n = 0; n < s.nats.size(); ++n) look(s.nats[n].name, s.clients.size() + n);
    }

    std::size_t root(std::size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }

  private:
    void join(std::size_t a, std::size_t b) { parent_[root(a)] = root(b); }

    // A sweep: what lies over the part that reaches furthest until now shares addresses with it.
    void by_addresses(const scenario& s) {
        struct span {
            interval<ip_address> part;
            std::size_t of;
        };
        std::vector<span> spans;
        for (std::size_t c = 0; c < s.clients.size(); ++c)
            for (const auto& part : s.clients[c].addresses.parts()) spans.push_back({part, c});
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            for (const auto& part : s.nats[n].external_ip_address_pool.parts())
                spans.push_back({part, s.clients.size() + n});
        std::sort(spans.begin(), spans.end(),
                  [](const span& a, const span& b) { return a.part.first < b.part.first; });
        std::size_t furthest = 0;
        for (std::size_t i = 1; i < spans.size(); ++i) {
            if (!(spans[furthest].part.last < spans[i].part.first))
                join(spans[i].of, spans[furthest].of);
            if (spans[furthest].part.last < spans[i].part.last) furthest = i;
        }
    }

    void by_servers(const scenario& s, const demand_list& demand) {
        std::map<std::size_t, std::size_t> first;
        for (const auto& p : demand)
            if (limited(s.servers[p.server]))
                join(p.client, first.try_emplace(p.server, p.client).first->second);
    }

    std::vector<std::size_t> parent_;
};

}  // namespace

std::map<std::string, std::size_t> part_numbers(const scenario& s) {
    demand_list all;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        for (std::size_t c = 0; limited(s.servers[v]) && c < s.clients.size(); ++c)
            if (reaches(s.clients[c], s.servers[v])) all.push_back({c, v, 1});
    joined parts(s, all);
    parts.by_given_names(s);
    std::map<std::size_t, std::size_t> numbers;  // by root
    std::map<std::string, std::size_t> out;
    const auto put = [&](const std::string& name, std::size_t i) {
        const auto it = s.given_names.find(name);
        out[it == s.given_names.end() ? name : it->second] =
            numbers.try_emplace(parts.root(i), numbers.size()).first->second;
    };
    for (std::size_t c = 0; c < s.clients.size(); ++c) put(s.clients[c].name, c);
    for (std::size_t n = 0; n < s.nats.size(); ++n) put(s.nats[n].name, s.clients.size() + n);
    return out;
}

std::vector<independent_part> independent_parts(const scenario& s, const demand_list& demand) {
    joined all(s, demand);
    std::vector<independent_part> out;
    std::map<std::size_t, std::size_t> part_of;  // by root
    for (const auto& p : demand)
        if (part_of.try_emplace(all.root(p.client), out.size()).second) {
            out.emplace_back();
            out.back().s.servers = s.servers;
            out.back().s.given_names = s.given_names;
        }
    const auto part = [&](std::size_t i) -> independent_part* {
        const auto it = part_of.find(all.root(i));
        return it == part_of.end() ? nullptr : &out[it->second];
    };
    std::vector<std::size_t> number(s.clients.size());
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        if (auto* p = part(c)) {
            number[c] = p->s.clients.size();
            p->s.clients.push_back(s.clients[c]);
        }
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        if (auto* p = part(s.clients.size() + n)) p->s.nats.push_back(s.nats[n]);
    for (const auto& p : demand) {
        auto& mine = *part(p.client);
        mine.demand.push_back({number[p.client], p.server, p.connections});
    }
    return out;
}

}  // namespace natbound
