// How few could be enough, and a history with as few.
#include "partner_conflict.hpp"

#include <algorithm>
#include <array>

#include "aiming.hpp"
#include "filling.hpp"
#include "natbound/model/contiguity.hpp"
#include "natbound/model/json_io.hpp"
#include "search_bound.hpp"
#include "trace.hpp"

namespace natbound::detail {

namespace bj = boost::json;

namespace {

constexpr std::size_t few = 8;
constexpr int most_tried = 20000;

// Whether a port that may be given has one beside it that is not, somewhere.
bool some_lone(const nat_plan& plan, const port_set& paired) {
    for (const auto& a : plan.classes)
        for (const auto& b : plan.classes)
            if (!(a.source & paired & partners(b.source)).empty() && a.ports != partners(b.ports))
                return true;
    if (plan.holes.empty()) return false;
    for (const auto& part : plan.holes.alike())
        for (const auto p : all_transports)
            if (const auto kept = plan.holes.at(p, part.at(0)); kept != partners(kept)) return true;
    return false;
}

// Whether each client has one address and ports that no other has, which are kept: then both of two
// partners sit on their own, whichever comes first.
bool each_keeps_its_own(const nat_plan& plan, const std::vector<const client_set*>& clients) {
    port_set seen = plan.holes.anywhere();
    for (const auto* c : clients) {
        if (c->addresses.size() > 1 || !(seen & c->ports).empty()) return false;
        seen = seen | c->ports;
        for (const auto& k : plan.classes)
            if (const port_set own = c->ports & k.source;
                plan.design.first_choice == first_choice::none ||
                (plan.design.first_choice == first_choice::preserve && !(own - k.ports).empty()))
                if (!own.empty()) return false;
    }
    return true;
}

// With so few live a flow may fail; none where none ever does.
std::optional<std::uint64_t> fewest(const scenario& s, const nat_plan& plan) {
    const auto clients = inside(s, *plan.of);
    port_set paired;
    for (const auto* c : clients) paired = paired | in_pairs(c->ports);
    const auto there = most_mappings(s, plan);
    if (paired.empty() || there < 2 || each_keeps_its_own(plan, clients)) return std::nullopt;
    if (some_lone(plan, paired)) return 1;
    if (there < 3) return std::nullopt;
    return 2;
}

// Some of the ports: from both ends.
std::vector<port> some_of(const port_set& ports) {
    std::vector<port> out;
    const std::uint64_t all = saturated(ports.size());
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(all, few); ++i)
        out.push_back(ports.at(i % 2 == 0 ? i / 2 : all - 1 - i / 2));
    return out;
}

class history {
  public:
    explicit history(const nat_plan& plan) : plan_(plan), aim_(plan) {}

    // The shortest that is found, of `least` or more live.
    std::optional<filling> run(const std::vector<arena>& arenas, std::uint64_t least) {
        for (std::size_t i = 0; i < std::min(arenas.size(), few); ++i)
            for (std::size_t k = 0; k < std::min(arenas[i].actors.size(), few); ++k)
                for (const port p : some_of(in_pairs(arenas[i].actors[k].clients->ports)))
                    for (const port at : places(p, arenas[i].actors[k].server->protocol)) {
                        beside(arenas[i], arenas[i].actors[k], p, at);
                        if ((best_ && best_->live <= least) || tried_ > most_tried) return best_;
                    }
        return best_;
    }

  private:
    // Where the partner may be put: beside ports that are never given, first.
    std::vector<port> places(port source, transport protocol) const {
        const auto& range = plan_.class_of(source);
        const port_set beside =
            partners(plan_.class_of(source ^ 1U).ports) - partners(plan_.holes.anywhere(protocol));
        auto out = some_of(range.ports - beside);
        for (const port p : some_of(range.ports)) out.push_back(p);
        out.push_back(source);
        return out;
    }

    opened open(nat_table& table, const actor& who, port source, port at, std::uint64_t rank) {
        ++tried_;
        aim_.aim(table, who.at(source), plan_.class_of(source).rank(at).value_or(0), rank);
        return table.open(who.at(source), aim_);
    }

    // The partner of the one who fails is put there; and if that is not enough, another beside it.
    void beside(const arena& where, const actor& who, port source, port at) {
        const port failing = source ^ 1U;
        const std::uint64_t ranks = std::min<std::uint64_t>(saturated(plan_.pool_size), few);
        for (std::uint64_t rank = 0; rank < ranks; ++rank) {
            nat_table table(plan_);
            const auto first = open(table, who, source, at, rank);
            if (first.failed()) continue;
            trace_writer trace;
            trace.open(who, source, aim_.drawn);
            if (open(table, who, failing, at, rank).refused == refusal::no_port) {
                take({trace.take(), who, failing, aim_.drawn, 1});
                return;
            }
            if (best_) continue;
            const auto drawn_at = *plan_.of->external_ip_address_pool.rank(first.external.address);
            for (const auto& other : where.actors) {
                for (const port p : others(other, who, source, first.external.port ^ 1U)) {
                    if (tried_ > most_tried) return;
                    if (meets(who, source, at, rank, other, p, first.external,
                              static_cast<std::uint64_t>(drawn_at)))
                        return;
                }
            }
        }
    }

    // Source ports that might get that external one: that very port, the failing one's, others.
    std::vector<port> others(const actor& other, const actor& who, port source, port wanted) const {
        const port_set& parity = source % 2 == 0 ? odd_ports() : even_ports();
        const port_set all = other.clients->ports & parity;
        std::vector<port> out;
        for (const port p : {source ^ 1U, wanted})
            if (all.contains(p)) out.push_back(p);
        for (const port p : some_of(all)) out.push_back(p);
        if (other.address == who.address) std::erase(out, source ^ 1U);
        return out;
    }

    bool meets(const actor& who, port source, port at, std::uint64_t rank, const actor& other,
               port p, const endpoint& there, std::uint64_t there_rank) {
        nat_table table(plan_);
        trace_writer trace;
        open(table, who, source, at, rank);
        trace.open(who, source, aim_.drawn);
        const auto second = open(table, other, p, there.port ^ 1U, there_rank);
        if (second.failed() || second.external != endpoint{there.address, there.port ^ 1U})
            return false;
        trace.open(other, p, aim_.drawn);
        const port failing = source ^ 1U;
        if (open(table, who, failing, at, rank).refused != refusal::no_port) return false;
        take({trace.take(), who, failing, aim_.drawn, 2});
        return true;
    }

    void take(filling found) {
        if (!best_ || found.live < best_->live) best_ = std::move(found);
    }

    const nat_plan& plan_;
    aiming aim_;
    std::optional<filling> best_;
    int tried_ = 0;
};

void tell(filling& f, std::uint64_t least, guaranteed_result& out) {
    out.at_most = f.live;
    out.nothing_fails = false;
    out.at_least = least;
    out.connections.reset();
    if (f.live == least) out.connections = least;
    out.binds = "ports";
    out.failing = f.who.from_to(f.source);
    out.sets_it = "with " + grouped(f.live) + " live, " + out.failing +
                  " can fail: the port beside that of its partner (source port " +
                  std::to_string(f.source ^ 1U) +
                  (f.live == 1 ? ") is never given" : ") is taken") +
                  ", and no other will do (port-contiguity: require)";
    out.evidence =
        bj::object{{"trace", std::move(f.trace)},
                   {"failing", trace_writer::failing(f.who, f.source, f.draws)},
                   {"lower-bound", bj::object{{"reason", "partner"}, {"limit", number(f.live)}}}};
}

}  // namespace

void with_partners(const scenario& s, const nat_plan& plan, const std::vector<arena>& arenas,
                   guaranteed_result& out) {
    if (plan.design.port_contiguity != contiguity::require) return;
    auto least = fewest(s, plan);
    if (!least) return;
    if (!out.nothing_fails && out.at_least < *least) least = saturated(out.at_least);
    if (out.connections && *out.connections <= *least) return;
    if (auto found = history(plan).run(arenas, *least);
        found && (!out.at_most || found->live < *out.at_most)) {
        tell(*found, *least, out);
        return;
    }
    out.at_least = *least;
    if (out.at_most && *out.at_most == *least) return;
    out.nothing_fails = false;
    out.connections.reset();
    out.sets_it = "whether a new connection can fail with " + grouped(*least) +
                  " live is not settled (port-contiguity: require)" +
                  (out.at_most ? "; with " + grouped(*out.at_most) + " live one can" : "");
}

}  // namespace natbound::detail
