// What a worker of a NAT has: a slice of the ports, and the clients that a hash sends to it.
#include "workers.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/hash.hpp"
#include "rules.hpp"

namespace natbound {

namespace {

using rules::at;
using rules::fail;

constexpr std::uint64_t most_workers = 256;
// Each of these is hashed by itself.
constexpr std::uint64_t most_hashed = 1U << 20U;

const client_set* client_named(const scenario& s, const std::string& name) {
    for (const auto& c : s.clients)
        if (c.name == name) return &c;
    return nullptr;
}

bool deals(const nat& n) { return n.workers && n.workers->count > 1; }

// A class of ports as it is cut: by port-set-restrict's range, else each class of the design.
std::vector<port_set> cut_by(const nat& n) {
    if (n.port_set_restrict) return {n.port_set_restrict->ports()};
    std::vector<port_set> out;
    for (const auto& c : n.design.port_classes) out.push_back(c.ports);
    return out;
}

port_set slice_of(const port_set& ports, std::uint64_t worker, std::uint64_t workers) {
    const count size = ports.size() / workers;
    return ports.slice(static_cast<u128>(count(worker * size)), size);
}

// VPP: nat44_ed_get_in2out_worker_index, the fold modulo the workers; the pool's rank is one less.
std::uint64_t hashed_worker(const worker_threads& w, ip_address client) {
    pool_rule rule;
    rule.choice = pool_choice::hash;
    rule.hash = w.hash;
    rule.of = hash_input::source;
    const auto rank = hashed_rank(rule, client, 0, w.count);
    return w.hash == "vpp-fold" ? (rank + 1) % w.count : rank;
}

// The addresses of a set by worker.
std::vector<address_set> dealt(const address_set& all, const worker_threads& w) {
    std::vector<address_set> out(w.count);
    if (w.hash.empty()) {
        const count size = all.size();
        for (std::uint64_t t = 0; t < w.count; ++t) {
            const count first = size * t / w.count, next = size * (t + 1) / w.count;
            out[t] = all.slice(static_cast<u128>(first), next - first);
        }
        return out;
    }
    for (const auto& part : all.parts())
        for (ip_address a = part.first;; ++a) {
            out[hashed_worker(w, a)].append(a, a);
            if (a == part.last) break;
        }
    return out;
}

class writer {
  public:
    explicit writer(const scenario& s) : out_(s) {
        out_.nats.clear();
        for (const auto& n : s.nats)
            if (deals(n)) part_clients(n);
        for (const auto& n : s.nats)
            if (deals(n))
                add_workers(n);
            else
                add_whole(n);
        for (auto& t : out_.traffic) t.from = all_parts(t.from);
    }

    scenario run() { return std::move(out_); }

  private:
    static std::string name_of(const nat& n, std::uint64_t t) {
        return n.name + " worker " + std::to_string(t);
    }

    // Each client set inside, or what is left of it by workers of NATs before, in parts.
    void part_clients(const nat& n) {
        std::vector<client_set> clients;
        const auto inside = all_parts(n.inside);
        for (auto& c : out_.clients) {
            if (std::find(inside.begin(), inside.end(), c.name) == inside.end()) {
                clients.push_back(std::move(c));
                continue;
            }
            const auto by_worker = dealt(c.addresses, *n.workers);
            for (std::uint64_t t = 0; t < by_worker.size(); ++t) {
                if (by_worker[t].empty()) continue;
                client_set part = c;
                part.addresses = by_worker[t];
                part.name = c.name + " (" + name_of(n, t) + ")";
                parts_[c.name].push_back(part.name);
                const auto whole = out_.given_names.find(c.name);
                out_.given_names[part.name] =
                    whole == out_.given_names.end() ? c.name : whole->second;
                of_worker_[n.name][t].push_back(part.name);
                clients.push_back(std::move(part));
            }
        }
        out_.clients = std::move(clients);
        // NATs inside are dealt evenly, whole
        std::vector<std::string> nats;
        for (const auto& name : n.inside)
            if (parts_.count(name) == 0) nats.push_back(name);
        for (std::size_t k = 0; k < nats.size(); ++k)
            of_worker_[n.name][k * n.workers->count / nats.size()].push_back(nats[k]);
    }

    void add_workers(const nat& n) {
        for (const auto& [t, inside] : of_worker_[n.name]) {
            nat one = n;
            one.workers.reset();
            one.name = name_of(n, t);
            out_.given_names[one.name] = n.name;
            one.inside = all_parts(inside);
            if (n.port_set_restrict) {
                const auto slice = slice_of(n.port_set_restrict->ports(), t, n.workers->count);
                one.port_set_restrict =
                    port_restriction{slice.parts().front().first, slice.parts().back().last};
            } else {
                for (auto& c : one.design.port_classes)
                    c.ports = slice_of(c.ports, t, n.workers->count);
            }
            out_.nats.push_back(std::move(one));
        }
    }

    void add_whole(const nat& n) {
        out_.nats.push_back(n);
        auto& one = out_.nats.back();
        one.workers.reset();
        one.inside = all_parts(n.inside);
    }

    // Names with those of parts in place of sets that were parted.
    std::vector<std::string> all_parts(const std::vector<std::string>& names) const {
        std::vector<std::string> out;
        for (const auto& name : names) {
            const auto it = parts_.find(name);
            if (it == parts_.end()) {
                out.push_back(name);
                continue;
            }
            const auto parts = all_parts(it->second);
            out.insert(out.end(), parts.begin(), parts.end());
        }
        return out;
    }

    scenario out_;
    std::map<std::string, std::vector<std::string>> parts_;  // of a client set
    std::map<std::string, std::map<std::uint64_t, std::vector<std::string>>> of_worker_;
};

}  // namespace

void validate_workers(const scenario& s, std::size_t i) {
    const auto& n = s.nats[i];
    const auto& w = *n.workers;
    const std::string here = at("nats", i, "workers");
    if (w.count == 0) fail(here + ".count", "0", "a NAT has at least one worker", "leave it out");
    if (w.count > most_workers)
        fail(here + ".count", std::to_string(w.count),
             "at most " + std::to_string(most_workers) + " workers");
    if (!w.hash.empty() && !is_known_hash(w.hash))
        fail(here + ".hash", "'" + w.hash + "'", "no such hash",
             "known: " + known_hashes() + "; without one the clients are dealt evenly");
    if (w.count == 1) return;
    const auto not_settled = [&](const std::string& what) {
        rules::not_yet(here, "", "workers " + what + " are not settled in this version");
    };
    if (n.port_set) not_settled("of a NAT that deals its ports out in sets (port-set)");
    if (n.port_set_restrict && n.port_set_restrict->psid_len) not_settled("with a PSID");
    if (n.design.first_choice == first_choice::preserve_any && !n.port_set_restrict)
        fail(here, "", "the design keeps a client's port whatever it is, and so no slice",
             "first-choice: preserve");
    for (const auto& other : s.nats)
        if (std::find(other.inside.begin(), other.inside.end(), n.name) != other.inside.end())
            not_settled("of a NAT inside another (" + other.name + ")");
    for (const auto& other : s.nats)
        if (!translates(other) &&
            std::find(n.inside.begin(), n.inside.end(), other.name) != n.inside.end())
            not_settled("of a NAT around a firewall (" + other.name + ")");
    for (const auto& ports : cut_by(n))
        if (ports.size() < w.count * (n.design.port_parity_preservation ? 2 : 1))
            fail(here + ".count", std::to_string(w.count),
                 "is more than the ports " + to_string(ports) + " have slices");
    if (w.hash.empty()) return;
    count hashed = 0;
    for (const auto& name : n.inside) {
        if (const auto* c = client_named(s, name))
            hashed += c->addresses.size();
        else
            not_settled("with a hash, and NATs inside (" + name + "),");
    }
    if (hashed > most_hashed)
        fail(here + ".hash", w.hash,
             "would be computed for " + grouped(hashed) + " client addresses; at most " +
                 grouped(count(most_hashed)),
             "leave it out: the clients are then dealt evenly");
}

scenario written_out(scenario s) {
    if (std::none_of(s.nats.begin(), s.nats.end(), deals)) {
        for (auto& n : s.nats) n.workers.reset();
        return s;
    }
    scenario out = writer(s).run();
    out.given = std::make_shared<const scenario>(std::move(s));
    return out;
}

}  // namespace natbound
