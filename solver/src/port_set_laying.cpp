// Classes of subscribers, each with the sets that it gets, one after the other.
#include "port_set_laying.hpp"

#include <algorithm>

#include "natbound/model/work.hpp"
#include "one_in_sets.hpp"
#include "overlay.hpp"
#include "port_set_dealing.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_classes = 50'000;

// With their own sets, where they have any.
std::vector<subscriber_class> begun(const nat& n, const std::vector<numbered_addresses>& numbers,
                                    const address_set& subscribers) {
    if (!n.port_set->deterministic) return {{subscribers, {}}};
    return with_own_sets(n, numbers, subscribers);
}

struct dealt_kind {
    subscriber_kind kind;
    count subscribers;
    std::optional<subscriber_room> room;  // where there are sets to deal
    count whole = 0, more = 0;
};

}  // namespace

std::vector<subscriber_kind> kinds_of(const scenario& s, const std::vector<std::size_t>& inside) {
    std::vector<const address_set*> addresses;
    for (const auto c : inside) addresses.push_back(&s.clients[c].addresses);
    std::vector<subscriber_kind> out;
    for (auto& atom : overlay<ip_address>(addresses)) {
        subscriber_kind one;
        for (const auto k : atom.sets) one.clients.push_back(inside[k]);
        one.addresses = std::move(atom.atom);
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<block> laid_in_sets(const scenario& s, const reach_table& reach, std::size_t nat,
                                const std::vector<std::size_t>& inside,
                                const std::vector<numbered_addresses>& numbers,
                                const boost::json::storage_ptr& memory) {
    const auto& n = s.nats[nat];
    count subscribers = 0;
    for (const auto& span : numbers) subscribers += span.addresses.size();
    const auto supply = supply_of(n, subscribers);
    std::vector<dealt_kind> kinds;
    for (auto& kind : kinds_of(s, inside)) {
        std::erase_if(kind.clients, [&](auto c) {
            return std::none_of(reach[c].begin(), reach[c].end(), [](bool r) { return r; });
        });
        if (kind.clients.empty()) continue;
        const count many = kind.addresses.size();
        std::optional<subscriber_room> room;
        if (supply.shared > 0) room.emplace(s, reach, n, kind.clients);
        kinds.push_back({std::move(kind), many, std::move(room)});
    }
    shared_sets shared(n);
    auto there = supply;
    there.shared = shared.left();
    deal(kinds, there, [](const auto& room, const count& b) { return room->below(b); });
    std::vector<block> out;
    std::size_t classes = 0;
    for (const auto& one : kinds) {
        count more = one.more;
        for (auto& left : begun(n, numbers, one.kind.addresses))
            while (!left.addresses.empty()) {
                poll();
                if (++classes > most_classes) return out;  // fewer, which is a bound too
                // those with one set more than the others come first
                auto some = left;
                const count now = std::min<count>(more, left.addresses.size());
                if (now > 0) {
                    some.addresses = left.addresses.slice(0, now);
                    left.addresses =
                        left.addresses.slice(static_cast<u128>(now), left.addresses.size() - now);
                    for (auto& l : left.layers) l.first += now;
                    more -= now;
                } else {
                    left.addresses = {};
                }
                const count sets = one.whole + (now > 0 ? 1 : 0) - supply.own;
                while (!some.addresses.empty()) {
                    poll();
                    const auto cls = shared.take(some, sets);
                    const one_in_sets first(s, reach, nat, one.kind.clients, cls);
                    first.lay(first.most(memory), out);
                    if (++classes > most_classes) return out;
                }
            }
    }
    return out;
}

namespace {

// Evenly, one more to the first few; or by the ports that are left to each.
class placing_in_sets {
  public:
    placing_in_sets(const scenario& s, const reach_table& reach, std::size_t nat,
                    const std::vector<numbered_addresses>& numbers, const demand_list& demand,
                    const boost::json::storage_ptr& memory)
        : s_(s),
          reach_(reach),
          nat_(nat),
          n_(s.nats[nat]),
          numbers_(numbers),
          demand_(demand),
          memory_(memory),
          shared_(n_) {
        count subscribers = 0;
        for (const auto& span : numbers) subscribers += span.addresses.size();
        const auto supply = supply_of(n_, subscribers);
        most_shared_ = supply.each - supply.own;
    }

    std::optional<std::vector<block>> run(const std::vector<subscriber_kind>& kinds,
                                          bool by_ports) {
        for (const auto& kind : kinds) {
            // what each client set wants of these addresses
            demand_list wanted;
            for (const auto& p : demand_) {
                const auto at = std::find(kind.clients.begin(), kind.clients.end(), p.client);
                if (at == kind.clients.end()) continue;
                const count all = s_.clients[p.client].addresses.size();
                if (all != kind.addresses.size() && p.connections % all != 0) return std::nullopt;
                wanted.push_back({p.client, p.server,
                                  all == kind.addresses.size()
                                      ? p.connections
                                      : p.connections / all * kind.addresses.size()});
            }
            if (total_of(wanted) == 0) continue;
            auto classes = begun(n_, numbers_, kind.addresses);
            const auto parts = parted(classes, wanted, by_ports);
            for (std::size_t k = 0; k < classes.size(); ++k)
                if (!place(kind, classes[k], parts[k])) return std::nullopt;
        }
        return std::move(out_);
    }

  private:
    // For each class what is wanted of it in all.
    std::vector<demand_list> parted(const std::vector<subscriber_class>& classes,
                                    const demand_list& wanted, bool by_ports) const {
        std::vector<demand_list> out(classes.size(), wanted);
        if (classes.size() == 1) return out;
        for (std::size_t d = 0; d < wanted.size(); ++d) {
            const auto protocol = s_.servers[wanted[d].server].protocol;
            std::vector<count> until;  // weights, summed
            for (const auto& c : classes) {
                const count each = by_ports && !c.layers.empty()
                                       ? count(c.layers.front().of->left_to(protocol))
                                       : count(1);
                until.push_back((until.empty() ? count(0) : until.back()) +
                                each * c.addresses.size());
            }
            count given = 0;
            for (std::size_t k = 0; k < classes.size(); ++k) {
                const count now = until.back() == 0
                                      ? count(0)
                                      : count(wanted[d].connections * until[k] / until.back());
                out[k][d].connections = now - given;
                given = now;
            }
            if (until.back() == 0) out.front()[d] = wanted[d];  // which does not fit
        }
        return out;
    }

    // The pairs' remainders go round: the next pair's begin where the last one's ended, so that no
    // subscriber has more than one connection over its even part.
    bool place(const subscriber_kind& kind, const subscriber_class& left,
               const demand_list& wanted) {
        const count many = left.addresses.size();
        std::vector<count> cuts{0, many};
        std::vector<std::pair<count, count>>
            turns;  // where a pair's remainder begins, and its size
        count next = 0;
        for (const auto& p : wanted) {
            const count over = p.connections % many;
            turns.emplace_back(next, over);
            cuts.push_back(next);
            next = (next + over) % many;
            cuts.push_back(next);
        }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            auto some = left;
            const count here = cuts[i + 1] - cuts[i];
            some.addresses = left.addresses.slice(static_cast<u128>(cuts[i]), here);
            for (auto& l : some.layers) l.first += cuts[i];
            demand_list each = wanted;
            for (std::size_t d = 0; d < each.size(); ++d) {
                const auto& [from, over] = turns[d];
                const count ahead = (cuts[i] + many - from) % many;
                each[d].connections = wanted[d].connections / many + (ahead < over ? 1 : 0);
            }
            if (!place_alike(kind, std::move(some), each)) return false;
        }
        return true;
    }

    // Each subscriber of the class wants the same: with as few sets as will do.
    bool place_alike(const subscriber_kind& kind, subscriber_class some, const demand_list& each) {
        if (total_of(each) == 0) return true;
        count sets = 0;
        while (!some.addresses.empty()) {
            poll();
            if (++classes_ > most_classes) return false;
            bool placed = false;
            for (; sets <= most_shared_ && sets <= shared_.left(); ++sets) {
                auto sets_then = shared_;
                auto rest = some;
                const auto cls = sets_then.take(rest, sets);
                const one_in_sets first(s_, reach_, nat_, kind.clients, cls);
                const auto found = first.placed(each, memory_);
                if (!found) continue;
                first.lay(*found, out_);
                shared_ = std::move(sets_then);
                some = std::move(rest);
                placed = true;
                break;
            }
            if (!placed) return false;
        }
        return true;
    }

    const scenario& s_;
    const reach_table& reach_;
    std::size_t nat_;
    const nat& n_;
    const std::vector<numbered_addresses>& numbers_;
    const demand_list& demand_;
    boost::json::storage_ptr memory_;
    shared_sets shared_;
    count most_shared_ = 0;
    std::size_t classes_ = 0;
    std::vector<block> out_;
};

}  // namespace

std::optional<std::vector<block>> placed_in_sets(const scenario& s, const reach_table& reach,
                                                 std::size_t nat,
                                                 const std::vector<std::size_t>& inside,
                                                 const std::vector<numbered_addresses>& numbers,
                                                 const demand_list& demand,
                                                 const boost::json::storage_ptr& memory) {
    const auto kinds = kinds_of(s, inside);
    for (const bool by_ports : {false, true}) {
        if (by_ports && !s.nats[nat].static_mappings) break;
        placing_in_sets one(s, reach, nat, numbers, demand, memory);
        if (auto found = one.run(kinds, by_ports)) return found;
    }
    return std::nullopt;
}

}  // namespace natbound
