// Reading a demand, and sharing an item that names several sets.
#include <algorithm>
#include <set>
#include <unordered_map>

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

// The names of one kind of sets, and where each stands.
class names {
  public:
    template <class Set>
    names(const std::vector<Set>& sets, const char* what) : what_(what) {
        for (std::size_t i = 0; i < sets.size(); ++i) at_.emplace(sets[i].name, i);
    }

    // The sets that a name or a list of names means.
    std::vector<std::size_t> read(const bj::value& v, const std::string& path) const {
        if (!v.is_array()) return {one(v, path)};
        std::vector<std::size_t> out;
        std::set<std::size_t> seen;
        std::size_t i = 0;
        for (const auto& name : v.get_array()) {
            const std::string where = path + "[" + std::to_string(i++) + "]";
            out.push_back(one(name, where));
            if (!seen.insert(out.back()).second)
                throw input_error(where, json_io::shown(name), "the name stands twice");
        }
        if (out.empty())
            throw input_error(path, "[]", "it names nothing", "name a " + std::string(what_));
        return out;
    }

  private:
    std::size_t one(const bj::value& name, const std::string& where) const {
        if (!name.is_string()) json_io::wrong_kind(name, where, "the name of a set");
        const std::string text(name.get_string());
        const auto it = at_.find(text);
        if (it != at_.end()) return it->second;
        std::vector<std::string> known;
        for (const auto& [other, index] : at_) known.push_back(other);
        std::sort(known.begin(), known.end());
        json_io::unknown_name(text, known, where, what_);
    }

    const char* what_;
    std::unordered_map<std::string, std::size_t> at_;
};

shares read_item(const scenario& s, const reach_table& reach, const names& clients,
                 const names& servers, const bj::object& item, const std::string& path,
                 count& connections) {
    for (const auto& [key, value] : item)
        if (key != "from" && key != "to" && key != "connections")
            json_io::unknown_name(key, {"from", "to", "connections"}, path, "key");
    for (const char* key : {"from", "to", "connections"})
        if (!item.contains(key))
            throw input_error(path, "", std::string(key) + " is missing",
                              "write {from: A, to: C, connections: 1000}");
    const auto from = clients.read(item.at("from"), path + ".from");
    const auto to = servers.read(item.at("to"), path + ".to");
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
    const names clients(s.clients, "client set"), servers(s.servers, "server set");
    std::map<std::pair<std::size_t, std::size_t>, count> sum;
    std::size_t i = 0;
    for (const auto& item : value.get_array()) {
        const std::string path = "[" + std::to_string(i++) + "]";
        if (!item.is_object()) json_io::wrong_kind(item, path, "{from, to, connections}");
        count connections;
        const auto parts =
            read_item(s, reach, clients, servers, item.get_object(), path, connections);
        for (const auto& p : divided(parts, connections))
            sum[{p.client, p.server}] += p.connections;
    }
    demand_list out;
    for (const auto& [pair, n] : sum) out.push_back({pair.first, pair.second, n});
    return out;
}

}  // namespace natbound
