#include "unused_times.hpp"

#include <algorithm>
#include <set>

#include "natbound/model/json_io.hpp"

namespace natbound::calculator::detail {
namespace {

// The client sets behind a NAT, through NATs inside it too.
void add_clients(const scenario& s, const nat& n, std::set<std::string>& out) {
    for (const auto& name : n.inside) {
        out.insert(name);
        for (const auto& inner : s.nats)
            if (inner.name == name && &inner != &n) add_clients(s, inner, out);
    }
}

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

// A server's own TIME_WAIT is held against the NAT's (`met_time_wait`).
bool beside_servers(const scenario& s) {
    return std::any_of(s.servers.begin(), s.servers.end(),
                       [](const auto& v) { return v.time_wait.has_value(); });
}

// The causes of close that the scenario itself gives a time for: for the NAT, or in a design that
// is not the catalogue's.
std::set<std::string> causes_given(const nat& n) {
    std::set<std::string> out;
    for (const auto& [cause, time] : n.timers) out.insert(cause);
    const std::string name = n.design.name.substr(0, n.design.name.find(" (changed)"));
    const design* known = find_design(name);
    for (const auto& [cause, time] : n.design.timers) {
        const auto same = known ? known->timers.find(cause) : n.design.timers.end();
        if (!known || same == known->timers.end() || same->second.seconds != time.seconds)
            out.insert(cause);
    }
    return out;
}

std::string timers_of(const scenario& s, const nat& n, const std::vector<stream>& streams) {
    std::set<std::string> clients, used;
    add_clients(s, n, clients);
    bool lives = false;
    for (const auto& one : streams) {
        if (clients.count(s.clients[one.clients].name) == 0) continue;
        lives = lives || !one.closing.empty();
        for (const auto& phase : one.closing) used.insert(json_io::name_of(phase.cause));
    }
    if (beside_servers(s)) used.insert(json_io::name_of(close_cause::tcp_fin));
    std::vector<std::string> left;
    for (const auto& cause : causes_given(n))
        if (used.count(cause) == 0) left.push_back(cause);
    if (left.empty()) return {};
    const std::string which =
        n.name + ": its timer" + (left.size() > 1 ? "s " : " ") + listed(left);
    return which + (lives ? ": no connection ends so, and nothing is kept by it"
                          : ": not added, since a hold contains what is kept after the close; life "
                            "in place of hold adds it");
}

}  // namespace

std::vector<std::string> unused_times(const scenario& s, const std::vector<stream>& streams) {
    std::vector<std::string> out;
    for (const auto& n : s.nats)
        if (auto text = timers_of(s, n, streams); !text.empty()) out.push_back(std::move(text));
    bool waits = false;
    for (const auto& v : s.servers) waits = waits || v.time_wait;
    for (std::size_t c = 0; c < s.clients.size(); ++c) {
        if (!s.clients[c].time_wait) continue;
        waits = true;
        const bool counts = std::any_of(streams.begin(), streams.end(), [&](const stream& one) {
            return one.clients == c && one.time_wait;
        });
        if (!counts)
            out.push_back(s.clients[c].name +
                          ": time-wait holds no socket: none of its traffic is TCP");
    }
    for (std::size_t i = 0; i < s.traffic.size() && !waits; ++i)
        if (s.traffic[i].client_closes)
            out.push_back("traffic[" + std::to_string(i) +
                          "]: client-closes changes nothing: no client set and no server set has "
                          "a time-wait");
    return out;
}

}  // namespace natbound::calculator::detail
