// Whether a demand fits: limits first, then one flow over each NAT.
#include <algorithm>
#include <map>
#include <memory>

#include "blocks.hpp"
#include "cascade_view.hpp"
#include "firewall.hpp"
#include "keyed_blocks.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/ways_out.hpp"
#include "natbound/solver/maximum.hpp"
#include "pair_network.hpp"
#include "paired.hpp"
#include "parted_clients.hpp"
#include "port_sets.hpp"
#include "quota.hpp"
#include "server_room.hpp"
#include "shared_mappings.hpp"
#include "subscribers.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

fit_result from_maximum(const scenario& s, const count& demand) {
    fit_result out;
    const auto memory = bj::make_shared_resource<bj::monotonic_resource>();
    auto m = maximum_blocks(s, memory);
    if (demand > m.at_most) {
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

class by_pairs {
  public:
    by_pairs(const scenario& s, demand_list demand)
        : by_pairs(s, reaches_of(s), inside_of(s), std::move(demand)) {}
    by_pairs(const scenario& s, reach_table reach, std::vector<std::vector<std::size_t>> inside,
             demand_list demand)
        : by_pairs(s, std::make_shared<const reach_table>(std::move(reach)), std::move(inside),
                   std::move(demand)) {}
    by_pairs(const scenario& s, std::shared_ptr<const reach_table> reach,
             std::vector<std::vector<std::size_t>> inside, demand_list demand)
        : s_(s),
          demand_(total_of(demand)),
          own_reach_(std::move(reach)),
          reach_(*own_reach_),
          inside_(std::move(inside)),
          pairs_(std::move(demand)),
          memory_(bj::make_shared_resource<bj::monotonic_resource>()) {}

    fit_result run() {
        if (passes_servers()) return std::move(out_);
        bool sure = each_nat();
        if (out_.verdict == fit_verdict::does_not_fit) return std::move(out_);
        if (sure && !within_servers()) sure = false;
        if (!sure) {
            // no flow settles it pair by pair: the maximum may still be too small
            auto all = from_maximum(s_, demand_);
            if (all.verdict == fit_verdict::does_not_fit) return all;
            out_.sets_it = why_;
            return std::move(out_);
        }
        return fitting();
    }

    // Whether the demand is more than the servers have room for; the verdict is then set.
    bool passes_servers() {
        std::map<std::size_t, count> wanted;
        for (const auto& p : pairs_) wanted[p.server] += p.connections;
        const server_room all(s_);
        for (const auto& [v, many] : wanted) {
            const auto& room = all.most(v);
            if (!room || many <= *room) continue;
            refuse(all.in_words(v) + ", and " + grouped(many) + " are wanted towards it",
                   bj::array(memory_));
            out_.evidence.emplace("servers", bj::array({bj::object({{"server", s_.servers[v].name},
                                                                    {"at-most", json_count(*room)}},
                                                                   memory_)},
                                                       memory_));
            return true;
        }
        return false;
    }

    // Whether each NAT by itself has room for sure; the verdict is set where one has none.
    bool each_nat() {
        for (const auto c : inside_.back())
            if (!routed(c)) return false;
        for (const auto& p : pairs_)
            if (!own_sockets(p)) return false;
        bool sure = true;
        for (std::size_t n = 0; n < s_.nats.size(); ++n) {
            if (!through(n)) sure = false;
            if (out_.verdict == fit_verdict::does_not_fit) return false;
        }
        return sure;
    }

    // Whether the servers have room for the connections where they were placed.
    bool within_servers() {
        server_room room(s_);
        if (!room.any()) return true;
        for (const auto& n : s_.nats)
            if (n.port_set) {
                say("NAT " + n.name +
                    ": port sets beside servers with connection-limits are not "
                    "settled in this version");
                return false;
            }
        auto admitted = room.admit(blocks_);
        if (connections(admitted) < connections(blocks_)) {
            say("no placing was found that is even enough for the limits of the servers");
            return false;
        }
        return true;
    }

    const fit_result& found() const { return out_; }
    const std::string& why() const { return why_; }
    // As a solver says: each client set's place in the pool, by index (paired pooling).
    void place_at(const std::vector<std::uint64_t>& at) { at_ = at; }
    std::vector<block>& blocks() { return blocks_; }

    fit_result fitting() {
        out_.verdict = fit_verdict::fits;
        out_.sets_it = "each pair of clients and servers finds its tuples";
        out_.evidence = bj::object(memory_);
        out_.evidence.emplace("connections", json_count(demand_));
        out_.evidence.emplace("blocks", to_json(blocks_, s_, memory_));
        add_json(out_.evidence, dealt_, s_, memory_);
        out_.evidence.emplace("demand", to_json(pairs_, s_, memory_));
        return std::move(out_);
    }

  private:
    void refuse(const std::string& why, bj::array nats) {
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
    bool own_sockets(const pair_demand& p) {
        const auto& c = s_.clients[p.client];
        const auto& v = s_.servers[p.server];
        const count most =
            c.addresses.size() * c.ports.size() * v.addresses.size() * v.ports.size();
        if (p.connections <= most) return true;
        const bool inner = stage_of(s_, p.client) < s_.nats.size();
        refuse((inner ? "the external endpoints of " + c.name + ": it sends "
                      : "the clients' own ports: " + c.name + " wants ") +
                   grouped(p.connections) + " connections to " + v.name +
                   (inner ? "; its endpoints make " : "; its sockets make ") + grouped(most),
               bj::array(memory_));
        return false;
    }

  public:
    // Inside no NAT: as many sockets towards every endpoint, and one more towards the first few
    // that no other client set has given one.
    bool routed(std::size_t c) {
        for (const auto& p : of_client(c)) {
            if (!own_sockets(p)) return false;
            const auto& v = s_.servers[p.server];
            const destination_list whole{{p.server, v.addresses, v.ports}};
            const count endpoints = v.addresses.size() * v.ports.size();
            const auto towards = [&](const count& from, const count& many, const count& first,
                                     const count& size) {
                if (many == 0 || size == 0) return;
                block b;
                b.to = std::make_shared<const target>(
                    target{slice_endpoints(whole, from, many), many});
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

  private:
    // Whether what goes through the NAT fits for sure; sets the verdict where it does not for sure.
    bool through(std::size_t n) {
        std::vector<pair_demand> mine;
        for (const auto c : inside_[n]) {
            const auto& own = of_client(c);
            mine.insert(mine.end(), own.begin(), own.end());
        }
        if (mine.empty()) return true;
        const count wanted = total_of(mine);
        if (s_.nats[n].port_set) return through_port_sets(n, mine);
        if (!translates(s_.nats[n])) return passes_firewall(n, mine, wanted);
        const nat_plan plan(s_.nats[n]);
        if (const auto limit = limit_of(s_, reach_, plan, inside_[n]);
            limit && wanted > limit->connections) {
            bj::object item({{"nat", s_.nats[n].name},
                             {"at-most", json_count(limit->connections)},
                             {"table", json_count(limit->connections)},
                             {"groups", bj::array{}}},
                            memory_);
            refuse(
                limit->in_words + ", and " + grouped(wanted) + " connections are wanted through it",
                bj::array({std::move(item)}, memory_));
            return false;
        }
        const auto quota = quota_of(s_, reach_, plan, inside_[n]);
        if (quota && !subscribers_allow(n, *quota, mine)) return false;
        auto readings = readings_of(s_, reach_, plan, inside_[n]);
        const bool one_flow_a_mapping = readings.above.mapping == mapping_type::edm;
        if (one_flow_a_mapping && !fits_above(n, plan, readings.above, mine)) return false;
        if (plan.pairs()) return paired(n, plan, readings.above, mine);
        std::optional<std::vector<block>> found;
        const auto& below = readings.below ? *readings.below : readings.above;
        if (quota)
            found = place_within(n, plan, below, mine, *quota);
        else if (below.mapping == mapping_type::edm)
            found = place(n, plan, below, mine);
        else if (below.mapping == mapping_type::eim)
            found = place_shared_mappings(
                s_, groups_of(s_, reach_, plan, inside_[n], by_pair(below)), mine, n);
        if (!found) {
            if (!one_flow_a_mapping && too_many(n, readings.above, mine)) return false;
            say(!readings.why.empty() ? readings.why
                : quota ? "no even placing within the quotas of " + s_.nats[n].name + " was found"
                        : "how connections are to share mappings is not settled in this version");
            return false;
        }
        if (!mappings_fit(plan, below.mapping, *found)) {
            if (too_many(n, readings.above, mine)) return false;
            say("within the limit on mappings of " + s_.nats[n].name + " no placing was found");
            return false;
        }
        std::move(found->begin(), found->end(), std::back_inserter(blocks_));
        return true;
    }

    bool passes_firewall(std::size_t n, const std::vector<pair_demand>& mine, const count& wanted) {
        const auto& limits = s_.nats[n].connection_limits;
        if (limits.limit_per_instance && wanted > *limits.limit_per_instance) {
            bj::object item(
                {{"nat", s_.nats[n].name}, {"at-most", json_count(*limits.limit_per_instance)}},
                memory_);
            refuse("the flow table of " + s_.nats[n].name + " holds " +
                       grouped(*limits.limit_per_instance) + ", and " + grouped(wanted) +
                       " connections are wanted through it",
                   bj::array({std::move(item)}, memory_));
            return false;
        }
        if (limits.limit_per_subscriber &&
            !subscribers_allow(n, *limits.limit_per_subscriber, mine))
            return false;
        auto found = through_firewall(s_, n, mine);
        if (!found) {
            say("no even placing within the quotas of " + s_.nats[n].name + " was found");
            return false;
        }
        std::move(found->begin(), found->end(), std::back_inserter(blocks_));
        return true;
    }

    bool through_port_sets(std::size_t n, const std::vector<pair_demand>& mine) {
        auto found = port_set_fits(s_, reach_, n, inside_[n], mine, memory_);
        if (found.verdict == fit_verdict::fits) dealt_.push_back(std::move(found.dealt));
        if (found.verdict == fit_verdict::unknown) say(found.why);
        if (found.verdict == fit_verdict::does_not_fit)
            refuse(found.why, bj::array({std::move(found.item)}, memory_));
        return found.verdict == fit_verdict::fits;
    }

    // Client addresses packed into external addresses (paired pooling), and each of these filled by
    // itself.
    bool paired(std::size_t n, const nat_plan& plan, const nat_reading& reading,
                const demand_list& mine) {
        if (const auto few = needs_more_bins(s_, plan, mine)) {
            bj::object item({{"nat", s_.nats[n].name}, {"packing", few->packing}}, memory_);
            refuse(few->in_words, bj::array({std::move(item)}, memory_));
            return false;
        }
        auto found = filled_bins(
            n, at_ ? dealt_as(s_, plan, inside_[n], *at_) : packed(s_, plan, inside_[n], mine),
            mine);
        if (found && mappings_fit(plan, reading.mapping, *found)) {
            std::move(found->begin(), found->end(), std::back_inserter(blocks_));
            return true;
        }
        if (too_many(n, reading, mine)) return false;
        say("paired pooling: which client addresses share an external address of " +
            s_.nats[n].name + " is bin packing (NP-hard), and no packing was found by size");
        return false;
    }

    std::optional<std::vector<block>> filled_bins(std::size_t n, const std::vector<bin>& bins,
                                                  const demand_list& mine) const {
        if (bins.empty()) return std::nullopt;
        std::vector<block> out;
        const auto shares = shares_of(s_, bins, mine);
        behind_one each(s_, n);
        for (std::size_t b = 0; b < bins.size(); ++b) {
            if (shares[b].empty()) continue;
            std::vector<std::vector<std::size_t>> inside(inside_.size());
            inside[n] = inside_[n];
            const auto& one = each.at(b, bins[b], inside[n]);
            by_pairs here(one, own_reach_, std::move(inside), shares[b]);
            if (!here.each_nat()) return std::nullopt;
            std::move(here.blocks_.begin(), here.blocks_.end(), std::back_inserter(out));
        }
        return out;
    }

    // No client set wants more than its addresses' quotas together.
    bool subscribers_allow(std::size_t n, const count& quota,
                           const std::vector<pair_demand>& mine) {
        std::map<std::size_t, count> wanted;
        for (const auto& p : mine) wanted[p.client] += p.connections;
        for (const auto& [c, many] : wanted) {
            if (many <= s_.clients[c].addresses.size() * quota) continue;
            capped_clients capped(s_, inside_[n], quota);
            capped.cap(c, s_.clients[c].addresses);
            bj::object item({{"nat", s_.nats[n].name}, {"quota", capped.json(s_, memory_)}},
                            memory_);
            refuse(capped.in_words(s_, s_.nats[n].name) + "; it wants " + grouped(many),
                   bj::array({std::move(item)}, memory_));
            return false;
        }
        return true;
    }

    // Dealt to subscribers that are alike; or with so few sockets that no address can pass its
    // quota. Nothing where this finds no placing.
    std::optional<std::vector<block>> place_within(std::size_t n, const nat_plan& plan,
                                                   const nat_reading& reading,
                                                   std::vector<pair_demand> mine,
                                                   const count& quota) {
        const bool shared = reading.mapping == mapping_type::eim;
        if (!shared && reading.mapping != mapping_type::edm) return std::nullopt;
        if (!shared) {
            const auto groups =
                groups_of(s_, reach_of(reach_, reading, mine), plan, inside_[n], by_pair(reading));
            if (auto found = pairs_within(s_, groups, mine, n)) return found;
        }
        const auto thin = thinned_to_pairs(s_, reach_, quota, shared, mine);
        if (!thin) return std::nullopt;
        const auto groups = groups_of(thin->s, thin->reach, plan, thin->inside, by_pair(reading));
        auto found =
            shared ? place_shared_mappings(thin->s, groups, mine, n) : placed(groups, mine, n);
        if (!found) return std::nullopt;
        return thin->named_back(std::move(*found));
    }

    // Each pair's connections on endpoints of the groups; nothing where they do not fit.
    static std::optional<std::vector<block>> placed(const std::vector<group>& groups,
                                                    const std::vector<pair_demand>& mine,
                                                    std::size_t n) {
        auto flow = send(groups, mine);
        if (!flow.fits) return std::nullopt;
        std::vector<block> out;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            auto some = blocks_over_keys(groups[g], std::move(flow.placements[g]), n);
            std::move(some.begin(), some.end(), std::back_inserter(out));
        }
        return out;
    }

    const std::vector<pair_demand>& of_client(std::size_t c) {
        if (of_client_.empty()) {
            of_client_.resize(s_.clients.size());
            for (const auto& p : pairs_) of_client_[p.client].push_back(p);
        }
        return of_client_[c];
    }

    void say(const std::string& why) {
        if (why_.empty()) why_ = why;
    }

    static nat_reading by_pair(nat_reading r) {
        r.by_pair = true;
        return r;
    }

    bool fits_above(std::size_t n, const nat_plan& plan, const nat_reading& reading,
                    const std::vector<pair_demand>& mine) {
        const auto groups =
            groups_of(s_, reach_of(reach_, reading, mine), plan, inside_[n], by_pair(reading));
        const auto flow = send(groups, mine);
        if (flow.fits) return true;
        if (auto hall = hall_of(s_, reading, groups, mine, flow.closed, memory_)) {
            bj::array list(memory_);
            list.emplace_back(std::move(hall->group));
            bj::object item({{"nat", s_.nats[n].name}, {"groups", std::move(list)}}, memory_);
            refuse(hall->in_words, bj::array({std::move(item)}, memory_));
            return false;
        }
        std::vector<pair_demand> closed;
        for (std::size_t d = 0; d < mine.size(); ++d)
            if (flow.closed[d]) closed.push_back(mine[d]);
        if (!too_many(n, reading, closed))
            say("it does not fit, but no certificate of this version shows it: the hash picks an "
                "address for each destination that a client reaches");
        return false;
    }

    // Whether these pairs want more than the maximum of a scenario in which their clients reach
    // their servers alone; refuses, then. Of a mapping that is shared, the hash's address may come
    // from a destination that such a scenario lacks.
    bool too_many(std::size_t n, const nat_reading& above, const std::vector<pair_demand>& some) {
        if (above.pool == pool_reading::any_hashed) return false;
        reach_table reach(s_.clients.size(), std::vector<bool>(s_.servers.size(), false));
        std::vector<std::size_t> inside;
        for (const auto& p : some) {
            reach[p.client][p.server] = true;
            if (inside.empty() || inside.back() != p.client) inside.push_back(p.client);
        }
        auto alone = capacity_of(s_, reach, n, inside, memory_);
        const count wanted = total_of(some);
        if (wanted <= alone.at_most) return false;
        bj::array pairs(memory_);
        for (const auto& p : some)
            pairs.emplace_back(bj::object(
                {{"from", s_.clients[p.client].name}, {"to", s_.servers[p.server].name}}, memory_));
        alone.does_not_fit.emplace("pairs", std::move(pairs));
        bj::array list(memory_);
        list.emplace_back(std::move(alone.does_not_fit));
        refuse(pairs_in_words(some) + grouped(wanted) + " connections; at most " +
                   grouped(alone.at_most) + " fit (" + alone.sets_it + ")",
               std::move(list));
        return true;
    }

    // "A and X want from C and D "
    std::string pairs_in_words(const std::vector<pair_demand>& some) const {
        std::vector<std::string> from, to;
        const auto add = [](std::vector<std::string>& list, const std::string& name) {
            if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
        };
        for (const auto& p : some) {
            add(from, s_.clients[p.client].name);
            add(to, s_.servers[p.server].name);
        }
        return listed(from) + " towards " + listed(to) + (from.size() == 1 ? " wants " : " want ");
    }

    std::optional<std::vector<block>> place(std::size_t n, const nat_plan& plan,
                                            const nat_reading& reading,
                                            const std::vector<pair_demand>& mine) {
        const auto groups =
            groups_of(s_, reach_of(reach_, reading, mine), plan, inside_[n], by_pair(reading));
        return placed(groups, mine, n);
    }

    // Where a mapping may carry several connections, limit_of does not settle how many there may
    // be.
    static bool mappings_fit(const nat_plan& plan, mapping_type read_as,
                             const std::vector<block>& blocks) {
        if (!plan.mappings) return true;
        count used = 0;
        for (const auto& b : blocks)
            used += read_as == mapping_type::eim ? b.size : b.connections();
        return used <= *plan.mappings;
    }

    const scenario& s_;
    count demand_;
    std::shared_ptr<const reach_table> own_reach_;
    const reach_table& reach_;
    std::vector<std::vector<std::size_t>> inside_;
    std::vector<pair_demand> pairs_;
    std::vector<std::vector<pair_demand>> of_client_;
    bj::storage_ptr memory_;
    std::vector<block> blocks_;
    std::map<std::size_t, count>
        next_;  // by server set: the endpoint that routed clients fill next
    std::vector<dealt_nat> dealt_;
    std::string why_;
    std::optional<std::vector<std::uint64_t>> at_;
    fit_result out_;
};

// A cascade: each NAT by itself must have room for what comes to it, and where all have, the inner
// ones place their connections first and the outer ones just these.
class cascaded_pairs {
  public:
    cascaded_pairs(const scenario& s, demand_list demand)
        : s_(s), flat_(side_by_side(s)), own_(std::move(demand)), outer_(outer_of(s)) {}

    fit_result run() {
        by_pairs own(s_, reaches_of(s_), {}, own_);  // its inside is not looked at
        if (own.passes_servers()) return own.found();
        by_pairs stages(flat_, flat_demand());
        const bool sure = stages.each_nat();
        if (stages.found().verdict == fit_verdict::does_not_fit) return stages.found();
        if (sure && place()) {
            own.blocks() = std::move(blocks_);
            if (own.within_servers()) return own.fitting();
            why_ = own.why();
        }
        auto all = from_maximum(s_, total_of(own_));
        if (all.verdict == fit_verdict::does_not_fit) return all;
        fit_result out;
        out.sets_it = !sure ? stages.why() : why_;
        return out;
    }

  private:
    // Each pair, and what it makes the NATs that it passes send outwards.
    demand_list flat_demand() const {
        const auto inside = inside_of(flat_);
        std::map<std::pair<std::size_t, std::size_t>, count> sums;
        for (const auto& p : own_) sums[{p.client, p.server}] += p.connections;
        for (const auto n : inner_first(s_)) {
            if (outer_[n] == s_.nats.size()) continue;
            const auto stands = standing_for(n);
            for (const auto c : inside[n])
                for (std::size_t v = 0; v < s_.servers.size(); ++v)
                    if (const auto it = sums.find({c, v}); it != sums.end())
                        sums[{stands, v}] += it->second;
        }
        demand_list out;
        for (const auto& [pair, n] : sums) out.push_back({pair.first, pair.second, n});
        return out;
    }

    std::size_t standing_for(std::size_t n) const {
        std::size_t c = s_.clients.size();
        while (stage_of(flat_, c) != n) ++c;
        return c;
    }

    bool place() {
        const auto inside = inside_of(flat_);
        std::vector<std::vector<block>> placed(s_.nats.size());
        for (const auto n : inner_first(s_)) {
            std::vector<std::size_t> clients;
            std::vector<block> sent;
            for (const auto c : inside[n])
                if (const auto m = stage_of(flat_, c); m == s_.nats.size())
                    clients.push_back(c);
                else
                    std::move(placed[m].begin(), placed[m].end(), std::back_inserter(sent));
            if (!place_at(n, clients, sent, placed[n])) return false;
            if (outer_[n] == s_.nats.size())
                std::move(placed[n].begin(), placed[n].end(), std::back_inserter(blocks_));
        }
        for (const auto c : inside.back()) {
            demand_list direct;
            for (const auto& p : own_)
                if (p.client == c) direct.push_back(p);
            by_pairs routed(s_, reaches_of(s_), {}, std::move(direct));
            if (!routed.routed(c)) return false;
            std::move(routed.blocks().begin(), routed.blocks().end(), std::back_inserter(blocks_));
        }
        return true;
    }

    bool place_at(std::size_t n, const std::vector<std::size_t>& clients,
                  const std::vector<block>& sent, std::vector<block>& out) {
        std::vector<block> each;
        for (const auto& b : sent)
            for (auto& one : unspread(b)) each.push_back(std::move(one));
        const cascade_view view(s_, n, clients, std::move(each));
        std::vector<std::size_t> all(view.seen().clients.size());
        for (std::size_t c = 0; c < all.size(); ++c) all[c] = c;
        by_pairs here(view.seen(), view.reach(), {all, {}}, view.demand(own_));
        if (!here.each_nat()) {
            why_ = "where the NATs inside it place their connections, " + s_.nats[n].name +
                   " has no room for them; whether they can place them better is not settled";
            return false;
        }
        out = view.named_back(here.blocks());
        return connections(out) == connections(here.blocks());
    }

    const scenario& s_;
    scenario flat_;
    demand_list own_;
    std::vector<std::size_t> outer_;
    std::vector<block> blocks_;
    std::string why_ = "no placing through the cascade was found";
};

// Clients that are spread over NATs: each pair is parted evenly among them, and if that does not
// fit nothing is settled but what the maximum says. NATs that share endpoints: the maximum alone.
fit_result joined_pairs(const scenario& s, const demand_list& demand) {
    by_pairs all_pairs(s, reaches_of(s), {}, demand);
    if (all_pairs.passes_servers()) return all_pairs.found();
    fit_result out;
    out.sets_it = "whether NATs that share external endpoints can carry it is not settled";
    if (!clash_in_words(s)) {
        const parted_clients parted(s);
        demand_list parts;
        for (const auto& p : demand) {
            std::vector<std::size_t> of;
            for (std::size_t c = 0; c < parted.client_of.size(); ++c)
                if (parted.client_of[c] == p.client) of.push_back(c);
            for (std::size_t k = 0; k < of.size(); ++k)
                parts.push_back(
                    {of[k], p.server,
                     p.connections * (k + 1) / of.size() - p.connections * k / of.size()});
        }
        std::erase_if(parts, [](const pair_demand& p) { return p.connections == 0; });
        std::stable_sort(parts.begin(), parts.end(),
                         [](const auto& a, const auto& b) { return a.client < b.client; });
        by_pairs evenly(parted.s, parted.reach, parted.inside, std::move(parts));
        if (evenly.each_nat()) {
            all_pairs.blocks() = parted.named_back(std::move(evenly.blocks()));
            if (all_pairs.within_servers()) return all_pairs.fitting();
        }
        out.sets_it =
            "parted evenly among the NATs that the clients are spread over it does not "
            "fit; other parts are not settled";
    }
    auto all = from_maximum(s, total_of(demand));
    return all.verdict == fit_verdict::does_not_fit ? all : out;
}

// Where server sets have more endpoints than backends: whether it fits on as many of them, where no
// two connections of one source endpoint can lead to one backend.
std::optional<fit_result> with_enough_endpoints(const scenario& s, const demand_list& demand) {
    scenario fewer = s;
    bool some = false;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (auto used = enough_for_backends(s, v)) {
            fewer.servers[v].addresses = std::move(used->addresses);
            fewer.servers[v].ports = std::move(used->ports);
            some = true;
        }
    if (!some) return std::nullopt;
    auto out = fits(fewer, demand);
    if (out.verdict != fit_verdict::fits) return std::nullopt;
    return out;
}

// Where more clients are inside a NAT than it may serve: whether it fits with as many of them as it
// may; or does not even without the limit, or by the maximum.
std::optional<fit_result> within_subscribers(const scenario& s, const demand_list& demand) {
    if (!limits_subscribers(s)) return std::nullopt;
    fit_result out;
    if (const auto few = with_few_subscribers(s, demand)) out = fits(*few, demand);
    if (out.verdict == fit_verdict::fits) return out;
    scenario free = s;
    for (auto& n : free.nats) n.mapping_limits.limit_subscribers.reset();
    auto all = fits(free, demand);
    if (all.verdict == fit_verdict::does_not_fit) return all;
    all = from_maximum(s, total_of(demand));
    if (all.verdict == fit_verdict::does_not_fit) return all;
    out = {};
    out.sets_it = "no division of the subscribers that a NAT may serve was found that carries it";
    return out;
}

}  // namespace

fit_result fits(const scenario& s, const count& demand, placing place) {
    if (demand < 0) throw domain_error("a demand is 0 or more connections");
    if (place == placing::best || demand == 0) return from_maximum(s, demand);
    return fits(s, shared_demand(s, demand));
}

fit_result fits(const scenario& s, const demand_list& demand,
                const std::vector<std::uint64_t>& at) {
    if (total_of(demand) == 0) return from_maximum(s, 0);
    demand_list some = demand;
    std::erase_if(some, [](const pair_demand& p) { return p.connections == 0; });
    if (auto found = with_enough_endpoints(s, some)) return std::move(*found);
    if (auto found = within_subscribers(s, some)) return std::move(*found);
    if (is_cascade(s)) return cascaded_pairs(s, std::move(some)).run();
    if (is_spread(s) || clash_in_words(s)) return joined_pairs(s, some);
    by_pairs all(s, std::move(some));
    if (!at.empty()) all.place_at(at);
    return all.run();
}

}  // namespace natbound
