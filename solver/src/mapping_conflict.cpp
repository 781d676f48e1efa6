// Opens two flows in an empty table, and looks whether the third is refused.
#include "mapping_conflict.hpp"

#include <algorithm>
#include <set>

#include "aiming.hpp"
#include "trace.hpp"

namespace natbound::detail {
namespace {

constexpr std::uint64_t most_tried = 20'000;  // histories

struct towards {
    const server_set* server;
    endpoint at;
};

// Of each server set the corners of its first two addresses and ports.
std::vector<towards> some_destinations(const scenario& s, const client_set& c) {
    std::vector<towards> out;
    for (const auto& v : s.servers) {
        if (!reaches(c, v)) continue;
        for (std::uint64_t a = 0; a < std::min<std::uint64_t>(2, saturated(v.addresses.size()));
             ++a)
            for (std::uint64_t p = 0; p < std::min<std::uint64_t>(2, saturated(v.ports.size()));
                 ++p)
                out.push_back({&v, {v.addresses.at(a), v.ports.at(p)}});
    }
    return out;
}

// One mapping, and two keys.
bool shared(const nat_plan& plan, const towards& one, const towards& two) {
    if (one.server->protocol != two.server->protocol) return false;
    if (plan.design.mapping_type == mapping_type::adm && one.at.address != two.at.address)
        return false;
    const auto key = [&](const towards& d) {
        return scope_of({d.server->protocol, {}, d.at}, plan.design.clash_scope);
    };
    return key(one) != key(two);
}

std::vector<port> some_ports(const nat_plan& plan, const client_set& c,
                             std::initializer_list<port> liked) {
    std::vector<port> out;
    const auto add = [&](port p) {
        if (c.ports.contains(p) && std::find(out.begin(), out.end(), p) == out.end())
            out.push_back(p);
    };
    for (const auto p : liked) add(p);
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(3, saturated(c.ports.size())); ++i)
        add(c.ports.at(i));
    for (const auto& range : plan.classes)
        if (const auto own = c.ports & range.source; !own.empty()) add(own.at(0));
    return out;
}

class conflict_search {
  public:
    conflict_search(const scenario& s, const nat_plan& plan) : s_(s), plan_(plan), aim_(plan) {}

    std::optional<filling> run() {
        for (const auto* c : inside(s_, *plan_.of)) {
            const auto there = some_destinations(s_, *c);
            for (const auto& first : there)
                for (const auto& second : there)
                    if (shared(plan_, first, second))
                        if (auto found = of(*c, first, second)) return found;
        }
        return std::nullopt;
    }

  private:
    // Some client of the set, whose mapping towards the first destination is met at the second.
    std::optional<filling> of(const client_set& c, const towards& first, const towards& second) {
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(8, saturated(c.addresses.size()));
             ++i)
            for (const port source : some_ports(plan_, c, {})) {
                const actor one{&c, c.addresses.at(i), first.server, first.at};
                const actor again{&c, one.address, second.server, second.at};
                if (auto found = met(one, again, source)) return found;
            }
        return std::nullopt;
    }

    std::optional<filling> met(const actor& one, const actor& again, port source) {
        const flow mapped = one.at(source);
        nat_table empty(plan_);
        aim_.aim(empty, mapped, 0);
        const auto at = empty.open(mapped, aim_);
        if (at.failed()) return std::nullopt;
        const auto draws = aim_.drawn;
        const auto pool_rank = static_cast<std::uint64_t>(
            *plan_.of->external_ip_address_pool.rank(at.external.address));
        for (const auto* c : inside(s_, *plan_.of)) {
            if (!reaches(*c, *again.server)) continue;
            for (std::uint64_t i = 0;
                 i < std::min<std::uint64_t>(64, saturated(c->addresses.size())); ++i)
                for (const port other : some_ports(plan_, *c, {source, at.external.port})) {
                    const actor two{c, c->addresses.at(i), again.server, again.destination};
                    if (two.address == one.address && other == source) continue;
                    if (++tried_ > most_tried) return std::nullopt;
                    nat_table table(plan_);
                    aim_.aim(table, mapped, 0);
                    table.open(mapped, aim_);
                    const flow met = two.at(other);
                    aim_.aim(table, met, plan_.class_of(other).rank(at.external.port).value_or(0),
                             pool_rank);
                    const auto got = table.open(met, aim_);
                    if (got.failed() || got.external != at.external) continue;
                    trace_writer trace;
                    trace.open(one, source, draws);
                    trace.open(two, other, aim_.drawn);
                    aim_.aim(table, again.at(source), 0);
                    if (table.open(again.at(source), aim_).refused != refusal::conflict) continue;
                    return filling{trace.take(), again, source, aim_.drawn, 2};
                }
        }
        return std::nullopt;
    }

    const scenario& s_;
    const nat_plan& plan_;
    aiming aim_;
    std::uint64_t tried_ = 0;
};

}  // namespace

bool may_conflict(const scenario& s, const nat_plan& plan) {
    const auto type = plan.design.mapping_type;
    if (type != mapping_type::eim && type != mapping_type::adm) return false;
    count sockets = 0;
    bool several = false;
    for (const auto* c : inside(s, *plan.of)) {
        sockets += c->addresses.size() * c->ports.size();
        const auto there = some_destinations(s, *c);
        for (const auto& one : there)
            several = several || std::any_of(there.begin(), there.end(), [&](const auto& two) {
                          return shared(plan, one, two);
                      });
    }
    return several && sockets > 1;
}

std::optional<filling> find_conflict(const scenario& s, const nat_plan& plan) {
    return conflict_search(s, plan).run();
}

}  // namespace natbound::detail
