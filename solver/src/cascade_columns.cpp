// Columns of ports over whole addresses.
#include "cascade_columns.hpp"

#include <algorithm>

#include "cascade_view.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {
namespace {

constexpr std::uint64_t most_columns = 64;

// The ports of each set that an address may have, its own (where there is one) the first.
std::vector<count> widths_of(const subscriber_port_sets& rule) {
    std::vector<count> out;
    if (rule.deterministic) out.emplace_back(rule.port_set_size);
    if (!dealt_on_demand(rule)) return out;
    const auto size = rule.dynamic ? rule.dynamic->port_set_size : rule.port_set_size;
    const auto each =
        rule.dynamic ? rule.dynamic->port_sets_per_subscriber : rule.port_sets_per_subscriber;
    out.resize(out.size() + std::min(each, most_columns), count(size));
    return out;
}

bool may_change_places(const block& b, const nat& inner) {
    const auto& pool = inner.design.pool;
    const auto type = inner.design.mapping_type;
    const bool own = type == mapping_type::edm || type == mapping_type::eim_if_possible;
    return own && !inner.port_set && !b.preserve &&
           (pool.choice != pool_choice::hash || pool.fallback);
}

}  // namespace

void columns_for(const block& given, const nat& inner, const nat& outer, std::vector<block>& out) {
    for (auto& b : unspread(given)) {
        const count ports = b.via_ports.size(), rows = b.size / ports;
        if (!outer.port_set || b.via_first != 0 || rows < 2 || !may_change_places(b, inner)) {
            out.push_back(std::move(b));
            continue;
        }
        auto widths = widths_of(*outer.port_set);
        widths.push_back(ports);  // the rest
        count done = 0;
        for (const auto& width : widths) {
            const count here = std::min<count>(width, ports - done);
            if (here == 0) break;
            block one = part_of(b, b.to, done * rows, here * rows);
            one.via_addresses = b.via_addresses.slice(0, rows);
            one.via_ports = b.via_ports.slice(static_cast<u128>(done), here);
            one.via_first = 0;
            out.push_back(std::move(one));
            done += here;
        }
        if (const count left = b.size - rows * ports; left > 0)
            out.push_back(part_of(b, b.to, rows * ports, left));
    }
}

}  // namespace natbound
