// Cutting the permitted ports into sets, and the rules of `port-set`.
#include "natbound/model/port_sets.hpp"

#include <algorithm>

#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/patch.hpp"

namespace natbound {
namespace {

// Without port-set-restrict: the widest range among the design's classes (of equals the first).
port_set permitted_of(const nat& n) {
    if (n.port_set_restrict) return n.port_set_restrict->ports();
    port_set widest;
    for (const auto& c : n.design.port_classes)
        if (c.ports.size() > widest.size()) widest = c.ports;
    return widest;
}

// The addresses of a client set, or those that a NAT inside gives to its own clients.
count addresses_of(const scenario& s, const std::string& name) {
    for (const auto& c : s.clients)
        if (c.name == name) return c.addresses.size();
    for (const auto& n : s.nats)
        if (n.name == name) return n.external_ip_address_pool.size();
    return 0;
}

// Where sets of so many consecutive ports begin.
std::vector<port> firsts_of(const port_set& ports, std::uint64_t size) {
    std::vector<port> out;
    for (const auto& run : ports.parts())
        for (std::uint64_t first = run.first; first + size - 1 <= run.last; first += size)
            out.push_back(static_cast<port>(first));
    return out;
}

// As it acts on ports that the operator gives; never outside them.
design inside_its_ports(const design& d) {
    design out = restricted(d);
    if (out.first_choice == first_choice::preserve_any) out.first_choice = first_choice::preserve;
    return out;
}

[[noreturn]] void fail(const std::string& path, const std::string& value, const std::string& rule,
                       const std::string& fix = {}) {
    throw input_error(path, value.empty() ? value : "'" + value + "'", rule, fix);
}

}  // namespace

port_set_layout::port_set_layout(const nat& n)
    : nat_(&n), rule_(&*n.port_set), permitted_(permitted_of(n)) {
    const std::uint64_t size = rule_->port_set_size;
    if (size == 0 || size > port_count) return;
    firsts_ = firsts_of(permitted_, size);
    if (!rule_->dynamic) return;
    const auto kept = firsts_.size() -
                      std::min<std::uint64_t>(firsts_.size(), rule_->dynamic->address_pool_factor);
    firsts_.resize(kept);
    dynamic_ports_ = permitted_;
    for (const auto first : firsts_)
        dynamic_ports_ = dynamic_ports_ - port_set(first, first + static_cast<port>(size - 1));
    if (rule_->dynamic->port_set_size > 0)
        dynamic_firsts_ = firsts_of(dynamic_ports_, rule_->dynamic->port_set_size);
}

count ports_of(const subscriber_port_sets& rule, const count& sets) {
    if (!rule.dynamic || sets == 0) return sets * rule.port_set_size;
    return rule.port_set_size + (sets - 1) * rule.dynamic->port_set_size;
}

bool pairs_sets(const nat& n) {
    return n.port_set && n.design.pool.paired && n.external_ip_address_pool.size() > 1 &&
           (n.port_set->dynamic || n.port_set->port_sets_per_subscriber > 1);
}

dealt_set port_set_layout::cut(const std::vector<port>& firsts, std::uint64_t size,
                               const count& number) const {
    const count rank = number / firsts.size();
    const port first = firsts[static_cast<std::size_t>(number % firsts.size())];
    return {nat_->external_ip_address_pool.at(static_cast<u128>(rank)), first,
            first + static_cast<port>(size) - 1};
}

dealt_set port_set_layout::at(const count& number) const { return cut(firsts_, size(), number); }

dealt_set port_set_layout::dynamic_at(const count& number) const {
    return cut(dynamic_firsts_, rule_->dynamic->port_set_size, number);
}

count subscribers_of(const scenario& s, const nat& n) {
    count out = 0;
    for (const auto& name : comes_to(s, n)) out += addresses_of(s, name);
    return out;
}

count first_subscriber(const scenario& s, const nat& n, const client_set& c) {
    count out = 0;
    for (const auto& name : comes_to(s, n)) {
        if (name == c.name) break;
        out += addresses_of(s, name);
    }
    return out;
}

nat own_nat(const nat& n, const dealt_set& set) {
    nat out = undealt(n);
    out.external_ip_address_pool = {set.address, set.address};
    out.port_set_restrict = port_restriction{set.first, set.last};
    out.connection_limits.limit_per_instance.reset();
    out.mapping_limits = {};
    return out;
}

nat undealt(const nat& n) {
    nat out = n;
    out.design = inside_its_ports(n.design);
    if (!out.port_set_restrict) {
        const port_set_layout layout(n);
        out.design.port_classes = {{all_ports(), layout.permitted()}};
    }
    out.port_set.reset();
    return out;
}

namespace {

void validate_dynamic(const nat& n, const std::string& here) {
    const auto& rule = *n.port_set;
    const auto& dynamic = *rule.dynamic;
    if (!rule.deterministic)
        fail(here, "", "dynamic sets are beside deterministic ones",
             "deterministic: true, or port-sets-per-subscriber in place of it");
    if (dynamic.address_pool_factor == 0)
        fail(here + ".address-pool-factor", "0", "a dynamic part of no sets",
             "1 or more, or no dynamic");
    if (dynamic.port_set_size == 0)
        fail(here + ".port-set-size", "0", "a set has at least one port", "add port-set-size: 64");
    if (dynamic.port_sets_per_subscriber == 0)
        fail(here + ".port-sets-per-subscriber", "0", "a limit of 0 admits nothing",
             "1 or more, or no dynamic");
    nat all = n;
    all.port_set->dynamic.reset();
    const auto cut = port_set_layout(all).on_an_address();
    if (dynamic.address_pool_factor >= cut)
        fail(here + ".address-pool-factor", std::to_string(dynamic.address_pool_factor),
             "leaves no deterministic set: an address has " + grouped(cut) + " sets of " +
                 grouped(rule.port_set_size),
             "at most " + grouped(cut - 1) + ", or a smaller port-set-size");
    const port_set_layout layout(n);
    if (layout.dynamic_on_an_address() == 0)
        fail(here + ".port-set-size", std::to_string(dynamic.port_set_size),
             "is more than the consecutive dynamic ports of an address: " +
                 to_string(layout.dynamic_ports()),
             "smaller sets, or a larger address-pool-factor");
}

}  // namespace

void validate_port_sets(const scenario& s, std::size_t i) {
    const nat& n = s.nats[i];
    const auto& rule = *n.port_set;
    const std::string here = "nats[" + std::to_string(i) + "].port-set";
    if (rule.port_set_size == 0)
        fail(here + ".port-set-size", "0", "a set has at least one port", "add port-set-size: 512");
    if (rule.port_sets_per_subscriber == 0)
        fail(here + ".port-sets-per-subscriber", "0", "a limit of 0 admits nothing",
             "1 or more, or leave it out for 1");
    nat all_cut = n;
    all_cut.port_set->dynamic.reset();
    if (port_set_layout(all_cut).on_an_address() == 0)
        fail(here + ".port-set-size", std::to_string(rule.port_set_size),
             "is more than the consecutive ports of an address: " +
                 to_string(port_set_layout(all_cut).permitted()),
             "smaller sets, or a wider port-set-restrict");
    if (rule.dynamic) validate_dynamic(n, here + ".dynamic");
    const port_set_layout layout(n);
    if (n.design.search.rounds.empty())
        fail(here, "", "the design searches no ports, so it can't deal them out", "another design");
    if (rule.deterministic) {
        if (rule.port_sets_per_subscriber != 1)
            fail(here + ".port-sets-per-subscriber", std::to_string(rule.port_sets_per_subscriber),
                 "deterministic: each client address has one set",
                 "make port-set-size as large as all its sets together");
        const count all = subscribers_of(s, n);
        if (all <= layout.sets()) return;
        const count pool = n.external_ip_address_pool.size();
        const count on_each = (all + pool - 1) / pool, per = layout.on_an_address();
        const count factor = rule.dynamic ? rule.dynamic->address_pool_factor : 0;
        const count smaller = layout.permitted().size() / (on_each + factor);
        fail(here, "",
             grouped(all) + " client addresses want a set each, and the pool has " +
                 grouped(layout.sets()) + " (" + grouped(pool) + " x " + grouped(per) +
                 " sets of " + grouped(rule.port_set_size) + "): " + grouped(on_each) +
                 " clients an address, 1:" + grouped(per) + " is the most",
             (smaller > 0 ? "port-set-size: " + grouped(smaller) + ", or " : std::string()) +
                 grouped((all + per - 1) / per) + " addresses in the pool");
    }
    if (rule.port_sets_per_subscriber > layout.on_an_address())
        fail(here + ".port-sets-per-subscriber", std::to_string(rule.port_sets_per_subscriber),
             "one address has only " + grouped(layout.on_an_address()) + " sets",
             "at most that many");
}

}  // namespace natbound
