// Reading a demand, and sharing an item that names several sets.
#include <algorithm>
#include <set>

#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/solver/classes.hpp"
#include "natbound/solver/demand.hpp"
#include "shares.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

constexpr std::size_t most_digits = 30;  // so that every product of counts stays exact

// 0, 1, 2 ... as a number or as text.
count read_connections(const bj::value& v, const std::string& path) {
    const char* const rule = "a whole number of connections, 0 or more, is wanted";
    std::string digits;
    if (const auto* text = v.if_string())
        digits = std::string(*text);
    else if (v.is_uint64() || v.is_int64())
        digits = bj::serialize(v);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
        throw input_error(path, json_io::shown(v), rule,
                          v.is_double() ? "connections can't be split" : "");
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits.size() > most_digits)
        throw input_error(path, json_io::shown(v), "at most 30 digits are read");
    return count(digits);
}

// The sets that a name or a list of names means.
template <class Set>
std::vector<std::size_t> read_names(const bj::value& v, const std::string& path,
                                    const std::vector<Set>& sets, const char* what) {
    std::vector<std::string> known;
    for (const auto& set : sets) known.push_back(set.name);
    std::vector<std::size_t> out;
    const auto one = [&](const bj::value& name, const std::string& where) {
        if (!name.is_string()) json_io::wrong_kind(name, where, "the name of a set");
        const auto& text = name.get_string();
        const auto it = std::find(known.begin(), known.end(), std::string_view(text));
        if (it == known.end()) json_io::unknown_name(text, known, where, what);
        const auto index = static_cast<std::size_t>(it - known.begin());
        if (std::find(out.begin(), out.end(), index) != out.end())
            throw input_error(where, "'" + known[index] + "'", "the name stands twice");
        out.push_back(index);
    };
    if (!v.is_array()) {
        one(v, path);
        return out;
    }
    std::size_t i = 0;
    for (const auto& name : v.get_array()) one(name, path + "[" + std::to_string(i++) + "]");
    if (out.empty())
        throw input_error(path, "[]", "it names nothing", "name a " + std::string(what));
    return out;
}

shares read_item(const scenario& s, const reach_table& reach, const bj::object& item,
                 const std::string& path, count& connections) {
    for (const auto& [key, value] : item)
        if (key != "from" && key != "to" && key != "connections")
            json_io::unknown_name(key, {"from", "to", "connections"}, path, "key");
    for (const char* key : {"from", "to", "connections"})
        if (!item.contains(key))
            throw input_error(path, "", std::string(key) + " is missing",
                              "write {from: A, to: C, connections: 1000}");
    const auto from = read_names(item.at("from"), path + ".from", s.clients, "client set");
    const auto to = read_names(item.at("to"), path + ".to", s.servers, "server set");
    connections = read_connections(item.at("connections"), path + ".connections");
    const auto parts = even_shares(s, reach, from, to);
    if (parts.empty())
        throw input_error(path + ".to", "'" + s.servers[to.front()].name + "'",
                          s.clients[from.front()].name + " does not reach it",
                          "add it to the client set's reaches, or take the item away");
    return parts;
}

}  // namespace

demand_list parse_demand(const scenario& s, std::string_view json) {
    boost::system::error_code wrong;
    const auto value = bj::parse({json.data(), json.size()}, wrong);
    if (wrong) throw input_error("", "", "a demand is JSON: " + wrong.message());
    if (!value.is_array())
        throw input_error("", json_io::shown(value),
                          "a demand is a list of {from, to, connections}");
    if (value.get_array().empty())
        throw input_error("", "[]", "the demand names nothing",
                          "write - {from: A, to: C, connections: 1000}");
    const auto reach = reaches_of(s);
    std::map<std::pair<std::size_t, std::size_t>, count> sum;
    std::size_t i = 0;
    for (const auto& item : value.get_array()) {
        const std::string path = "[" + std::to_string(i++) + "]";
        if (!item.is_object()) json_io::wrong_kind(item, path, "{from, to, connections}");
        count connections;
        const auto parts = read_item(s, reach, item.get_object(), path, connections);
        for (const auto& p : divided(parts, connections))
            sum[{p.client, p.server}] += p.connections;
    }
    demand_list out;
    for (const auto& [pair, n] : sum) out.push_back({pair.first, pair.second, n});
    return out;
}

}  // namespace natbound
