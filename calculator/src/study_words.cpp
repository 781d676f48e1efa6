// What a study assumed, and by which methods it counted.
#include <algorithm>
#include <set>

#include "natbound/calculator/listen.hpp"
#include "natbound/model/json_io.hpp"
#include "study_state.hpp"

namespace natbound::calculator {

void loss_study::state::remember() {
    const auto& all = sums_->all();
    if (!limited_servers().empty() && sums_->joined())
        assumed_.push_back("what servers hold refuses independently of the NATs (an upper bound)");
    for (std::size_t n = 0; n < all.plans.size(); ++n) {
        const auto& plan = all.plans[n];
        const std::string& name = plan.of->name;
        if (sums_->limits().has_table(n) && translates(*plan.of)) {
            assumed_.push_back(name +
                               (sums_->limits().cuts(n)
                                    ? ": ports refuse as if no entry were dropped from the full "
                                      "table, and each that is dropped is taken for open (upper "
                                      "bounds)"
                                    : ": ports and the flow table refuse independently of one "
                                      "another (an upper bound)"));
        }
        if (sums_->limits().has_packets(n))
            assumed_.push_back(
                name +
                ": the packets of a connection are spread evenly over the time that it is "
                "open, and one that is lost is not sent again");
        const auto& rates = scenario_.nats[n].rate_limits;
        if (rates && rates->packets) {
            bool silent = false;
            for (const auto& t : traffic_.streams)
                silent = silent ||
                         (t.packets == 0 && nat_of(scenario_, t.clients) == &scenario_.nats[n]);
            if (silent)
                assumed_.push_back(
                    name +
                    ": traffic that does not say how many packets a connection has is not "
                    "counted towards packets a second (traffic: packets)");
        }
        if (sums_->limits().has_rate(n))
            assumed_.push_back(name +
                               ": the rate limit refuses independently of all else, which is "
                               "met as if it refused nobody (an upper bound)");
        if (has_quota(n) && sums_->joined())
            assumed_.push_back(name +
                               ": a subscriber's quota refuses independently of ports, table "
                               "and the client's own ports (an upper bound)");
        std::set<std::pair<ip_address, port>> destinations;
        for (const auto& k : all.kinds)
            if (k.nat == n)
                for (const auto& p : {k.port, k.endpoints > 1 ? port_count : k.port})
                    destinations.insert({k.address, p});
        if (plan.design.mapping_type == mapping_type::eim_if_possible && destinations.size() > 1 &&
            sums_->any_simulated())
            assumed_.push_back(name +
                               ": the try at the port that the same source has towards another "
                               "destination is left out "
                               "(it can only help)");
    }
}

std::set<std::size_t> loss_study::state::limited_servers() const {
    std::set<std::size_t> out;
    const auto& kinds = sums_->all().kinds;
    for (std::size_t k = 0; k < kinds.size(); ++k)
        if (sums_->limits().has_servers(k)) out.insert(kinds[k].servers);
    return out;
}

bool loss_study::state::has_quota(std::size_t nat) const {
    for (const auto& k : sums_->all().kinds)
        if (k.nat == nat && sums_->limits().has_quota(k.clients)) return true;
    return false;
}

bool loss_study::state::quota_in_bursts(std::size_t nat) const {
    for (const auto& k : sums_->all().kinds)
        if (k.nat == nat && sums_->limits().has_bursts(k.clients)) return true;
    return false;
}

std::string loss_study::state::method() const {
    std::vector<std::string> said;
    for (const auto& curve : sums_->curves())
        if (std::find(said.begin(), said.end(), curve->explained()) == said.end())
            said.push_back(curve->explained());
    for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
        if (sums_->limits().has_table(n) && !translates(scenario_.nats[n]))
            said.push_back("the table of " + scenario_.nats[n].name + ", of " +
                           grouped(*sums_->all().plans[n].table) + ": Erlang's formula");
    for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
        if (has_quota(n))
            said.push_back("each client address within its quota of " +
                           grouped(*sums_->all().plans[n].quota) +
                           (quota_in_bursts(n) ? ": the exact chain of its part of the bursts"
                                               : ": Erlang's formula with its load towards all "
                                                 "destinations"));
    for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
        if (sums_->limits().has_packets(n)) {
            const auto& limits = *scenario_.nats[n].rate_limits;
            said.push_back("packets of " + scenario_.nats[n].name + " limited to " +
                           to_string(*limits.packets) + " with room for " +
                           grouped(packet_depth(limits)) +
                           ": the loss of M/D/1/K averaged over how many connections are live");
        }
    for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
        if (sums_->limits().has_connections(n)) {
            const auto& limits = *scenario_.nats[n].rate_limits;
            said.push_back("new connections of " + scenario_.nats[n].name + " policed at " +
                           to_string(*limits.connections) + " by a token bucket of " +
                           grouped(policer_depth(limits)) + ": the loss of M/D/1/K, K its depth");
        }
    for (std::size_t n = 0; n < sums_->all().plans.size(); ++n)
        if (sums_->limits().has_subscribers(n))
            said.push_back(
                scenario_.nats[n].name + " serves " +
                grouped(*scenario_.nats[n].mapping_limits.limit_subscribers) +
                " subscribers: Engset's formula, a client address being on while it has a "
                "connection");
    for (const auto v : limited_servers()) {
        const auto& set = scenario_.servers[v];
        if (set.listen)
            said.push_back("connections that wait for " + set.name + " to accept them, room for " +
                           grouped(listen_room(*set.listen)) + ": the loss of M/M/1/K");
        if (!set.connection_limits) continue;
        said.push_back("each endpoint (or address) of " + set.name +
                       " within what it holds: Erlang's formula with the load that is open "
                       "towards it");
    }
    for (const auto& k : sums_->all().kinds)
        if (!k.nat) {
            said.push_back(limited_servers().empty()
                               ? "what is routed untranslated is never refused"
                               : "what is routed untranslated is refused by servers alone");
            break;
        }
    std::string out;
    for (const auto& s : said) out += (out.empty() ? "" : "; ") + s;
    return out;
}

}  // namespace natbound::calculator
