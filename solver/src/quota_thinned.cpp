// Thinning clients to their quota: so many of its ports may be used towards every endpoint that it
// reaches, and one more towards as many endpoints as are left.
#include <algorithm>
#include <map>
#include <set>

#include "quota.hpp"

namespace natbound {
namespace {

// Servers, cut so that the first `most` endpoints of what a client set reaches are whole sets.
class cutter {
  public:
    cutter(const scenario& s, const reach_table& reach)
        : s_(s), reach_(reach), cuts_(s.servers.size()) {}

    // The endpoints lie in the order of the servers.
    void first_endpoints(std::size_t client, count most) {
        for (std::size_t v = 0; v < s_.servers.size(); ++v) {
            if (!reach_[client][v]) continue;
            const count here = size(v);
            if (most > 0 && most < here) cuts_[v].insert(most);
            most -= std::min(most, here);
        }
    }

    // So many endpoints of one server set.
    void first_of(std::size_t server, const count& most) {
        if (most > 0 && most < size(server)) cuts_[server].insert(most);
    }

    void run(thinned& out) {
        out.s.servers.clear();
        for (std::size_t v = 0; v < s_.servers.size(); ++v) {
            const destination_list whole{{v, s_.servers[v].addresses, s_.servers[v].ports}};
            cuts_[v].insert(size(v));
            count from = 0;
            for (const auto& to : cuts_[v]) {
                for (const auto& item : slice_endpoints(whole, from, to - from)) {
                    auto piece = s_.servers[v];
                    piece.addresses = item.addresses;
                    piece.ports = item.ports;
                    out.s.servers.push_back(std::move(piece));
                    out.server_of.push_back(v);
                    before_.push_back(from);
                }
                from = to;
            }
        }
    }

    // Of the pieces: those among the first `most` endpoints that the client set reaches.
    std::vector<bool> row(const thinned& out, std::size_t client, const count& most) const {
        std::vector<bool> found;
        std::vector<count> earlier(s_.servers.size());
        count sum = 0;
        for (std::size_t v = 0; v < s_.servers.size(); ++v) {
            earlier[v] = sum;
            if (reach_[client][v]) sum += size(v);
        }
        for (std::size_t p = 0; p < out.s.servers.size(); ++p) {
            const auto v = out.server_of[p];
            found.push_back(reach_[client][v] && earlier[v] + before_[p] < most);
        }
        return found;
    }

    // Of the pieces: those among the first so many endpoints of each server set.
    std::vector<bool> row(const thinned& out, const std::map<std::size_t, count>& most) const {
        std::vector<bool> found;
        for (std::size_t p = 0; p < out.s.servers.size(); ++p) {
            const auto it = most.find(out.server_of[p]);
            found.push_back(it != most.end() && before_[p] < it->second);
        }
        return found;
    }

    count size(std::size_t v) const {
        return s_.servers[v].addresses.size() * s_.servers[v].ports.size();
    }

  private:
    const scenario& s_;
    const reach_table& reach_;
    std::vector<std::set<count>> cuts_;
    std::vector<count> before_;  // endpoints of its server set before the cut that a piece follows
};

// Client addresses that want alike: so many connections of each to each server set.
struct address_share {
    std::size_t client;
    address_set addresses;
    std::map<std::size_t, count> each;
};

// What a client set wants, dealt in turn to its first n addresses: none has two more than another.
void deal(const scenario& s, std::size_t client, const std::vector<pair_demand>& wanted,
          const count& n, std::vector<address_share>& out) {
    std::set<count> ends{n};
    std::vector<count> begins;
    count turn = 0;
    for (const auto& p : wanted) {
        begins.push_back(turn);
        turn = (turn + p.connections % n) % n;
        if (turn > 0) ends.insert(turn);
    }
    count from = 0;
    for (const auto& to : ends) {
        address_share one{
            client, s.clients[client].addresses.slice(static_cast<u128>(from), to - from), {}};
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const count more = wanted[i].connections % n;
            const bool has = (from + n - begins[i]) % n < more;
            const count each = wanted[i].connections / n + (has ? 1 : 0);
            if (each > 0) one.each[wanted[i].server] = each;
        }
        out.push_back(std::move(one));
        from = to;
    }
}

}  // namespace

std::optional<thinned> dealt_to_pairs(const scenario& s, const count& quota,
                                      std::vector<pair_demand>& pairs) {
    thinned out;
    out.s = s;
    out.s.clients.clear();
    const reach_table none;
    cutter servers(s, none);
    std::map<std::size_t, std::vector<pair_demand>> of_client;
    for (const auto& p : pairs) of_client[p.client].push_back(p);
    std::vector<address_share> shares;
    for (const auto& [c, wanted] : of_client) {
        const count ports = s.clients[c].ports.size();
        count all = 0, n = 1;
        for (const auto& p : wanted) {
            const count each = ports * servers.size(p.server);
            all += p.connections;
            n = std::max<count>(n, (p.connections + each - 1) / each);
        }
        n = std::max<count>(n, (all + quota - 1) / quota);
        if (n > s.clients[c].addresses.size()) return std::nullopt;
        deal(s, c, wanted, n, shares);
    }
    for (const auto& one : shares)
        for (const auto& [v, many] : one.each) servers.first_of(v, many % servers.size(v));
    servers.run(out);
    pairs.clear();
    for (const auto& one : shares) {
        std::set<count> ends;  // of ports that are used towards the same endpoints
        for (const auto& [v, many] : one.each) {
            const count whole = many / servers.size(v);
            ends.insert(whole);
            ends.insert(whole + (many % servers.size(v) > 0 ? 1 : 0));
        }
        ends.erase(0);
        count from = 0;
        for (const auto& to : ends) {
            std::map<std::size_t, count> most;  // endpoints of each server set
            for (const auto& [v, many] : one.each) {
                const count whole = many / servers.size(v);
                most[v] = from < whole    ? servers.size(v)
                          : from == whole ? count(many % servers.size(v))
                                          : count(0);
            }
            auto part = s.clients[one.client];
            part.addresses = one.addresses;
            part.ports = part.ports.slice(static_cast<u128>(from), to - from);
            auto row = servers.row(out, most);
            for (std::size_t v = 0; v < row.size(); ++v)
                if (row[v])
                    pairs.push_back(
                        {out.s.clients.size(), v,
                         part.addresses.size() * (to - from) * out.s.servers[v].addresses.size() *
                             out.s.servers[v].ports.size()});
            out.inside.push_back(out.s.clients.size());
            out.client_of.push_back(one.client);
            out.reach.push_back(std::move(row));
            out.s.clients.push_back(std::move(part));
            from = to;
        }
    }
    return out;
}

thinned thinned_to(const scenario& s, const reach_table& reach,
                   const std::vector<std::size_t>& inside, const count& quota) {
    thinned out;
    out.s = s;
    out.s.clients.clear();
    cutter servers(s, reach);
    struct part {
        std::size_t client;
        port_set ports;
        count endpoints;
    };
    std::vector<part> all;
    for (const auto c : inside) {
        count reached = 0;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v]) reached += s.servers[v].addresses.size() * s.servers[v].ports.size();
        if (reached == 0) continue;
        const auto& ports = s.clients[c].ports;
        const count whole = std::min<count>(quota / reached, ports.size());
        if (whole > 0) all.push_back({c, ports.slice(0, whole), reached});
        const count rest = quota % reached;
        if (whole < ports.size() && rest > 0) {
            all.push_back({c, ports.slice(static_cast<u128>(whole), 1), rest});
            servers.first_endpoints(c, rest);
        }
    }
    servers.run(out);
    for (auto& p : all) {
        auto one = s.clients[p.client];
        one.ports = std::move(p.ports);
        out.inside.push_back(out.s.clients.size());
        out.client_of.push_back(p.client);
        out.s.clients.push_back(std::move(one));
        out.reach.push_back(servers.row(out, p.client, p.endpoints));
    }
    return out;
}

std::optional<thinned> thinned_to_pairs(const scenario& s, const reach_table& reach,
                                        const count& quota, bool shared,
                                        std::vector<pair_demand>& pairs) {
    thinned out;
    out.s = s;
    out.s.clients.clear();
    for (std::size_t v = 0; v < s.servers.size(); ++v) out.server_of.push_back(v);
    std::vector<count> used(s.clients.size());         // by each address of the client set
    std::vector<std::size_t> known(s.clients.size());  // where the client set is, plus one
    for (auto& p : pairs) {
        const auto& c = s.clients[p.client];
        count endpoints = 0;
        std::vector<bool> row(s.servers.size(), false);
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[p.client][v] && (shared || v == p.server)) {
                endpoints += s.servers[v].addresses.size() * s.servers[v].ports.size();
                row[v] = true;
            }
        auto& at = known[p.client];
        if (!shared || at == 0) {
            const count cells = c.addresses.size() * endpoints;
            count ports = shared ? quota / endpoints : count((p.connections + cells - 1) / cells);
            ports = std::min<count>(ports, c.ports.size());
            used[p.client] += ports * endpoints;
            if (ports == 0 || used[p.client] > quota) return std::nullopt;
            auto one = c;
            one.ports = c.ports.slice(0, ports);
            out.inside.push_back(out.s.clients.size());
            out.client_of.push_back(p.client);
            out.s.clients.push_back(std::move(one));
            out.reach.push_back(std::move(row));
            at = out.s.clients.size();
        }
        p.client = at - 1;
    }
    return out;
}

std::vector<block> thinned::named_back(std::vector<block> blocks) const {
    for (auto& b : blocks) {
        auto to = std::make_shared<target>(*b.to);
        for (auto& item : to->list) item.server = server_of[item.server];
        b.to = std::move(to);
        b.client = client_of[b.client];
    }
    return blocks;
}

}  // namespace natbound
