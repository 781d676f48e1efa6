#include "set_holding.hpp"

#include "natbound/model/port_sets.hpp"

namespace natbound::detail {

set_holding::set_holding(const nat& n, port_set_table& table, trace_writer& writer)
    : table_(table),
      writer_(writer),
      has_own_(n.port_set->deterministic),
      own_(own_nat(n, port_set_layout(n).at(0))),
      shared_(own_nat(n, port_set_layout(n).shared_at(0))),
      own_plan_(own_),
      shared_plan_(shared_) {}

bool set_holding::open(const actor& who, port source) {
    const auto before = table_.sets_of(who.address);
    const nat_plan* plan = has_own_ && before <= 1 ? &own_plan_ : &shared_plan_;
    if (in_last_ >= plan->classes.front().size) {  // it is full: aim at the first of another
        in_last_ = 0;
        plan = &shared_plan_;
    }
    aiming aim(*plan);
    aim.aim(table_.draws_address(who.at(source)), who.at(source), in_last_);
    const auto got = table_.open(who.at(source), aim);
    if (got.failed()) {
        refused_.emplace();
        refused_->who = who;
        refused_->source = source;
        refused_->draws = aim.drawn;
        return false;
    }
    const bool another = table_.sets_of(who.address) > before;
    in_last_ = another ? 1 : in_last_ + 1;
    writer_.open(who, source, aim.drawn);
    opened_.push_back({who, source, another && !(has_own_ && before == 0)});
    return true;
}

bool set_holding::next(const std::vector<actor>& towards) {
    if (to_ == towards.size()) return false;
    const actor& who = towards[to_];
    if (!open(who, who.clients->ports.at(port_))) return false;
    if (++port_ == who.sockets()) {
        port_ = 0;
        ++to_;
    }
    return true;
}

bool set_holding::hold(const std::vector<actor>& towards, std::size_t sets) {
    const auto wanted = sets + (has_own_ ? 1 : 0);
    while (table_.sets_of(towards.front().address) < wanted)
        if (!next(towards)) return false;
    return true;
}

bool set_holding::open_all(const std::vector<actor>& towards, std::uint64_t connections) {
    while (connections-- > 0)
        if (!next(towards)) return false;
    return true;
}

void set_holding::thin_out() {
    for (const auto& o : opened_) {
        if (o.first) continue;
        table_.remove(o.who.at(o.source));
        writer_.close(o.who, o.source);
    }
    std::erase_if(opened_, [](const opened& o) { return !o.first; });
}

std::optional<filling> fill_sets(const scenario& s, const nat& n, std::uint64_t most,
                                 const client_set* only) {
    nat unlimited = n;
    unlimited.connection_limits = {};
    unlimited.mapping_limits = {};
    port_set_table table(s, unlimited);
    trace_writer writer;
    std::optional<filling> out;
    for (const auto* c : inside(s, n)) {
        if (only && c != only) continue;
        for (const auto& part : c->addresses.parts())
            for (ip_address from = part.first;; ++from) {
                set_holding holder(unlimited, table, writer);
                any_destination(s, *c, [&](const server_set& v, const endpoint& to) {
                    const actor who{c, from, &v, to};
                    for (const auto& ports : c->ports.parts())
                        for (port p = ports.first; p <= ports.last; ++p) {
                            if (table.live() == most) {
                                out.emplace();
                                out->who = who;
                                out->source = p;
                                out->live = most;
                                return true;
                            }
                            if (!holder.open(who, p)) return false;  // another destination
                        }
                    return false;
                });
                if (out) {
                    out->trace = writer.take();
                    return out;
                }
                if (only || from == part.last) break;
            }
        if (only) break;
    }
    return out;
}

}  // namespace natbound::detail
