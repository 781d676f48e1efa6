// Client addresses open flow after flow, towards one destination after the other, until a limit
// refuses one (or cuts another).
#include <map>
#include <set>

#include "aiming.hpp"
#include "filling.hpp"
#include "trace.hpp"

namespace natbound::detail {
namespace {

constexpr std::uint64_t most_stepped = 300'000;

class opener {
  public:
    opener(const scenario& s, const nat_plan& plan, std::uint64_t most)
        : s_(s), plan_(plan), most_(most), table_(plan), aim_(plan) {}

    // Whether some flow of the address failed.
    bool run(const client_set& c, ip_address from) {
        return any_destination(s_, c, [&](const server_set& v, const endpoint& to) {
            return towards({&c, from, &v, to});
        });
    }
    refusal why() const { return failed_.refused; }
    std::uint64_t live() const { return live_; }

    filling found() {
        out_.live = live_;
        out_.trace = writer_.take();
        return std::move(out_);
    }

  private:
    bool towards(const actor& who) {
        for (const auto& part : who.clients->ports.parts())
            for (port p = part.first; p <= part.last; ++p) {
                const std::uint64_t n = plan_.class_of(p).size;
                live_ = table_.live();
                if (live_ > most_) {  // the limit is one that the table does not keep
                    failed_.refused = refusal::conflict;
                    return true;
                }
                // port after port, so that a replay finds each at once
                aim_.aim(table_, who.at(p), live_ % n, live_ / n % saturated(plan_.pool_size));
                failed_ = table_.open(who.at(p), aim_);
                if (failed_.failed()) {
                    out_.who = who;
                    out_.source = p;
                    out_.draws = aim_.drawn;
                    return true;
                }
                writer_.open(who, p, aim_.drawn);
            }
        return false;
    }

    const scenario& s_;
    const nat_plan& plan_;
    std::uint64_t most_;
    nat_table table_;
    aiming aim_;
    trace_writer writer_;
    opened failed_;
    std::uint64_t live_ = 0;
    filling out_;
};

// A destination for each mapping that one socket of the client set may have: of each protocol the
// first (eim), or of each address (adm), as far as there are few.
std::vector<std::pair<const server_set*, endpoint>> one_a_mapping(const scenario& s,
                                                                  const nat_plan& plan,
                                                                  const client_set& c) {
    constexpr std::size_t enough = 64;
    std::vector<std::pair<const server_set*, endpoint>> out;
    std::set<std::pair<transport, ip_address>> seen;
    for (const auto& v : s.servers) {
        if (!reaches(c, v)) continue;
        const bool adm = plan.design.mapping_type == mapping_type::adm;
        const std::uint64_t wide = adm ? saturated(v.addresses.size()) : 1;
        for (std::uint64_t i = 0; i < wide && out.size() < enough; ++i) {
            const ip_address a = v.addresses.at(i);
            if (seen.insert({v.protocol, adm ? a : 0}).second)
                out.push_back({&v, {a, v.ports.at(0)}});
        }
    }
    return out;
}

}  // namespace

std::optional<filling> fill_quota(const scenario& s, const nat_plan& plan, const client_set& c) {
    if (*plan.quota > most_stepped) return std::nullopt;
    opener one(s, plan, *plan.quota);
    if (!one.run(c, c.addresses.at(0)) || one.why() != refusal::quota) return std::nullopt;
    return one.found();
}

std::optional<filling> fill_limit(const scenario& s, const nat_plan& plan, std::uint64_t most) {
    if (most > most_stepped) return std::nullopt;
    opener all(s, plan, most);
    for (const auto* c : inside(s, *plan.of))
        for (const auto& part : c->addresses.parts())
            for (ip_address a = part.first;; ++a) {
                if (all.run(*c, a)) {
                    const bool full =
                        all.why() == refusal::none || all.why() == refusal::table_full;
                    if (!full || all.live() != most) return std::nullopt;
                    return all.found();
                }
                if (a == part.last) break;
            }
    return std::nullopt;
}

std::optional<filling> fill_mappings(const scenario& s, const nat_plan& plan, std::uint64_t most) {
    if (most > most_stepped) return std::nullopt;
    nat_table table(plan);
    aiming aim(plan);
    trace_writer writer;
    filling out;
    const auto open = [&](const actor& who, port p) {  // whether it is the one that is refused
        const std::uint64_t n = plan.class_of(p).size, live = table.live();
        aim.aim(table, who.at(p), live % n, live / n % saturated(plan.pool_size));
        if (live == most) {
            table.open(who.at(p), aim);  // for what it draws
            out.who = who;
            out.source = p;
            out.live = live;
            out.trace = writer.take();
            return true;
        }
        if (!table.open(who.at(p), aim).failed()) writer.open(who, p, aim.drawn);
        return false;
    };
    for (const auto* c : inside(s, *plan.of))
        for (const auto& part : c->addresses.parts())
            for (ip_address a = part.first;; ++a) {
                for (const auto& to : one_a_mapping(s, plan, *c))
                    for (const auto& ports : c->ports.parts())
                        for (port p = ports.first; p <= ports.last; ++p)
                            if (open({c, a, to.first, to.second}, p)) return out;
                if (a == part.last) break;
            }
    return std::nullopt;
}

count most_mappings(const scenario& s, const nat_plan& plan) {
    count out = 0;
    for (const auto* c : inside(s, *plan.of)) {
        std::set<transport> protocols;
        std::map<transport, address_set> addresses;
        for (const auto& v : s.servers)
            if (reaches(*c, v)) {
                protocols.insert(v.protocol);
                addresses[v.protocol] = addresses[v.protocol] | v.addresses;
            }
        count each = static_cast<std::uint64_t>(protocols.size());
        if (plan.design.mapping_type == mapping_type::adm) {
            each = 0;
            for (const auto& [protocol, all] : addresses) each += all.size();
        }
        out += c->addresses.size() * c->ports.size() * each;
    }
    return out;
}

}  // namespace natbound::detail
