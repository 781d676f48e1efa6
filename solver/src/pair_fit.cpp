// A demand by pairs, NAT after NAT.
#include "pair_fit.hpp"

#include <algorithm>

#include "joint_nats.hpp"
#include "keyed_blocks.hpp"
#include "narrowed.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/port_sets.hpp"
#include "natbound/model/work.hpp"
#include "server_room.hpp"
#include "shares.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

fit_result from_maximum(const scenario& s, const count& demand) {
    fit_result out;
    const auto memory = bj::make_shared_resource<bj::monotonic_resource>();
    auto m = maximum_blocks(s, memory);
    if (demand > m.at_most && !m.rough) {
        out.verdict = fit_verdict::does_not_fit;
        out.sets_it = m.sets_it + ": at most " + grouped(m.at_most) + " fit";
        out.evidence = std::move(m.does_not_fit);
    } else if (demand <= m.at_least) {
        keep_connections(m.dealt, demand - std::min(demand, connections(m.blocks)));
        keep_connections(m.blocks, demand - connections(m.dealt));
        out.verdict = fit_verdict::fits;
        out.sets_it = grouped(m.at_least - demand) + " more would fit";
        out.evidence = bj::object(
            {{"connections", json_count(demand)}, {"blocks", to_json(m.blocks, s, memory)}},
            memory);
        add_json(out.evidence, m.dealt, s, memory);
    } else {
        out.sets_it = "between " + grouped(m.at_least) + " and " + grouped(m.at_most) +
                      " is not settled: " + m.why_bounds;
    }
    return out;
}

fit_result more_than_maximum(const scenario& s, const demand_list& demand) {
    auto out = from_maximum(s, total_of(demand));
    // who wants nothing may have the larger part of that
    if (out.verdict != fit_verdict::does_not_fit) return more_than_maximum(s, demand, demand);
    out.evidence.emplace("demand", to_json(demand, s, out.evidence.storage()));
    return out;
}

fit_result more_than_maximum(const scenario& s, const demand_list& demand,
                             const demand_list& some) {
    return more_than_maximum(s, demand, s, some);
}

fit_result more_than_maximum(const scenario& s, const demand_list& demand, const scenario& part,
                             const demand_list& some) {
    fit_result out;
    try {
        out = from_maximum(pairs_alone(part, some), total_of(some));
    } catch (const limit_reached&) {
        throw;
    } catch (const unsupported&) {
        return {};
    }
    if (out.verdict != fit_verdict::does_not_fit) return {};
    const auto memory = out.evidence.storage();
    bj::array pairs(memory);
    for (const auto& p : some)
        pairs.emplace_back(bj::object(
            {{"from", part.clients[p.client].name}, {"to", part.servers[p.server].name}}, memory));
    out.evidence.emplace("pairs", std::move(pairs));
    out.evidence.emplace("demand", to_json(demand, s, memory));
    out.sets_it += ", and " + grouped(total_of(some)) + " are wanted";
    return out;
}

by_pairs::by_pairs(const scenario& s, demand_list demand)
    : by_pairs(s, reaches_of(s), inside_of(s), std::move(demand)) {}

by_pairs::by_pairs(const scenario& s, reach_table reach,
                   std::vector<std::vector<std::size_t>> inside, demand_list demand)
    : s_(s),
      demand_(total_of(demand)),
      reach_(std::move(reach)),
      inside_(std::move(inside)),
      pairs_(std::move(demand)),
      memory_(bj::make_shared_resource<bj::monotonic_resource>()) {}

fit_result by_pairs::run() {
    if (passes_servers()) return std::move(out_);
    bool sure = each_nat();
    if (out_.verdict == fit_verdict::does_not_fit) return std::move(out_);
    if (sure && !within_servers()) sure = false;
    if (!sure) {
        // no flow settles it pair by pair: the maximum may still be too small
        auto all = more_than_maximum(s_, pairs_);
        if (all.verdict == fit_verdict::does_not_fit) return all;
        out_.sets_it = why_;
        return std::move(out_);
    }
    return fitting();
}

bool by_pairs::passes_servers() {
    std::map<std::size_t, count> wanted;
    for (const auto& p : pairs_) wanted[p.server] += p.connections;
    const server_room all(s_);
    for (const auto& [v, many] : wanted) {
        const auto& room = all.most(v);
        if (!room || many <= *room) continue;
        refuse(all.in_words(v) + ", and " + grouped(many) + " are wanted towards it",
               bj::array(memory_));
        out_.evidence.emplace(
            "servers",
            bj::array({bj::object({{"server", s_.servers[v].name}, {"at-most", json_count(*room)}},
                                  memory_)},
                      memory_));
        return true;
    }
    return false;
}

bool by_pairs::each_nat() {
    for (const auto c : inside_.back())
        if (!routed(c)) return false;
    for (const auto& p : pairs_)
        if (!own_sockets(p)) return false;
    bool sure = true;
    for (const auto& nats : nats_together(inside_, s_.nats.size())) {
        if (!(nats.size() == 1 ? through(nats.front()) : through_several(nats))) sure = false;
        if (out_.verdict == fit_verdict::does_not_fit) return false;
    }
    return sure;
}

bool by_pairs::within_servers() {
    server_room room(s_);
    if (told_apart_)
        for (std::size_t v = 0; v < s_.servers.size(); ++v) room.open({v}, true);
    if (!room.any()) return true;
    auto admitted = room.admit(blocks_);
    if (connections(admitted) < connections(blocks_)) {
        say("no placing was found that is even enough for the limits of the servers");
        return false;
    }
    return true;
}

void by_pairs::take(nat_demand_fit&& found) {
    told_apart_ = told_apart_ && found.told_apart;
    std::move(found.blocks.begin(), found.blocks.end(), std::back_inserter(blocks_));
    if (found.dealt) dealt_.push_back(std::move(*found.dealt));
}

fit_result by_pairs::fitting() {
    out_.verdict = fit_verdict::fits;
    out_.sets_it = "each pair of clients and servers finds its tuples";
    out_.evidence = bj::object(memory_);
    out_.evidence.emplace("connections", json_count(demand_));
    out_.evidence.emplace("blocks", to_json(blocks_, s_, memory_));
    add_json(out_.evidence, dealt_, s_, memory_);
    out_.evidence.emplace("demand", to_json(pairs_, s_, memory_));
    return std::move(out_);
}

void by_pairs::refuse(const std::string& why, bj::array nats) {
    out_.verdict = fit_verdict::does_not_fit;
    out_.sets_it = why;
    out_.evidence = bj::object(memory_);
    out_.evidence.emplace("nats", std::move(nats));
    out_.evidence.emplace("direct", bj::array(memory_));
    // what an inner NAT sends to an outer one follows from the clients' own pairs
    demand_list own;
    for (const auto& p : pairs_)
        if (stage_of(s_, p.client) == s_.nats.size()) own.push_back(p);
    out_.evidence.emplace("demand", to_json(own, s_, memory_));
}

// A pair never has more than its sockets towards each endpoint.
bool by_pairs::own_sockets(const pair_demand& p) {
    const auto why = short_of_sockets(s_, p);
    if (why) refuse(*why, bj::array(memory_));
    return !why;
}

bool by_pairs::routed(std::size_t c) {
    for (const auto& p : of_client(c)) {
        if (!own_sockets(p)) return false;
        const auto& v = s_.servers[p.server];
        destination_list whole{{p.server, v.addresses, v.ports}};
        count endpoints = v.addresses.size() * v.ports.size();
        if (enough_for_backends(s_, p.server)) {  // any of them, as many as there are backends
            endpoints = backends_of(v);
            whole = slice_endpoints(whole, 0, endpoints);
            const count sockets = s_.clients[c].addresses.size() * s_.clients[c].ports.size();
            if (p.connections > sockets * endpoints) {
                out_ = more_than_maximum(s_, pairs_, {p});
                return false;
            }
        }
        const auto towards = [&](const count& from, const count& many, const count& first,
                                 const count& size) {
            if (many == 0 || size == 0) return;
            block b;
            b.to = std::make_shared<const target>(target{slice_endpoints(whole, from, many), many});
            b.client = c;
            b.addresses = s_.clients[c].addresses;
            b.ports = s_.clients[c].ports;
            b.first = first;
            b.size = size;
            trim(b);
            blocks_.push_back(std::move(b));
        };
        const count each = p.connections / endpoints, more = p.connections % endpoints;
        count& next = next_[p.server];
        towards(0, endpoints, 0, each);
        const count here = std::min<count>(more, endpoints - next);
        towards(next, here, each, 1);
        towards(0, more - here, each, 1);
        next = (next + more) % endpoints;
    }
    return true;
}

// Whether what goes through the NAT fits for sure; sets the verdict where it does not for sure.
bool by_pairs::through(std::size_t n) {
    demand_list mine;
    for (const auto c : inside_[n]) {
        const auto& own = of_client(c);
        mine.insert(mine.end(), own.begin(), own.end());
    }
    if (mine.empty()) return true;
    auto found = demand_through(s_, reach_, n, inside_[n], mine, memory_, at_, parts_of_);
    if (found.verdict == fit_verdict::does_not_fit)
        refuse(found.why, bj::array({std::move(found.item)}, memory_));
    if (found.verdict != fit_verdict::fits) {
        say(found.why);
        return false;
    }
    take(std::move(found));
    return true;
}

// The same of NATs that clients are spread over.
bool by_pairs::through_several(const std::vector<std::size_t>& nats) {
    demand_list mine;
    for (const auto c : clients_inside(inside_, nats)) {
        const auto& own = of_client(c);
        mine.insert(mine.end(), own.begin(), own.end());
    }
    if (mine.empty()) return true;
    told_apart_ = false;
    const auto one = as_one(s_, reach_, inside_, nats, mine);
    if (!one) return parted(nats, mine);
    auto flow = send(one->groups, mine, 1, one->limits);
    if (flow.fits) {
        auto some = blocks_over_keys(one->groups, std::move(flow.placements), nats.front());
        std::move(some.begin(), some.end(), std::back_inserter(blocks_));
        return true;
    }
    demand_list closed;
    for (std::size_t d = 0; d < mine.size(); ++d)
        if (flow.closed[d]) closed.push_back(mine[d]);
    if (auto refused = more_than_maximum(s_, pairs_, closed);
        refused.verdict == fit_verdict::does_not_fit)
        out_ = std::move(refused);
    else
        say("it does not fit, but no certificate of this version shows it");
    return false;
}

// Where no flow decides: each pair is parted among the NATs that its clients are spread over,
// evenly or as these have external endpoints, and if neither fits nothing is settled.
bool by_pairs::parted(const std::vector<std::size_t>& nats, const demand_list& mine) {
    const parted_clients split(s_);
    std::vector<count> even(s_.nats.size(), 1), by_room = even;
    for (const auto n : nats) {
        count most = 0;
        const nat whole = s_.nats[n].port_set ? undealt(s_.nats[n]) : s_.nats[n];
        for (const auto& c : nat_plan(whole).classes) most = std::max(most, count(c.ports.size()));
        by_room[n] = s_.nats[n].external_ip_address_pool.size() * most;
    }
    for (const auto& weights : {even, by_room}) {
        by_pairs some(split.s, split.reach, split.inside, parts_of(split, mine, weights));
        some.parts_of_ = &s_;
        if (!some.each_nat()) continue;
        auto found = split.named_back(std::move(some.blocks()));
        std::move(found.begin(), found.end(), std::back_inserter(blocks_));
        return true;
    }
    say("parted evenly among the NATs that the clients are spread over, or by their external "
        "endpoints, it does not fit; other parts are not settled");
    return false;
}

demand_list by_pairs::parts_of(const parted_clients& split, const demand_list& mine,
                               const std::vector<count>& weights) const {
    std::vector<count> of_part(split.client_of.size(), 1);  // of the NAT that it is inside
    for (std::size_t n = 0; n < s_.nats.size(); ++n)
        for (const auto c : split.inside[n]) of_part[c] = weights[n];
    demand_list out;
    for (const auto& p : mine) {
        shares parts;
        for (std::size_t c = 0; c < split.client_of.size(); ++c)
            if (split.client_of[c] == p.client) parts[{c, p.server}] = of_part[c];
        for (auto& one : divided(parts, p.connections)) out.push_back(std::move(one));
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.client < b.client; });
    return out;
}

const demand_list& by_pairs::of_client(std::size_t c) {
    if (of_client_.empty()) {
        of_client_.resize(s_.clients.size());
        for (const auto& p : pairs_) of_client_[p.client].push_back(p);
    }
    return of_client_[c];
}

}  // namespace natbound
