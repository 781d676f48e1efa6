// Building the groups: for each family of keys, who may use what.
#include "natbound/solver/classes.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "key_families.hpp"
#include "natbound/model/work.hpp"
#include "pool_split.hpp"
#include "port_layout.hpp"

namespace natbound {
namespace {

// Mappings of one client set under one key that weigh the same and run to the same endpoints.
struct mapping_kind {
    count weight;
    count each_socket;  // mappings a socket
    carriage how = carriage::every;
    std::vector<std::size_t> parts;  // of the family
    std::optional<port> only_port;   // of the one part: this port alone
};

// All destination addresses of a client set (by index of `inside`) and a protocol.
using reached_addresses = std::map<std::pair<std::size_t, transport>, address_set>;

class group_builder {
  public:
    group_builder(const scenario& s, const nat_plan& plan, const std::vector<std::size_t>& inside,
                  const nat_reading& reading, const key_family& family, const port_layout& layout,
                  pool_split& pool, const reached_addresses& reached)
        : s_(s),
          plan_(plan),
          inside_(inside),
          reading_(reading),
          family_(family),
          layout_(layout),
          pool_(pool),
          reached_(reached) {
        out_.keys = family.keys;
        for (const auto& p : family.parts) out_.to.insert(out_.to.end(), p.to.begin(), p.to.end());
    }

    group run() {
        for (std::size_t i = 0; i < inside_.size(); ++i) add_all(i, kinds(i));
        link();
        return std::move(out_);
    }

  private:
    std::vector<mapping_kind> kinds(std::size_t i) const {
        std::vector<std::size_t> reached;
        for (std::size_t p = 0; p < family_.parts.size(); ++p)
            if (family_.parts[p].reached[i]) reached.push_back(p);
        if (reached.empty()) return {};
        switch (reading_.mapping) {
            case mapping_type::adm:
                return by_address(reached);
            case mapping_type::eim:
                return by_protocol(reached);
            default:
                return by_endpoint(reached);
        }
    }

    const destination_item& first(std::size_t part) const { return family_.parts[part].to.front(); }
    // What the pool's split looks at besides the source: mappings under one key that differ in it
    // are kept apart.
    std::tuple<int, std::size_t> pool_sees(std::size_t part) const {
        const auto& p = family_.parts[part];
        const bool address = reading_.pool == pool_reading::hashed &&
                             plan_.design.pool.of == hash_input::source_and_destination;
        return {reading_.pool == pool_reading::any_hashed ? static_cast<int>(p.protocol) : 0,
                address ? p.place : 0};
    }

    // edm: a mapping for each endpoint.
    std::vector<mapping_kind> by_endpoint(const std::vector<std::size_t>& reached) const {
        std::vector<mapping_kind> out;
        if (reading_.scope.destination == scope_destination::endpoint) {
            for (const auto p : reached) out.push_back({1, 1, carriage::every, {p}, {}});
        } else if (family_.keys > 1) {
            for (const auto p : reached)
                for (const auto& run : first(p).ports.parts())
                    for (port q = run.first; q <= run.last; ++q)
                        out.push_back({1, 1, carriage::every, {p}, q});
        } else {
            std::map<std::tuple<int, std::size_t, std::size_t>, mapping_kind> found;
            for (const auto p : reached) {
                const auto [protocol, place] = pool_sees(p);
                auto& kind = found[{protocol, place, reading_.by_pair ? first(p).server : 0}];
                kind.weight = 1;
                kind.each_socket += first(p).size();
                kind.how = carriage::each;
                kind.parts.push_back(p);
            }
            out = values(std::move(found));
        }
        return out;
    }

    // adm: a mapping for each destination address and protocol; it weighs as much as it reaches
    // ports there.
    std::vector<mapping_kind> by_address(const std::vector<std::size_t>& reached) const {
        std::map<std::pair<transport, std::size_t>, mapping_kind> found;
        const bool many = reading_.scope.destination == scope_destination::none;
        for (const auto p : reached) {
            auto& kind = found[{family_.parts[p].protocol, family_.parts[p].place}];
            kind.weight += first(p).ports.size();
            kind.each_socket = many ? first(p).addresses.size() : count(1);
            kind.how = many ? carriage::by_address : carriage::every;
            kind.parts.push_back(p);
        }
        return values(std::move(found));
    }

    // eim: a mapping for each protocol; it carries a flow to all endpoints.
    std::vector<mapping_kind> by_protocol(const std::vector<std::size_t>& reached) const {
        std::map<transport, mapping_kind> found;
        for (const auto p : reached) {
            auto& kind = found[family_.parts[p].protocol];
            kind.weight += first(p).size();
            kind.each_socket = 1;
            kind.parts.push_back(p);
        }
        return values(std::move(found));
    }

    template <class Map>
    static std::vector<mapping_kind> values(Map found) {
        std::vector<mapping_kind> out;
        for (auto& [key, kind] : found) out.push_back(std::move(kind));
        return out;
    }

    std::size_t bundle(const mapping_kind& kind) {
        const auto [it, fresh] =
            bundles_.try_emplace({kind.parts, kind.only_port}, out_.bundles.size());
        if (fresh) {
            auto& list = out_.bundles.emplace_back();
            for (const auto p : kind.parts)
                for (const auto& item : family_.parts[p].to) {
                    list.push_back(item);
                    if (kind.only_port) list.back().ports = {*kind.only_port, *kind.only_port};
                }
        }
        return it->second;
    }

    void add_all(std::size_t i, const std::vector<mapping_kind>& kinds) {
        bool apart = false;
        for (const auto& kind : kinds)
            apart =
                apart || pool_sees(kind.parts.front()) != pool_sees(kinds.front().parts.front());
        for (const auto& kind : kinds) add(i, kind, apart);
    }

    // `apart`: the same sockets have mappings under this key that may use other endpoints.
    void add(std::size_t i, const mapping_kind& kind, bool apart) {
        const std::size_t c = inside_[i];
        const std::size_t to = bundle(kind);
        const transport protocol = family_.parts[kind.parts.front()].protocol;
        const auto& towards = reading_.pool == pool_reading::any_hashed
                                  ? reached_.at({i, protocol})
                                  : first(kind.parts.front()).addresses;
        for (const auto& share : pool_.shares(c, s_.clients[c].addresses, protocol, towards)) {
            const count addresses = share.clients.size();
            for (const auto& piece : layout_.pieces(i)) {
                poll();
                auto& cls =
                    class_of(kind.weight, share.spots, piece, i, first(kind.parts.front()).server);
                const count mappings = addresses * piece.ports.size() * kind.each_socket;
                cls.mappings += mappings;
                cls.runs.push_back({c, share.clients, piece.ports, to, kind.how, mappings});
                std::optional<std::size_t> only;
                if (apart) only = to;
                if (!cls.items.empty()) {
                    auto& last = cls.items.back();
                    if (last.client == c && last.addresses == share.clients &&
                        last.ports == piece.ports && last.to == only) {
                        last.mappings += kind.each_socket;
                        continue;
                    }
                }
                cls.items.push_back({c, share.clients, piece.ports, kind.each_socket, only});
            }
        }
    }

    // A class is: a weight, addresses of the pool, a class of source ports, the ports that may be
    // kept, and where asked for the pair.
    using class_key = std::tuple<count, std::vector<std::uint32_t>, std::size_t, std::uint32_t,
                                 std::size_t, std::size_t>;

    source_class& class_of(const count& weight, const std::vector<std::uint32_t>& spots,
                           const port_piece& piece, std::size_t i, std::size_t server) {
        class_key key{weight,
                      spots,
                      piece.of_class,
                      piece.keeps ? piece.same + 1 : 0,
                      reading_.by_pair ? i : 0,
                      reading_.by_pair ? server : 0};
        const auto [it, fresh] = classes_.try_emplace(std::move(key), out_.sources.size());
        if (fresh) {
            out_.sources.emplace_back();
            out_.sources.back().weight = weight;
        }
        return out_.sources[it->second];
    }

    // The ports of an address of the pool that static mappings keep. The protocols of a family
    // agree wherever that matters to one. Where one address stands for the worst of an unknown
    // hash, what is kept on any is kept on it.
    const port_set& kept_on(std::uint32_t spot) {
        const auto [it, fresh] = kept_.try_emplace(spot);
        if (!fresh || plan_.holes.empty()) return it->second;
        const transport protocol = family_.parts.front().protocol;
        const bool worst = reading_.pool == pool_reading::lowest &&
                           plan_.design.pool.choice == pool_choice::hash && plan_.pool_size > 1;
        it->second = worst ? plan_.holes.anywhere(protocol)
                           : plan_.holes.at(protocol, pool_.spots()[spot].at(0));
        return it->second;
    }

    // On each address what is open are the ports of an atom that no static mapping keeps there.
    void link() {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::optional<std::uint32_t>> externals;
        const auto external = [&](std::uint32_t spot, std::uint32_t atom) {
            const auto [it, fresh] = externals.try_emplace({spot, atom});
            if (!fresh) return it->second;
            port_set left = layout_.atoms()[atom];
            if (const auto& kept = kept_on(spot); !kept.empty()) left = left - kept;
            if (left.empty()) return it->second;
            it->second = static_cast<std::uint32_t>(out_.externals.size());
            out_.externals.push_back({pool_.spots()[spot], std::move(left)});
            return it->second;
        };
        double arcs = 0;  // known before they are made
        for (const auto& [key, index] : classes_)
            arcs += static_cast<double>(std::get<1>(key).size()) *
                    static_cast<double>(layout_.searched(std::get<2>(key)).size());
        about_to_take(arcs * sizeof(std::uint32_t));
        for (const auto& [key, index] : classes_) {
            const auto& [weight, spots, of_class, same, client, server] = key;
            auto& cls = out_.sources[index];
            for (const auto spot : spots) {
                poll();
                for (const auto atom : layout_.searched(of_class))
                    if (const auto e = external(spot, atom)) cls.open.push_back(*e);
                if (same == 0) continue;
                if (const auto e = external(spot, same - 1)) cls.same_port.push_back(*e);
            }
        }
    }

    const scenario& s_;
    const nat_plan& plan_;
    const std::vector<std::size_t>& inside_;
    const nat_reading& reading_;
    const key_family& family_;
    const port_layout& layout_;
    pool_split& pool_;
    const reached_addresses& reached_;
    std::map<std::pair<std::vector<std::size_t>, std::optional<port>>, std::size_t> bundles_;
    std::map<class_key, std::size_t> classes_;
    std::map<std::uint32_t, port_set> kept_;  // by spot
    group out_;
};

count ports_of(const key_family& family) {
    count total = 0;
    for (const auto& p : family.parts) total += p.to.front().ports.size();
    return total;
}

std::vector<key_family> key_by_key(const key_family& family) {
    std::vector<key_family> out;
    for (const auto& part : family.parts.front().to.front().addresses.parts())
        for (ip_address a = part.first;; ++a) {
            poll();
            auto& one = out.emplace_back(family);
            one.keys = 1;
            for (auto& p : one.parts) p.to.front().addresses = {a, a};
            if (a == part.last) break;
        }
    return out;
}

}  // namespace

std::vector<group> groups_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                             const std::vector<std::size_t>& inside, const nat_reading& reading) {
    const work_step here("splitting sets into classes");
    look_up();
    std::vector<const port_set*> ports;
    reached_addresses reached;
    for (std::size_t i = 0; i < inside.size(); ++i) {
        ports.push_back(&s.clients[inside[i]].ports);
        if (reading.pool != pool_reading::any_hashed) continue;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[inside[i]][v]) {
                auto& all = reached[{i, s.servers[v].protocol}];
                all = all | s.servers[v].addresses;
            }
    }
    // With several addresses a source that keeps its ports has several ways to keep each: they are
    // told apart port by port.
    pool_split pool(plan, reading);
    const port_layout layout(
        plan, ports,
        reading.by_pair || reading.pool == pool_reading::any_hashed || pool.spots().size() > 1);
    family_question question;
    question.scope = reading.scope;
    question.places = reading.mapping == mapping_type::adm;
    question.single_addresses = reading.pool == pool_reading::hashed &&
                                plan.design.pool.of == hash_input::source_and_destination;
    question.destinations = reading.destinations;
    question.by_server = reading.by_pair;
    std::vector<group> out;
    const auto build = [&](const key_family& family) {
        out.push_back(group_builder(s, plan, inside, reading, family, layout, pool, reached).run());
    };
    for (const auto& family : key_families(s, reach, inside, question)) {
        // Several mappings a socket under each of several keys are laid out port by port, or key by
        // key: whichever is shorter.
        if (reading.mapping == mapping_type::edm &&
            reading.scope.destination == scope_destination::address && family.keys > 1 &&
            ports_of(family) > family.keys) {
            for (const auto& one : key_by_key(family)) build(one);
        } else {
            build(family);
        }
    }
    return out;
}

}  // namespace natbound
