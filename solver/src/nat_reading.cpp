// From a design's mapping type, clash scope and pool rule to what is counted.
#include "nat_reading.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/hash.hpp"
#include "overlay.hpp"

namespace natbound {
namespace {

// A known hash is computed this often at most, towards so many addresses; and where a source may
// use several addresses of a pool, so many pairs of them.
constexpr std::uint64_t hash_limit = 4'000'000;
constexpr std::uint64_t destination_limit = 65'536;
constexpr std::uint64_t pair_limit = 200'000;

class reader {
  public:
    reader(const scenario& s, const reach_table& reach, const nat_plan& plan,
           const std::vector<std::size_t>& inside)
        : s_(s), reach_(reach), plan_(plan), inside_(inside) {
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (std::any_of(inside.begin(), inside.end(),
                            [&](std::size_t c) { return reach[c][v]; }))
                reached_.push_back(v);
    }

    nat_readings run() {
        out_.above.scope = plan_.design.clash_scope;
        below_.scope = plan_.design.clash_scope;
        read_mapping();
        read_pool();
        if (!out_.why.empty()) out_.below = below_;
        return std::move(out_);
    }

  private:
    void both(mapping_type type, scope_destination scope) {
        out_.above.mapping = below_.mapping = type;
        out_.above.scope.destination = below_.scope.destination = scope;
    }

    // A mapping that lies under several keys may use one external endpoint where another mapping
    // that meets it under no key does, too (overloading): a colouring problem. From above each key
    // is taken by itself; from below it is read as if no two mappings shared an external endpoint,
    // and what they can share is sought then (overloading.hpp).
    void overloaded(scope_destination above, mapping_type type, scope_destination below) {
        out_.above.mapping =
            above == scope_destination::address ? mapping_type::adm : mapping_type::edm;
        below_.mapping = type;
        below_.scope.destination = below;
        out_.overloaded = true;
        because(
            "one mapping serves several clash-scope keys (overloading), and its best external "
            "endpoint is a colouring problem (NP-hard)");
    }

    void read_mapping() {
        const auto scope = plan_.design.clash_scope.destination;
        switch (plan_.design.mapping_type) {
            case mapping_type::edm:
            case mapping_type::eim_if_possible:
                return both(mapping_type::edm, scope);
            case mapping_type::adm:
                if (scope != scope_destination::endpoint) return both(mapping_type::adm, scope);
                if (most_at_an_address() <= 1) return both(mapping_type::edm, scope);
                return overloaded(scope, mapping_type::adm, scope_destination::address);
            case mapping_type::eim:
                if (scope == scope_destination::none) return both(mapping_type::eim, scope);
                if (scope == scope_destination::address && most_addresses() <= 1)
                    return both(mapping_type::adm, scope);
                if (scope == scope_destination::endpoint && most_endpoints() <= 1)
                    return both(mapping_type::edm, scope);
                return overloaded(scope, mapping_type::eim, scope_destination::none);
        }
    }

    // The most endpoints, and the most addresses, of one protocol.
    count most_endpoints() const {
        std::map<transport, count> found;
        count most = 0;
        for (const auto v : reached_)
            most =
                std::max<count>(most, found[s_.servers[v].protocol] +=
                                      s_.servers[v].addresses.size() * s_.servers[v].ports.size());
        return most;
    }
    count most_addresses() const {
        std::map<transport, address_set> found;
        count most = 0;
        for (const auto v : reached_) {
            auto& all = found[s_.servers[v].protocol];
            all = all | s_.servers[v].addresses;
            most = std::max(most, all.size());
        }
        return most;
    }

    // The most ports that one destination address has for one protocol.
    count most_at_an_address() const {
        count most = 0;
        std::map<transport, std::vector<const address_set*>> sets;
        for (const auto v : reached_) {
            most = std::max<count>(most, s_.servers[v].ports.size());
            sets[s_.servers[v].protocol].push_back(&s_.servers[v].addresses);
        }
        for (const auto& [protocol, list] : sets)
            for (const auto& o : overlay<ip_address>(list))
                most = std::max<count>(most, static_cast<std::uint64_t>(o.sets.size()));
        return most;
    }

    void because(const std::string& why) { out_.why += (out_.why.empty() ? "" : "; ") + why; }

    void pool(pool_reading p) { out_.above.pool = below_.pool = p; }

    void read_pool() {
        const auto& rule = plan_.design.pool;
        if (plan_.pool_size == 1 || rule.fallback) return pool(pool_reading::any);
        if (rule.choice == pool_choice::first) return pool(pool_reading::lowest);
        // drawn, in turn, or a pool too wide for the hashes that are known: any address may come up
        if (rule.choice != pool_choice::hash ||
            (is_known_hash(rule.hash) && plan_.pool_size > UINT32_MAX))
            return pool(pool_reading::any);
        if (!is_known_hash(rule.hash)) {
            // Any fixed function: it can do no better than to leave all addresses open, and no
            // worse than to send everything to one (what fits on one address is submodular in the
            // clients, so splitting them never loses).
            out_.above.pool = pool_reading::any;
            below_.pool = pool_reading::lowest;
            return because(
                "the pool's hash is not published: the best and the worst function differ");
        }
        read_hash(rule);
    }

    void read_hash(const pool_rule& rule) {
        count sources = 0, destinations = 0, most = 0;
        for (const auto c : inside_) {
            count reached = 0;
            for (const auto v : reached_)
                if (reach_[c][v]) reached += s_.servers[v].addresses.size();
            sources += s_.clients[c].addresses.size();
            most += s_.clients[c].addresses.size() * reached;
            destinations = std::max(destinations, reached);
        }
        if (rule.of == hash_input::source) {
            pool(pool_reading::hashed);
            if (sources > hash_limit) limited(hash_limit, {});
            return;
        }
        const auto type = plan_.design.mapping_type;
        if (type == mapping_type::eim || type == mapping_type::eim_if_possible) {
            pool(pool_reading::any_hashed);
            const count pairs = sources * std::min(destinations, plan_.pool_size);
            if (most > hash_limit || pairs > pair_limit) {
                const count looked = std::min<count>(destinations, 1000);
                limited(static_cast<std::uint64_t>(std::max<count>(
                            std::min<count>(hash_limit / looked,
                                            pair_limit / std::min(looked, plan_.pool_size)),
                            1)),
                        static_cast<u128>(looked));
            }
        } else {
            pool(pool_reading::hashed);
            if (most > hash_limit || destinations > destination_limit) {
                const count looked = std::min<count>(destinations, 1000);
                limited(static_cast<std::uint64_t>(hash_limit / looked), static_cast<u128>(looked));
            }
        }
    }

    // From above every address of the pool is open; from below a part of the sources is looked at.
    void limited(std::uint64_t sources, std::optional<u128> destinations) {
        out_.above.pool = pool_reading::any;
        below_.sources =
            std::max<std::uint64_t>(1, sources / std::max<std::size_t>(1, inside_.size()));
        below_.destinations = destinations;
        because("more than " + grouped(hash_limit) +
                " hashes would have to be computed, or their outcome is too fine");
    }

    const scenario& s_;
    const reach_table& reach_;
    const nat_plan& plan_;
    const std::vector<std::size_t>& inside_;
    std::vector<std::size_t> reached_;
    nat_readings out_;
    nat_reading below_;
};

}  // namespace

nat_readings readings_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                         const std::vector<std::size_t>& inside) {
    return reader(s, reach, plan, inside).run();
}

}  // namespace natbound
