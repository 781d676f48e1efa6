// Writing gates as firewalls beside the NATs.
#include <algorithm>
#include <functional>
#include <map>

#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/port_sets.hpp"
#include "natbound/model/traffic_shares.hpp"
#include "stage_parts.hpp"

namespace natbound {
namespace {

// What a client set sends, or a NAT.
client_set sends(const scenario& s, const std::string& name) {
    if (const auto* own = client_named(s, name)) return *own;
    std::size_t n = 0;
    while (s.nats[n].name != name) ++n;
    return sent_by(s, n, [&](const std::string& inner) { return sends(s, inner); });
}

// That as it comes to a firewall.
client_set arriving(const scenario& s, const nat& firewall, const std::string& name) {
    client_set out = sends(s, name);
    out.name = name + " at " + firewall.name;
    return out;
}

double endpoints_of(const server_set& v) {
    return static_cast<double>(v.addresses.size() * v.ports.size());
}

// What an entry sends to servers of a protocol; nothing where that is nothing.
std::optional<traffic_entry> towards(const scenario& s, const traffic_entry& t,
                                     transport protocol) {
    traffic_entry out = t;
    out.to.clear();
    double all = 0, some = 0;
    std::vector<std::pair<const server_set*, bool>> sets;
    for (const auto& name : t.to)
        for (const auto& v : s.servers)
            if (v.name == name) {
                sets.emplace_back(&v, v.protocol == protocol);
                all += endpoints_of(v);
                if (v.protocol != protocol) continue;
                some += endpoints_of(v);
                out.to.push_back(name);
            }
    if (out.to.empty()) return std::nullopt;
    if (out.to.size() == t.to.size()) return out;
    if (t.live && t.life && !t.rate && !t.rate_per_client)
        throw unsupported(
            "traffic: live and life of several protocols, of which one has a limit of its own: "
            "what part is of that one is not modelled yet; give the rate in place of live");
    double share = some / all;
    if (const auto weights = endpoint_shares(t, all); !weights.empty()) {
        out.weights.clear();
        out.zipf.reset();
        out.top_share.reset();
        share = 0;
        std::size_t at = 0;
        for (const auto& [set, counts] : sets)
            for (count left = set->addresses.size() * set->ports.size(); left > 0; --left) {
                const double w = weights[at++];
                if (!counts) continue;
                share += w;
                out.weights.push_back(w);
            }
        if (share == 0) return std::nullopt;
    }
    for (auto* one : {&out.rate, &out.rate_per_client})
        if (*one) (*one)->per_second *= share;
    if (out.live) *out.live *= share;
    return out;
}

class writer {
  public:
    explicit writer(const scenario& s) : s_(s), rest_(without_gates(s).rest), ways_(s) {
        if (rest_.traffic.empty()) rest_.traffic = even_traffic(s);
        out_ = is_cascade(rest_) || is_spread(rest_) ? side_by_side(rest_) : rest_;
        for (const auto& c : s.clients) addresses_[c.name] = addresses_of(c);
    }

    scenario run() {
        for (std::size_t n = 0; n < s_.nats.size(); ++n) {
            nat all = s_.nats[n];
            const auto each = std::move(all.connection_limits.limit_per_protocol);
            all.connection_limits.limit_per_protocol.reset();
            if (keeps_quota_of(s_, n)) all.connection_limits.limit_per_subscriber.reset();
            if (is_in_row(s_, n)) add(n, std::move(all), std::nullopt);
            for (const auto& one : each.value_or(std::vector<protocol_limit>())) {
                nat counts;
                counts.name = s_.nats[n].name + " (" + json_io::name_of(one.protocol_id) + ")";
                counts.translates = false;
                counts.connection_limits.limit_per_instance = one.limit;
                counts.design.timers = s_.nats[n].design.timers;
                counts.timers = s_.nats[n].timers;
                add(n, std::move(counts), one.protocol_id);
            }
        }
        return std::move(out_);
    }

  private:
    // A firewall with what comes to the NAT of this number.
    void add(std::size_t n, nat firewall, std::optional<transport> protocol) {
        firewall.inside.clear();
        for (const auto& name : comes_to(s_, s_.nats[n])) {
            client_set passing = arriving(s_, firewall, name);
            if (protocol) {
                std::vector<std::string> reached;
                for (const auto& v : s_.servers)
                    if (v.protocol == *protocol && reaches(passing, v)) reached.push_back(v.name);
                if (reached.empty()) continue;
                passing.reaches = std::move(reached);
            }
            const auto parts = ways_.through(name);
            for (const auto& t : rest_.traffic) {
                double all = 0, through = 0;
                for (const auto& from : t.from) {
                    const double some = addresses_.at(from);
                    all += some;
                    if (const auto it = parts.find(from); it != parts.end())
                        through += some * it->second;
                }
                if (through == 0) continue;
                auto counted = protocol ? towards(s_, t, *protocol) : std::optional(t);
                if (counted)
                    out_.traffic.push_back(a_part(*counted, passing.name, through / all, all));
            }
            out_.given_names[passing.name] = there(name);
            firewall.inside.push_back(passing.name);
            out_.clients.push_back(std::move(passing));
        }
        if (!firewall.inside.empty()) out_.nats.push_back(std::move(firewall));
    }

    // The client set or NAT, or one of the parts that it is spread in.
    std::string there(const std::string& name) const {
        if (client_named(out_, name)) return name;
        for (const auto& n : rest_.nats)
            if (const auto* part = client_named(out_, part_through(name, n.name)))
                return part->name;
        return name;
    }

    const scenario& s_;
    scenario rest_, out_;
    way_shares ways_;
    std::map<std::string, double> addresses_;  // by client set
};

}  // namespace

traffic_entry a_part(const traffic_entry& t, const std::string& from, double share,
                     double addresses) {
    traffic_entry out = t;
    out.from = {from};
    if (t.rate_per_client) out.rate = rate{t.rate_per_client->per_second * addresses};
    out.rate_per_client.reset();
    if (out.rate) out.rate->per_second *= share;
    if (out.live) *out.live *= share;
    return out;
}

namespace {

// Ports that static mappings keep on every address of the pool, from all protocols that there are.
port_set kept_everywhere(const scenario& s, const nat& n, const nat_plan& plan) {
    const hole_list holes(n, plan.design.clash_scope.protocol);
    if (holes.empty()) return {};
    port_set out = all_ports();
    for (const auto& part : holes.alike())
        for (const auto& v : s.servers) out = out & holes.at(v.protocol, part.at(0));
    return out;
}

}  // namespace

client_set sent_by(const scenario& s, std::size_t n,
                   const std::function<client_set(const std::string&)>& sent) {
    client_set out;
    out.name = s.nats[n].name;
    out.addresses = s.nats[n].external_ip_address_pool;
    out.ports = {};
    const nat whole = s.nats[n].port_set ? undealt(s.nats[n]) : s.nats[n];
    const nat_plan plan(whole);
    bool all = false;
    const auto add = [&](const client_set& c) {
        out.ports = out.ports | external_ports(plan, c.ports);
        all = all || c.reaches.empty();
        for (const auto& v : c.reaches)
            if (std::find(out.reaches.begin(), out.reaches.end(), v) == out.reaches.end())
                out.reaches.push_back(v);
    };
    for (const auto& name : s.nats[n].inside) add(sent(name));
    if (all) out.reaches.clear();
    out.ports = out.ports - kept_everywhere(s, s.nats[n], plan);
    return out;
}

const client_set* client_named(const scenario& s, const std::string& name) {
    const auto it = std::find_if(s.clients.begin(), s.clients.end(),
                                 [&](const client_set& c) { return c.name == name; });
    return it == s.clients.end() ? nullptr : &*it;
}

std::vector<traffic_entry> even_traffic(const scenario& s) {
    std::vector<traffic_entry> out;
    double all = 0;
    for (const auto& c : s.clients) {
        traffic_entry one;
        one.from = {c.name};
        for (const auto& v : s.servers)
            if (reaches(c, v)) one.to.push_back(v.name);
        if (one.to.empty()) continue;
        one.live = addresses_of(c);
        one.hold = hold_time{hold_law::exponential, {60}, {}};
        all += *one.live;
        out.push_back(std::move(one));
    }
    for (auto& one : out) *one.live /= all;
    return out;
}

double addresses_of(const client_set& c) { return static_cast<double>(c.addresses.size()); }

scenario gates_beside(const scenario& s) { return writer(s).run(); }

}  // namespace natbound
