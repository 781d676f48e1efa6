// What clients and servers must keep, and what all rules are written with.
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "rules.hpp"

namespace natbound::rules {

void fail(const std::string& path, const std::string& value, const std::string& rule,
          const std::string& fix) {
    throw input_error(path, value.empty() ? value : "'" + value + "'", rule, fix);
}

void not_yet(const std::string& path, const std::string& value, const std::string& what,
             const std::string& fix) {
    throw unsupported(path + ": " + (value.empty() ? "" : "'" + value + "' ") + what +
                      (fix.empty() ? "" : "; " + fix));
}

std::string at(const char* list, std::size_t i, const char* field) {
    return std::string(list) + "[" + std::to_string(i) + "]" +
           (field ? "." + std::string(field) : "");
}

std::string also_inside(const scenario& s, std::size_t nat) {
    for (const auto& name : s.nats[nat].inside)
        for (std::size_t k = 0; k < s.nats.size(); ++k) {
            const auto& other = s.nats[k].inside;
            if (k != nat && std::find(other.begin(), other.end(), name) != other.end())
                return name + " is inside " + s.nats[k].name + ", too";
        }
    return {};
}

void known_names::add(const std::string& path, const std::string& value) {
    if (value.empty()) fail(path + ".name", "", "a name is wanted", "add name: ...");
    if (!all.insert(value).second)
        fail(path + ".name", value, "the name is taken", "names are unique in a file");
}

void references(const std::string& path, const std::vector<std::string>& list,
                const std::set<std::string>& known, const char* what) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string here = path + "[" + std::to_string(i) + "]";
        if (known.count(list[i]) == 0)
            json_io::unknown_name(list[i], {known.begin(), known.end()}, here, what);
        if (!seen.insert(list[i]).second) fail(here, list[i], "named twice in one list");
    }
}

namespace {

class checker {
  public:
    checker(const scenario& scenario_to_check, known_names& found)
        : s(scenario_to_check), names(found) {}

    void client(std::size_t i) {
        const auto& c = s.clients[i];
        names.add(at("clients", i), c.name);
        names.clients.insert(c.name);
        if (c.addresses.empty()) fail(at("clients", i, "addresses"), "", "addresses are wanted");
        if (c.ports.contains(0))
            fail(at("clients", i, "ports"), to_string(c.ports), "0 is not a port", "start at 1");
        if (c.time_wait && c.time_wait->seconds > most_seconds)
            fail(at("clients", i, "time-wait"), to_string(*c.time_wait),
                 "a time is at most 1e9s (32 years)");
        for (std::size_t j = 0; j < i; ++j)
            if (const auto both = c.addresses & s.clients[j].addresses; !both.empty())
                fail(at("clients", i, "addresses"), to_string(c.addresses),
                     "overlaps client set " + s.clients[j].name + " in " + to_string(both),
                     "give each address to one set");
    }

    void server(std::size_t i) {
        const auto& v = s.servers[i];
        if (v.connection_limits) limits(*v.connection_limits, at("servers", i));
        names.add(at("servers", i), v.name);
        names.servers.insert(v.name);
        if (v.addresses.empty()) fail(at("servers", i, "addresses"), "", "addresses are wanted");
        if (v.ports.empty()) fail(at("servers", i, "ports"), "", "ports are wanted");
        if (v.ports.contains(0) && v.protocol != transport::icmp && v.protocol != transport::gre)
            fail(at("servers", i, "ports"), to_string(v.ports), "0 is not a port", "start at 1");
        if (v.backends) backends(i);
        if (v.listen) listen(v, at("servers", i, "listen"));
        if (v.time_wait && v.protocol != transport::tcp)
            fail(at("servers", i, "time-wait"), json_io::name_of(v.protocol), "TIME-WAIT is TCP's",
                 "leave it out");
        if (v.time_wait && v.time_wait->seconds > most_seconds)
            fail(at("servers", i, "time-wait"), to_string(*v.time_wait),
                 "a time is at most 1e9s (32 years)");
        for (std::size_t j = 0; j < i; ++j) {
            const auto& w = s.servers[j];
            if (v.protocol == w.protocol && !(v.addresses & w.addresses).empty() &&
                !(v.ports & w.ports).empty())
                fail(at("servers", i), v.name, "shares endpoints with server set " + w.name,
                     "give each endpoint to one set");
        }
    }

  private:
    static void listen(const server_set& v, const std::string& here) {
        constexpr std::uint64_t most = 4'000'000;  // of finite_queue
        if (v.protocol != transport::tcp && v.protocol != transport::sctp)
            fail(here, json_io::name_of(v.protocol), "nothing waits to be accepted",
                 "leave it out");
        if (!v.listen->backlog || !v.listen->accepts)
            fail(here, "", "both backlog and accepts are wanted",
                 "add backlog: 4096, accepts: 2000/s");
        if (*v.listen->backlog > most)
            fail(here + ".backlog", std::to_string(*v.listen->backlog),
                 "a backlog is at most 4,000,000");
        if (!(v.listen->accepts->per_second > 0) || v.listen->accepts->per_second > most_per_second)
            fail(here + ".accepts", to_string(*v.listen->accepts),
                 "a rate above 0 and at most 1e12/s is wanted");
    }

    static void limits(const server_limits& limits, const std::string& here) {
        for (const auto& [limit, name] :
             {std::pair{limits.limit_per_endpoint, ".limit-per-endpoint"},
              std::pair{limits.limit_per_address, ".limit-per-address"}})
            if (limit == std::uint64_t{0})
                fail(here + ".connection-limits" + name, "0", "a limit of 0 admits nothing",
                     "leave it out for no limit");
        if (!limits.limit_per_endpoint && !limits.limit_per_address)
            fail(here + ".connection-limits", "", "a limit is wanted",
                 "add limit-per-endpoint: 1000, or limit-per-address: 10000");
    }

    // Nobody reaches them but through this set.
    void backends(std::size_t i) const {
        const auto& v = s.servers[i];
        const std::string here = at("servers", i, "backends");
        if (v.backends->addresses.empty())
            fail(here + ".addresses", "", "addresses are wanted", "add addresses: 10.9.0.0/28");
        if (v.backends->ports.empty()) fail(here + ".ports", "", "ports are wanted");
        if (v.backends->ports.contains(0))
            fail(here + ".ports", to_string(v.backends->ports), "0 is not a port", "start at 1");
        const auto shares = [&](const address_set& addresses, const port_set& ports,
                                const server_set& w, const std::string& what) {
            if (v.protocol == w.protocol && !(v.backends->addresses & addresses).empty() &&
                !(v.backends->ports & ports).empty())
                fail(here, v.name, "share endpoints with " + what + " " + w.name,
                     "write what leads to the same backends as one server set");
        };
        for (std::size_t j = 0; j < s.servers.size(); ++j) {
            const auto& w = s.servers[j];
            if (j != i) shares(w.addresses, w.ports, w, "the server set");
            if (j < i && w.backends)
                shares(w.backends->addresses, w.backends->ports, w, "the backends of");
        }
    }

    const scenario& s;
    known_names& names;
};

}  // namespace

void of_ends(const scenario& s, known_names& names) {
    if (s.clients.empty()) fail("clients", "", "a scenario needs at least one set of clients");
    if (s.servers.empty()) fail("servers", "", "a scenario needs at least one set of servers");
    checker check(s, names);
    for (std::size_t i = 0; i < s.clients.size(); ++i) check.client(i);
    for (std::size_t i = 0; i < s.servers.size(); ++i) check.server(i);
    for (std::size_t i = 0; i < s.clients.size(); ++i)
        references(at("clients", i, "reaches"), s.clients[i].reaches, names.servers, "server");
}

}  // namespace natbound::rules
