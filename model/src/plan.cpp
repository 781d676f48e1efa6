// Working a NAT's restrictions into its design.
#include "natbound/model/plan.hpp"

#include <algorithm>

#include "natbound/model/error.hpp"
#include "natbound/model/hash.hpp"

namespace natbound {

namespace {

// From each port to the next; 0 where that differs.
port step_of(const port_set& ports) {
    const auto& parts = ports.parts();
    if (parts.size() == 1) return 1;
    const port step = parts[1].first - parts[0].first;
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i].first != parts[i].last ||
            (i > 0 && parts[i].first - parts[i - 1].first != step))
            return 0;
    return step;
}

}  // namespace

nat_plan::nat_plan(const nat& n)
    : of(&n),
      design(n.port_set_restrict ? restricted(n.design) : n.design),
      pool_size(n.external_ip_address_pool.size()),
      holes(n, design.clash_scope.protocol),
      table(n.connection_limits.limit_per_instance),
      quota(n.connection_limits.limit_per_subscriber) {
    // who reads this NAT asks for each subscriber's own (port_sets.hpp)
    if (n.port_set)
        throw unsupported("NAT " + n.name +
                          ": ports that are dealt out in sets (port-set) are not settled here");
    const auto add_one = [&](const port_set& source, const port_set& ports) {
        const auto index = static_cast<std::uint8_t>(classes.size());
        classes.push_back({source, ports, saturated(ports.size()), ports.at(0), step_of(ports)});
        for (const auto& part : source.parts())
            if (part.last - part.first + 1 > widest_.last - widest_.first + 1) {
                widest_ = part;
                widest_class_ = index;
            }
    };
    const auto add = [&](const port_set& source, const port_set& ports) {
        if (!design.port_parity_preservation) return add_one(source, ports);
        for (const auto* same : {&even_ports(), &odd_ports()})
            if (const port_set some = source & *same; !some.empty()) add_one(some, ports & *same);
    };
    // Where each flow has a mapping of its own, both limits count the same thing.
    const auto& limit = n.mapping_limits.limit_port_mappings;
    const auto type = design.mapping_type;
    if (type == mapping_type::eim || type == mapping_type::adm)
        mappings = limit;
    else if (limit)
        table = std::min(table.value_or(*limit), *limit);
    if (n.port_set_restrict) {
        // A range that the operator gives replaces the design's classes.
        add(all_ports(), n.port_set_restrict->ports());
    } else {
        if (design.port_classes.size() > (design.port_parity_preservation ? 127 : 255))
            throw unsupported("a design has at most 255 classes of ports");
        for (const auto& c : design.port_classes) add(c.source, c.ports);
    }
    constexpr std::size_t few = 16;
    std::size_t runs = 0;
    for (const auto& c : classes) runs += c.source.parts().size();
    if (runs > few) class_index_.resize(port_count);
    for (std::size_t k = 0; k < classes.size(); ++k)
        for (const auto& run : classes[k].source.parts()) {
            if (runs <= few)
                runs_.emplace_back(run, static_cast<std::uint8_t>(k));
            else
                std::fill(class_index_.begin() + run.first, class_index_.begin() + run.last + 1,
                          static_cast<std::uint8_t>(k));
        }
    std::sort(runs_.begin(), runs_.end(),
              [](const auto& x, const auto& y) { return x.first.first < y.first.first; });
}

std::uint8_t nat_plan::class_among_runs(port source) const {
    return std::upper_bound(runs_.begin(), runs_.end(), source,
                            [](port p, const auto& run) { return p <= run.first.last; })
        ->second;
}

bool nat_plan::preserves(port source) const {
    switch (design.first_choice) {
        case first_choice::none:
            return false;
        case first_choice::preserve:
            return class_of(source).ports.contains(source);
        case first_choice::preserve_any:
            return true;
    }
    return false;
}

bool nat_plan::pairs() const {
    const auto& rule = design.pool;
    const bool by_source = rule.of == hash_input::source || rule.hash == "vpp-fold";
    const bool one =
        rule.choice == pool_choice::first || (rule.choice == pool_choice::hash && by_source);
    return rule.paired && pool_size > 1 && (rule.fallback || !one);
}

port nat_plan::beside(port source, port at) const {
    const port other = at ^ 1U;
    const bool searched = !design.search.rounds.empty() && class_of(source).rank(other).has_value();
    return searched || (other == source && preserves(source)) ? other : port_count;
}

port_set nat_plan::permitted(port source) const {
    const auto& c = class_of(source);
    const port_set searched = rounds(c.size).empty() ? port_set{} : c.ports;
    return preserves(source) ? searched | port_set(source, source) : searched;
}

std::vector<search_round> nat_plan::rounds(std::uint64_t range) const {
    const auto& search = design.search;
    std::vector<search_round> out;
    for (const auto& round : search.rounds) {
        out.push_back(round);
        if (search.stop_when_covered && probe_count(round, range) >= range) break;
    }
    return out;
}

std::optional<std::uint64_t> nat_plan::pool_rank(ip_address source, ip_address destination) const {
    if (pool_size == 1) return 0;
    const auto& rule = design.pool;
    if (rule.choice == pool_choice::first) return 0;
    if (rule.choice != pool_choice::hash || !is_known_hash(rule.hash) || pool_size > UINT32_MAX)
        return std::nullopt;
    return hashed_rank(rule, source, destination, static_cast<std::uint64_t>(pool_size));
}

bool nat_plan::draws_rank(ip_address source, ip_address destination) const {
    return design.pool.choice != pool_choice::round_robin && !pool_rank(source, destination);
}

}  // namespace natbound
