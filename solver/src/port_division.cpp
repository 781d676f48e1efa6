// Parting the ports of clients and of the pool.
#include "port_division.hpp"

#include <algorithm>

#include "natbound/model/contiguity.hpp"

namespace natbound {

namespace {

// The last so many.
port_set last_of(const port_set& ports, std::uint64_t most) {
    const std::uint64_t all = saturated(ports.size());
    const std::uint64_t some = std::min(all, most);
    return ports.slice(all - some, some);
}

}  // namespace

port_divider::port_divider(const scenario& s, std::size_t nat,
                           const std::vector<std::size_t>& inside)
    : s_(s), nat_(nat), plan_(s.nats[nat]), partners_of_holes_(partners(plan_.holes.anywhere())) {
    port_set paired;
    for (const auto c : inside) paired = paired | (in_pairs(s.clients[c].ports) & even_ports());
    for (const auto& c : plan_.classes) {
        // of even source ports: those whose partners may be given to theirs
        port_set both = c.ports & even_ports();
        for (const auto& other : plan_.classes)
            if (!(c.source & paired & partners(other.source)).empty())
                both = both & partners(other.ports);
        if ((c.source & even_ports()).empty()) both = {};
        of_class_.push_back(both);
        whole_ = whole_ | both | partners(both);
    }
    for (const auto c : inside) {
        const port_set& own = s.clients[c].ports;
        const port_set tied = in_pairs(own);
        sources here{c, {}, own - tied};
        port_set left = tied & even_ports();
        for (const auto& k : plan_.classes) {
            const bool gives = !of_class_[here.paired.size()].empty();
            here.paired.push_back(gives ? left & k.source : port_set{});
            left = left - here.paired.back();
        }
        here.lone = here.lone | left;
        inside_.push_back(std::move(here));
    }
}

port_division port_divider::divide(const single_pairs& single) const {
    // external pairs left to the singles, those of every class at once: classes may overlap
    port_set spared;
    for (const auto& own : of_class_) spared = spared | last_of(own, single.external);
    const port_set halves = (whole_ & even_ports()) - spared;
    const port_set singles = (all_ports() - halves - partners(halves)) | beside_holes();
    std::vector<port_class> even, apart;
    std::vector<bool> gives;
    for (std::size_t i = 0; i < plan_.classes.size(); ++i) {
        const auto& k = plan_.classes[i];
        const port_set some = of_class_[i] & halves;
        gives.push_back(!some.empty());
        if (!some.empty()) even.push_back({k.source & even_ports(), some});
        apart.push_back({k.source, k.ports & singles});
    }
    std::vector<port_set> in_halves(s_.clients.size()), alone(s_.clients.size());
    for (const auto& one : inside_) {
        port_set used = one.lone;
        for (std::size_t k = 0; k < plan_.classes.size(); ++k) {
            const port_set& pairs = one.paired[k];
            const std::uint64_t all = saturated(pairs.size());
            const std::uint64_t most_even = gives[k]                   ? single.even
                                            : single.even > single.odd ? all
                                            : single.even < single.odd ? 0
                                                                       : (all + 1) / 2;
            const port_set evens = last_of(pairs, most_even);
            const port_set odds = last_of(pairs - evens, gives[k] ? single.odd : all);
            in_halves[one.client] = in_halves[one.client] | (pairs - evens - odds);
            used = used | evens | partners(odds);
        }
        alone[one.client] = used;
    }
    // source ports that no external port is left for
    for (const auto& k : apart)
        if (k.ports.empty() && plan_.design.first_choice != first_choice::preserve_any)
            for (auto& own : alone) own = own - k.source;
    std::erase_if(apart, [](const port_class& k) { return k.ports.empty(); });
    const bool either = plan_.design.first_choice == first_choice::preserve_any || plan_.pairs();
    if (either && !halves.empty()) return {made(in_halves, std::move(even), partners_kept()), {}};
    return {made(in_halves, std::move(even), partners_kept()),
            made(alone, std::move(apart), not_beside_holes())};
}

std::optional<scenario_part> port_divider::made(const std::vector<port_set>& of_clients,
                                                std::vector<port_class> classes,
                                                std::vector<static_mapping> more) const {
    scenario_part out;
    nat alone = s_.nats[nat_];
    alone.inside.clear();
    for (const auto& one : inside_) {
        const port_set& own = of_clients[one.client];
        if (own.empty()) continue;
        out.client_of.push_back(one.client);
        out.s.clients.push_back(s_.clients[one.client]);
        out.s.clients.back().ports = own;
        alone.inside.push_back(out.s.clients.back().name);
    }
    if (out.client_of.empty() || classes.empty()) return std::nullopt;
    // a class covers every source port, and nobody has those that are left
    port_set covered;
    for (const auto& k : classes) covered = covered | k.source;
    if (const port_set rest = all_ports() - covered; !rest.empty())
        classes.push_back({rest, classes.front().ports});
    alone.design = plan_.design;
    alone.design.port_contiguity = contiguity::none;
    alone.design.port_parity_preservation = false;
    alone.design.port_classes = std::move(classes);
    alone.design.when_restricted = {};
    alone.port_set_restrict.reset();
    alone.connection_limits = {};
    alone.mapping_limits = {};
    if (!more.empty()) {
        auto& kept = alone.static_mappings;
        if (!kept) kept.emplace();
        kept->insert(kept->end(), more.begin(), more.end());
    }
    out.s.nats = {std::move(alone)};
    out.s.servers = s_.servers;
    return out;
}

std::vector<static_mapping> port_divider::partners_kept() const {
    std::vector<static_mapping> out;
    for (const auto& h : plan_.holes.all())
        out.push_back({h.addresses, partners(h.ports), h.protocol});
    return out;
}

std::vector<static_mapping> port_divider::not_beside_holes() const {
    std::vector<static_mapping> out;
    const auto keep = [&](const address_set& on, transport protocol, bool all) {
        const auto kept = beside_holes() - partners(plan_.holes.at(protocol, on.at(0)));
        if (!kept.empty()) out.push_back({on, kept, all ? std::nullopt : std::optional(protocol)});
    };
    if (plan_.holes.empty()) return out;
    for (const auto& on : plan_.holes.alike()) {
        if (!plan_.design.clash_scope.protocol) {
            keep(on, transport::tcp, true);
            continue;
        }
        for (const auto protocol : all_transports) keep(on, protocol, false);
    }
    return out;
}

port_divider::lone_ports port_divider::lone_of(const port_set& parity) const {
    lone_ports out;
    port_set outside;
    for (const auto& k : plan_.classes) outside = outside | k.ports;
    out.given =
        plan_.pool_size * ((outside - whole_) & parity).size() +
        (plan_.holes.empty() ? count(0) : plan_.pool_size * (beside_holes() & parity).size());
    for (const auto& one : inside_) {
        const count addresses = s_.clients[one.client].addresses.size();
        out.wanted += addresses * (one.lone & parity).size();
        if (std::any_of(one.paired.begin(), one.paired.end(),
                        [](const port_set& p) { return !p.empty(); }))
            out.per_pair += addresses;
    }
    return out;
}

std::vector<single_pairs> port_divider::choices() const {
    const auto even = lone_of(even_ports()), odd = lone_of(odd_ports());
    const auto all = std::uint64_t{port_count};
    std::vector<single_pairs> out{{}};
    if (even.given + odd.given + even.wanted + odd.wanted == 0) return out;
    for (const auto& one : {single_pairs{0, 0, all}, {all, 0, all}, {0, all, all}})
        out.push_back(one);  // everybody single
    if (plan_.design.first_choice == first_choice::preserve_any || plan_.pairs()) return out;
    const auto short_of = [](const lone_ports& p) -> std::uint64_t {
        if (p.given <= p.wanted || p.per_pair == 0) return 0;
        return saturated(count((p.given - p.wanted + p.per_pair - 1) / p.per_pair));
    };
    const auto over = [&](const lone_ports& p) -> std::uint64_t {
        if (p.wanted <= p.given) return 0;
        return saturated(count((p.wanted - p.given + plan_.pool_size - 1) / plan_.pool_size));
    };
    const std::uint64_t e = short_of(even), o = short_of(odd);
    // external pairs that no source pair is left for
    count inside = 0;
    for (const auto& one : inside_)
        for (const auto& pairs : one.paired)
            inside += s_.clients[one.client].addresses.size() * pairs.size();
    const count outside = (whole_ & even_ports()).size();
    const count filled = (inside + plan_.pool_size - 1) / plan_.pool_size;
    const std::uint64_t spare = outside > filled ? saturated(count(outside - filled)) : 0;
    const std::uint64_t y = std::max(over(even), over(odd));
    // as many as are short, and fewer
    for (const std::uint64_t external : {std::min(y, spare), y, spare, y / 2, std::uint64_t{0}})
        for (const std::uint64_t evens : {e, e / 2, std::uint64_t{0}})
            for (const std::uint64_t odds : {o, o / 2, std::uint64_t{0}})
                if (const single_pairs one{evens, odds, external};
                    std::find(out.begin(), out.end(), one) == out.end())
                    out.push_back(one);
    return out;
}

}  // namespace natbound
