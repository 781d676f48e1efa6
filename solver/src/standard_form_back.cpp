// What was found of the standard form, in the given sets: runs of sockets cut where another given
// set begins, items of certificates shared out.
#include <algorithm>

#include "overlay.hpp"
#include "standard_form.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

constexpr std::size_t most_pieces = 100'000;

// A set as a certificate writes it.
address_set addresses_of(const bj::value& list) {
    address_set out;
    for (const auto& text : list.as_array()) {
        const auto part = parse_address_range(std::string_view(text.as_string()));
        out.insert(part.first, part.last);
    }
    return out;
}

port_set ports_of(const bj::value& list) {
    port_set out;
    for (const auto& item : list.as_array()) {
        const std::string text(item.as_string());
        const auto dash = text.find('-');
        const auto first = static_cast<port>(std::stoul(text));
        const auto last = dash == std::string::npos
                              ? first
                              : static_cast<port>(std::stoul(text.substr(dash + 1)));
        out.insert(first, last);
    }
    return out;
}

count counted(const bj::value& v) {
    if (v.is_string()) return count(std::string(v.as_string()));
    return v.is_uint64() ? count(v.as_uint64()) : count(v.as_int64());
}

}  // namespace

destination_list standard_form::of_given(const destination_list& list) const {
    destination_list out;
    for (const auto& item : list)
        for (const auto v : servers_[item.server]) {
            destination_item one{v, item.addresses & given_.servers[v].addresses,
                                 item.ports & given_.servers[v].ports};
            if (!one.addresses.empty() && !one.ports.empty()) out.push_back(std::move(one));
        }
    return out;
}

// Whole rows (addresses) of a block belong to one given set.
void standard_form::by_clients(const block& b, std::vector<block>& out) const {
    const auto& some = clients_[b.client];
    if (some.size() == 1) {
        out.push_back(b);
        out.back().client = some.front();
        return;
    }
    struct rows {
        count from, to;
        std::size_t client;
    };
    std::vector<std::tuple<ip_address, ip_address, std::size_t>> parts;
    for (const auto c : some) {
        const auto mine = b.addresses & given_.clients[c].addresses;
        for (const auto& p : mine.parts()) parts.emplace_back(p.first, p.last, c);
    }
    std::sort(parts.begin(), parts.end());
    std::vector<rows> runs;
    count row = 0;
    for (const auto& [first, last, c] : parts) {
        const count width = to_count(last - first) + 1;
        if (!runs.empty() && runs.back().client == c)
            runs.back().to += width;
        else
            runs.push_back({row, row + width, c});
        row += width;
    }
    const count ports = b.ports.size();
    const count period = row * ports, end = b.first + b.size;
    const count first_turn = b.spread ? b.first / period : count(0);
    for (count turn = first_turn; turn * period < end; ++turn) {
        for (const auto& r : runs) {
            const count from = std::max<count>(b.first, turn * period + r.from * ports);
            const count to = std::min<count>(end, turn * period + r.to * ports);
            if (from >= to || out.size() > most_pieces) continue;
            block one = b;
            if (b.spread) {
                target there{slice_endpoints(b.to->list, turn, 1), 1};
                one.to = std::make_shared<const target>(std::move(there));
                one.first -= turn * period;
                one.spread = false;
            }
            out.push_back(part_of(one, one.to, from - b.first, to - from));
            out.back().client = r.client;
        }
        if (!b.spread || out.size() > most_pieces) break;
    }
}

std::optional<std::vector<block>> standard_form::named_back(
    const std::vector<block>& blocks) const {
    std::vector<block> out;
    for (const auto& b : blocks) {
        block one = b;
        if (one.nat) one.nat = nats_[*one.nat];
        for (auto& h : one.before) h.nat = nats_[h.nat];
        const auto list = of_given(b.to->list);
        std::vector<destination_list> towards{list};
        // keys of several ports of an address: items that are written together have its addresses
        if (b.weight != 1 && b.weight != b.to->endpoints) {
            std::vector<const address_set*> sets;
            for (const auto& item : list) sets.push_back(&item.addresses);
            towards.clear();
            for (const auto& o : overlay<ip_address>(sets)) {
                towards.emplace_back();
                for (const auto k : o.sets)
                    towards.back().push_back({list[k].server, o.atom, list[k].ports});
            }
        }
        if (b.spread && towards.size() > 1) return std::nullopt;
        for (auto& to : towards) {
            target there{std::move(to), 0};
            there.endpoints = endpoints(there.list);
            one.to = std::make_shared<const target>(std::move(there));
            by_clients(one, out);
        }
        if (out.size() > most_pieces) return std::nullopt;
    }
    return out;
}

// An item that speaks of a client set, for each given one.
bool standard_form::client_back(const bj::object& item, bj::array& out) const {
    const auto* name = item.if_contains("client");
    if (!name) return false;
    const auto it = std::find_if(form_.clients.begin(), form_.clients.end(),
                                 [&](const auto& c) { return c.name == name->as_string(); });
    if (it == form_.clients.end()) return false;  // a NAT inside another
    const auto k = static_cast<std::size_t>(it - form_.clients.begin());
    const auto* listed = item.if_contains("addresses");
    address_set all = it->addresses;
    if (listed && listed->is_array()) all = addresses_of(*listed);
    if (listed && !listed->is_array()) all = all.slice(0, counted(*listed));  // the first so many
    for (const auto c : clients_[k]) {
        const auto mine = all & given_.clients[c].addresses;
        if (mine.empty() && listed && listed->is_array()) continue;
        auto one = value_back(bj::value(item, out.storage())).as_object();
        one["client"] = given_.clients[c].name;
        if (listed)
            one["addresses"] = listed->is_array() ? bj::value(json_set(mine, out.storage()))
                                                  : json_count(mine.size());
        if (!listed)  // all of them: sockets, and connections
            for (const char* key : {"sockets", "at-most"})
                if (const auto* n = item.if_contains(key))
                    one[key] = json_count(counted(*n) * mine.size() / all.size());
        out.push_back(std::move(one));
    }
    return true;
}

bool standard_form::server_back(const bj::object& item, bj::array& out) const {
    const auto* name = item.if_contains("server");
    if (!name) return false;
    const auto it = std::find_if(form_.servers.begin(), form_.servers.end(),
                                 [&](const auto& v) { return v.name == name->as_string(); });
    const auto k = static_cast<std::size_t>(it - form_.servers.begin());
    const auto* listed = item.if_contains("addresses");
    const destination_list every{{k, listed ? addresses_of(*listed) : it->addresses,
                                  listed ? ports_of(item.at("ports")) : it->ports}};
    const count size = endpoints(every);
    for (const auto& mine : of_given(every)) {
        bj::object one(item, out.storage());
        one["server"] = given_.servers[mine.server].name;
        if (listed) {
            one["addresses"] = json_set(mine.addresses, out.storage());
            one["ports"] = json_set(mine.ports, out.storage());
        }
        if (const auto* n = item.if_contains("at-most"))
            one["at-most"] = json_count(counted(*n) * mine.size() / size);
        for (const char* sockets : {"closed", "loose"})  // of sets with backends, one to one
            if (const auto* some = item.if_contains(sockets)) one[sockets] = value_back(*some);
        out.push_back(std::move(one));
    }
    return true;
}

bj::array standard_form::items_back(const bj::array& items) const {
    bj::array out(items.storage());
    for (const auto& item : items) {
        if (item.is_object() &&
            (client_back(item.as_object(), out) || server_back(item.as_object(), out)))
            continue;
        out.push_back(value_back(item));
    }
    return out;
}

bj::value standard_form::value_back(const bj::value& value) const {
    if (value.is_array()) return items_back(value.as_array());
    if (!value.is_object()) return value;
    bj::object out(value.as_object().storage());
    for (const auto& [key, one] : value.as_object()) out.emplace(key, value_back(one));
    return out;
}

std::optional<bj::object> standard_form::named_back(const bj::object& body) const {
    auto out = value_back(bj::value(body, body.storage())).as_object();
    // sets that are counted by their own limits are counted whole
    if (const auto* counted_sets = out.if_contains("servers")) {
        count wanted = 0, whole = 0;
        for (const auto& item : body.at("servers").as_array()) {
            const auto it = std::find_if(form_.servers.begin(), form_.servers.end(), [&](auto& v) {
                return v.name == item.at("server").as_string();
            });
            wanted += it->addresses.size() * it->ports.size();
        }
        for (const auto& item : counted_sets->as_array()) {
            const auto it =
                std::find_if(given_.servers.begin(), given_.servers.end(),
                             [&](auto& v) { return v.name == item.at("server").as_string(); });
            whole += it->addresses.size() * it->ports.size();
        }
        if (wanted != whole) return std::nullopt;
    }
    return out;
}

}  // namespace natbound
