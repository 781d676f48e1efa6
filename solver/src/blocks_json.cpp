// Blocks and sets as certificates write them.
#include "blocks.hpp"

namespace natbound {

namespace bj = boost::json;

bj::value json_count(const count& value) {
    if (value <= (std::uint64_t{1} << 53U)) return static_cast<std::uint64_t>(value);
    return bj::string(value.str());
}

bj::array json_set(const address_set& set, const bj::storage_ptr& memory) {
    bj::array out(memory);
    for (const auto& part : set.parts()) out.emplace_back(to_string(part));
    return out;
}

bj::array json_set(const port_set& set, const bj::storage_ptr& memory) {
    bj::array out(memory);
    for (const auto& range : port_ranges(set)) out.emplace_back(range);
    return out;
}

bj::array to_json(const destination_list& list, const scenario& s, const bj::storage_ptr& memory) {
    bj::array out(memory);
    for (const auto& item : list) {
        bj::object o(memory);
        o.emplace("server", s.servers[item.server].name);
        o.emplace("addresses", json_set(item.addresses, memory));
        o.emplace("ports", json_set(item.ports, memory));
        out.emplace_back(std::move(o));
    }
    return out;
}

namespace {

bj::object via_json(const hop& h, const scenario& s, const bj::storage_ptr& memory) {
    bj::object via(memory);
    via.emplace("nat", s.nats[h.nat].name);
    via.emplace("addresses", json_set(h.addresses, memory));
    via.emplace("ports", json_set(h.ports, memory));
    via.emplace("first", json_count(h.first));
    if (h.preserve) via.emplace("preserve", true);
    return via;
}

}  // namespace

bj::array to_json(const std::vector<block>& blocks, const scenario& s,
                  const bj::storage_ptr& memory) {
    bj::array out(memory);
    out.reserve(blocks.size());
    for (const auto& b : blocks) {
        bj::object from(memory);
        from.emplace("client", s.clients[b.client].name);
        from.emplace("addresses", json_set(b.addresses, memory));
        from.emplace("ports", json_set(b.ports, memory));
        from.emplace("first", json_count(b.first));
        from.emplace("shift", json_count(b.shift));
        bj::object o(memory);
        o.emplace("to", to_json(b.to->list, s, memory));
        o.emplace("from", std::move(from));
        if (b.nat) {
            auto last =
                via_json({*b.nat, b.via_addresses, b.via_ports, b.via_first, false}, s, memory);
            if (b.before.empty()) {
                o.emplace("via", std::move(last));
            } else {
                bj::array all(memory);
                for (const auto& h : b.before) all.push_back(via_json(h, s, memory));
                all.push_back(std::move(last));
                o.emplace("via", std::move(all));
            }
        }
        o.emplace("count", json_count(b.size));
        o.emplace("preserve", b.preserve);
        o.emplace("spread", b.spread);
        out.emplace_back(std::move(o));
    }
    return out;
}

}  // namespace natbound
