// Reading a scenario's shape. The checker reads it anew
// (python/natbound/check/all_sizes_shape.py): names, and the order of terms, are the same there.
#include "all_sizes_shape.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "all_sizes_blocks.hpp"
#include "all_sizes_keys.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/contiguity.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/solver/classes.hpp"
#include "overlay.hpp"

namespace natbound {

namespace {

constexpr std::size_t most_groups = 4;  // the formula has 2^n cuts

class shape_reader {
  public:
    explicit shape_reader(const scenario& s) : s_(s), reach_(reaches_of(s)) {}

    sizeless_shape run() {
        refuse();
        for (const auto& v : s_.servers)
            if (v.connection_limits || v.backends)
                throw unsupported(v.name +
                                  ": limits and backends of servers are not proved for all sizes");
        for (std::size_t i = 0; i < s_.clients.size(); ++i)
            add('c', i, "addresses", s_.clients[i].name, "addresses of",
                s_.clients[i].addresses.size());
        std::vector<const address_set*> sets;
        for (const auto& v : s_.servers) sets.push_back(&v.addresses);
        for (auto& o : overlay<ip_address>(sets)) {
            std::string names;
            for (const auto v : o.sets) names += (names.empty() ? "" : "&") + s_.servers[v].name;
            add('p', places_.size(), "addresses", names, "addresses of", o.atom.size());
            places_.push_back(o.sets);
        }
        for (std::size_t v = 0; v < s_.servers.size(); ++v)
            add('v', v, "ports", s_.servers[v].name, "ports of", s_.servers[v].ports.size());
        const auto inside = natbound::inside_of(s_);
        terms parts;
        for (std::size_t n = 0; n < s_.nats.size(); ++n) parts.push_back(of_nat(n, inside[n]));
        for (const auto i : inside.back()) {
            const auto ports = add('c', i, "ports", s_.clients[i].name, "ports of each address of",
                                   s_.clients[i].ports.size());
            terms to;
            for (std::size_t v = 0; v < s_.servers.size(); ++v)
                if (reach_[i][v]) to.push_back(endpoints_of(places_, v));
            parts.push_back(times({size_name('c', i, "addresses"), ports, plus(to)}));
        }
        out_.formula = plus(parts);
        return std::move(out_);
    }

  private:
    term add(char kind, std::size_t i, const std::string& what, const std::string& of,
             const std::string& means, const count& value) {
        const term out = size_name(kind, i, what);
        out_.parameters.push_back({out.head, of + "." + what, means + " " + of, value});
        return out;
    }

    void refuse() const {
        const auto no = [](const std::string& who, const char* what) {
            throw unsupported(who + ": " + what + ": not proved for all sizes");
        };
        if (is_cascade(s_)) no("the NATs", "a cascade");
        if (has_gates(s_)) no("a NAT", "a limit of one protocol");
        std::set<std::string> behind;
        for (std::size_t n = 0; n < s_.nats.size(); ++n) {
            const auto& one = s_.nats[n];
            if (one.port_set) no(one.name, "port sets");
            if (!translates(one)) no(one.name, "a firewall");
            if (one.mapping_limits.limit_subscribers) no(one.name, "a limit on subscribers");
            if (one.static_mappings && !one.static_mappings->empty())
                no(one.name, "static mappings");
            if (one.design.pool.paired) no(one.name, "paired pooling");
            if (requires_contiguity(one)) no(one.name, "port-contiguity: require");
            for (const auto& c : one.inside)
                if (!behind.insert(c).second) no(one.name, "clients spread over NATs");
        }
        for (std::size_t n = 0; n < s_.nats.size(); ++n) {
            const auto& pool = s_.nats[n].external_ip_address_pool;
            for (std::size_t m = 0; m < s_.nats.size(); ++m)
                if (m != n && !(pool & s_.nats[m].external_ip_address_pool).empty())
                    no(s_.nats[n].name, "a pool that others use");
            for (const auto& c : s_.clients)
                if (behind.count(c.name) == 0 && !(pool & c.addresses).empty())
                    no(s_.nats[n].name, "a pool that others use");
        }
    }

    // The classes that a client set has ports in. Ports that are kept outside the range that is
    // searched are each a class of their own.
    std::vector<std::size_t> classes_of(std::size_t i, const nat& n, const nat_plan& plan) {
        std::vector<std::size_t> out;
        const auto& client = s_.clients[i];
        for (std::size_t k = 0; k < plan.classes.size(); ++k) {
            const auto& c = plan.classes[k];
            const port_set own = client.ports & c.source;
            if (own.empty()) continue;
            port_set kept;
            if (plan.design.first_choice == first_choice::preserve_any) kept = own - c.ports;
            if (plan.rounds(c.size).empty()) kept = own;
            if (!kept.empty())
                throw unsupported(n.name +
                                  ": ports that are kept outside the range that is searched are "
                                  "not proved for all sizes");
            add('c', i, "ports-" + std::to_string(k), client.name,
                "ports (class " + std::to_string(k) + " of the design) of each address of",
                own.size());
            out.push_back(k);
        }
        return out;
    }

    term of_nat(std::size_t n, const std::vector<std::size_t>& inside) {
        const auto& one = s_.nats[n];
        const nat_plan plan(one);
        own_.clear();
        std::set<std::size_t> used;
        for (const auto i : inside)
            for (const auto k : own_[i] = classes_of(i, one, plan)) used.insert(k);
        const auto& rule = plan.design.pool;
        terms pool;
        if (rule.fallback || rule.choice == pool_choice::random ||
            rule.choice == pool_choice::round_robin)
            pool.push_back(
                add('n', n, "addresses", one.name, "addresses of the pool of", plan.pool_size));
        else if (rule.choice == pool_choice::hash && plan.pool_size > 1)
            throw unsupported(one.name +
                              ": which address a hash picks depends on addresses and not on sizes");
        find_atoms(n, plan, {used.begin(), used.end()}, pool);
        const auto keys = key_terms_of(s_, reach_, places_, plan, inside);
        const auto& quota = one.connection_limits.limit_per_subscriber;
        term out;
        if (quota) {
            add('n', n, "quota", one.name, "most connections of one client address at", *quota);
            out = with_quota(n, keys, plan);
        } else {
            terms parts;
            for (const auto& k : keys) parts.push_back(times({k.keys, of_family(k)}));
            out = plus(parts);
        }
        terms limits;
        if (one.connection_limits.limit_per_instance)
            limits.push_back(add('n', n, "table", one.name, "flows that fit the table of",
                                 *one.connection_limits.limit_per_instance));
        if (one.mapping_limits.limit_port_mappings) {
            if (plan.mappings)
                throw unsupported(one.name +
                                  ": a limit on mappings that carry several connections is not "
                                  "proved for all sizes");
            limits.push_back(add('n', n, "mappings", one.name, "most mappings of",
                                 *one.mapping_limits.limit_port_mappings));
        }
        limits.push_back(out);
        return extreme("min", limits);
    }

    // External ports that the same classes search.
    void find_atoms(std::size_t n, const nat_plan& plan, const std::vector<std::size_t>& used,
                    const terms& pool) {
        atoms_.clear();
        right_.clear();
        std::vector<const port_set*> ports;
        for (const auto k : used) ports.push_back(&plan.classes[k].ports);
        for (const auto& o : overlay<port>(ports)) {
            terms both = pool;
            both.push_back(add(
                'n', n, "ports-" + std::to_string(atoms_.size()), s_.nats[n].name,
                "external ports (part " + std::to_string(atoms_.size()) + ") of each address of",
                o.atom.size()));
            auto& there = atoms_.emplace_back();
            for (const auto x : o.sets) there.push_back(used[x]);
            right_.push_back(times(both));
        }
    }

    void keep(const cut_network& net) {
        auto& all = out_.networks;
        if (std::find(all.begin(), all.end(), net) == all.end()) all.push_back(net);
    }

    std::vector<loose_leaf> leaves_of(const key_terms& keys, const std::vector<std::size_t>& groups,
                                      const term& factor) const {
        std::vector<loose_leaf> out;
        for (const auto& [i, m] : keys.mappings)
            for (const auto k : own_.at(i)) {
                const auto at = std::find(groups.begin(), groups.end(), i);
                const int group = groups.empty() ? -1 : static_cast<int>(at - groups.begin());
                out.push_back({group, m.weight, k,
                               times({factor, size_name('c', i, "addresses"),
                                      size_name('c', i, "ports-" + std::to_string(k)), m.each})});
            }
        return out;
    }

    term of_family(const key_terms& keys) {
        terms parts;
        for (const auto& b :
             blocks_of_leaves(leaves_of(keys, {}, {"1", {}}), atoms_, right_, true)) {
            keep({0, {b.block}});
            parts.push_back(block_formula(b.block, b.names, b.weights));
        }
        return plus(parts);
    }

    term with_quota(std::size_t n, const std::vector<key_terms>& keys, const nat_plan& plan) {
        if (plan.design.mapping_type == mapping_type::eim ||
            plan.design.mapping_type == mapping_type::adm)
            throw unsupported(plan.of->name +
                              ": a quota, and mappings that carry several connections, are not "
                              "proved for all sizes");
        std::vector<std::size_t> groups;
        for (const auto& [i, ports] : own_)
            if (std::any_of(keys.begin(), keys.end(), [i = i](const key_terms& k) {
                    return std::any_of(k.mappings.begin(), k.mappings.end(),
                                       [&](const auto& m) { return m.first == i; });
                }))
                groups.push_back(i);
        if (groups.size() > most_groups)
            throw unsupported(plan.of->name + ": a quota for more than " +
                              std::to_string(most_groups) +
                              " client sets is not proved for all sizes");
        cut_network net{groups.size(), {}};
        network_names names;
        for (const auto i : groups)
            names.groups.push_back(
                times({size_name('c', i, "addresses"), size_name('n', n, "quota")}));
        for (const auto& k : keys) {
            terms right;
            for (const auto& r : right_) right.push_back(times({k.keys, r}));
            for (auto& b : blocks_of_leaves(leaves_of(k, groups, k.keys), atoms_, right, false)) {
                net.blocks.push_back(std::move(b.block));
                names.blocks.push_back(std::move(b.names));
            }
        }
        keep(net);
        return least_cut(net, names);
    }

    const scenario& s_;
    reach_table reach_;
    std::vector<std::vector<std::size_t>> places_;         // server sets that lie there
    std::map<std::size_t, std::vector<std::size_t>> own_;  // classes of each client set
    std::vector<std::vector<std::size_t>> atoms_;          // classes that search each
    terms right_;
    sizeless_shape out_;
};

}  // namespace

sizeless_shape shape_of(const scenario& s) { return shape_reader(s).run(); }

}  // namespace natbound
