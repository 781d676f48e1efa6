// Whether a demand fits through one NAT: limits first, then one flow.
#include "nat_demand.hpp"

#include <algorithm>
#include <map>

#include "backends.hpp"
#include "blocks.hpp"
#include "firewall.hpp"
#include "keyed_blocks.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "needed_mappings.hpp"
#include "pair_network.hpp"
#include "paired.hpp"
#include "port_set_laying.hpp"
#include "port_sets.hpp"
#include "quota.hpp"
#include "server_room.hpp"
#include "shared_mappings.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

class one_nat {
  public:
    one_nat(const scenario& s, const reach_table& reach, std::size_t n,
            const std::vector<std::size_t>& inside, const demand_list& mine,
            const bj::storage_ptr& memory, const std::vector<std::uint64_t>* at,
            const scenario* parts_of)
        : s_(s),
          reach_(reach),
          n_(n),
          nat_(s.nats[n]),
          inside_(inside),
          mine_(mine),
          memory_(memory),
          at_(at),
          parts_of_(parts_of) {}

    nat_demand_fit run() {
        if (settled()) out_.verdict = fit_verdict::fits;
        return std::move(out_);
    }

  private:
    void refuse(const std::string& why, bj::object item) {
        out_.verdict = fit_verdict::does_not_fit;
        out_.why = why;
        out_.item = std::move(item);
    }

    void say(const std::string& why) {
        if (out_.verdict == fit_verdict::unknown && out_.why.empty()) out_.why = why;
    }

    // Whether it fits for sure; sets the verdict where it does not for sure.
    bool settled() {
        const count wanted = total_of(mine_);
        if (nat_.port_set) return through_port_sets();
        if (!translates(nat_)) return passes_firewall(wanted);
        const nat_plan plan(nat_);
        if (const auto limit = limit_of(s_, reach_, plan, inside_);
            limit && wanted > limit->connections) {
            bj::object item({{"nat", nat_.name},
                             {"at-most", json_count(limit->connections)},
                             {"table", json_count(limit->connections)},
                             {"groups", bj::array{}}},
                            memory_);
            refuse(
                limit->in_words + ", and " + grouped(wanted) + " connections are wanted through it",
                std::move(item));
            return false;
        }
        const auto quota = quota_of(s_, reach_, plan, inside_);
        if (quota && !subscribers_allow(*quota)) return false;
        auto readings = readings_of(s_, reach_, plan, inside_);
        const bool one_flow_a_mapping = readings.above.mapping == mapping_type::edm;
        if (one_flow_a_mapping && !fits_above(plan, readings.above)) return false;
        if (plan.pairs()) return paired(plan, readings.above, quota);
        const auto& below = readings.below ? *readings.below : readings.above;
        std::optional<std::vector<block>> found;
        demand_list closed;
        if (quota) found = placed_within(s_, reach_, plan, n_, inside_, below, mine_, *quota);
        if (below.mapping == mapping_type::edm) {
            if (!quota) found = place(plan, below);
        } else if (!found) {
            auto placing = place_shared_mappings(s_, reach_, plan, inside_, below, mine_, n_);
            if (!quota) found = std::move(placing.blocks);
            closed = std::move(placing.closed);
        }
        if (!found) {
            if (!one_flow_a_mapping && (too_many_mappings(plan, readings.above, closed) ||
                                        too_many(readings.above, mine_)))
                return false;
            say(!readings.why.empty() ? readings.why
                : quota ? "no even placing within the quotas of " + nat_.name + " was found"
                        : "how connections are to share mappings is not settled in this version");
            return false;
        }
        if (!mappings_fit(plan, *found)) {
            if (too_many_mappings(plan, readings.above, mine_) || too_many(readings.above, mine_))
                return false;
            say("within the limit on mappings of " + nat_.name + " no placing was found");
            return false;
        }
        std::move(found->begin(), found->end(), std::back_inserter(out_.blocks));
        return true;
    }

    bool passes_firewall(const count& wanted) {
        const auto& limits = nat_.connection_limits;
        if (limits.limit_per_instance && wanted > *limits.limit_per_instance) {
            bj::object item(
                {{"nat", nat_.name}, {"at-most", json_count(*limits.limit_per_instance)}}, memory_);
            refuse(table_in_words(nat_, *limits.limit_per_instance) + " holds " +
                       grouped(*limits.limit_per_instance) + ", and " + grouped(wanted) +
                       " connections are wanted through it",
                   std::move(item));
            return false;
        }
        if (limits.limit_per_subscriber && !subscribers_allow(*limits.limit_per_subscriber))
            return false;
        auto found = through_firewall(s_, n_, mine_);
        if (!found) {
            say("no even placing within the quotas of " + nat_.name + " was found");
            return false;
        }
        std::move(found->begin(), found->end(), std::back_inserter(out_.blocks));
        return true;
    }

    bool through_port_sets() {
        auto found = port_set_fits(s_, reach_, n_, inside_, mine_, memory_);
        if (found.verdict != fit_verdict::does_not_fit && !pairs_sets(nat_) &&
            (nat_.static_mappings || parts_of_ || server_room(s_).any())) {
            auto blocks = placed_in_sets(s_, reach_, n_, inside_,
                                         numbered_subscribers(parts_of_ ? *parts_of_ : s_, nat_),
                                         mine_, memory_);
            nat_capacity kept;
            if (blocks) kept.blocks = std::move(*blocks);
            keep_limits(kept, nat_);
            if (kept.at_least == total_of(mine_)) {
                out_.blocks = std::move(kept.blocks);
                return true;
            }
            say("no even placing in the port sets of " + nat_.name + " was found");
            return false;
        }
        if (found.verdict == fit_verdict::fits) out_.dealt = std::move(found.dealt);
        if (found.verdict == fit_verdict::unknown) say(found.why);
        if (found.verdict == fit_verdict::does_not_fit) refuse(found.why, std::move(found.item));
        return found.verdict == fit_verdict::fits;
    }

    // Client addresses packed into external addresses (paired pooling), and each of these filled by
    // itself.
    bool paired(const nat_plan& plan, const nat_reading& reading,
                const std::optional<count>& quota) {
        if (const auto few = needs_more_bins(s_, plan, mine_)) {
            bj::object item({{"nat", nat_.name}, {"packing", few->packing}}, memory_);
            refuse(few->in_words, std::move(item));
            return false;
        }
        const auto bins =
            at_ ? dealt_as(s_, plan, inside_, *at_) : packed(s_, plan, inside_, mine_);
        auto found = filled_bins(bins, shares_of(s_, bins, mine_));
        if (!found)
            found = filled_bins(bins, shares_by_room(s_, plan, inside_, bins, mine_, quota));
        if (found && mappings_fit(plan, *found)) {
            std::move(found->begin(), found->end(), std::back_inserter(out_.blocks));
            return true;
        }
        if (too_many_mappings(plan, reading, mine_) || too_many(reading, mine_)) return false;
        if (part_is_too_many(reading)) return false;
        say("paired pooling: which client addresses share an external address of " + nat_.name +
            " is bin packing (NP-hard), and no packing was found by size");
        return false;
    }

    // Whether what is wanted of one server set, by one client set, or by one pair is too much; of a
    // few, as each is counted by itself.
    bool part_is_too_many(const nat_reading& reading) {
        std::map<std::size_t, demand_list> of_server, of_client;
        for (const auto& p : mine_) {
            of_server[p.server].push_back(p);
            of_client[p.client].push_back(p);
        }
        std::vector<demand_list> parts;
        for (const auto* by : {&of_server, &of_client})
            for (const auto& [set, some] : *by)
                if (by->size() > 1) parts.push_back(some);
        if (of_server.size() > 1 && of_client.size() > 1)
            for (const auto& p : mine_) parts.push_back({p});
        constexpr std::size_t most_parts = 256;
        return parts.size() <= most_parts &&
               std::any_of(parts.begin(), parts.end(),
                           [&](const demand_list& some) { return too_many(reading, some); });
    }

    // Nothing where there are no shares, or some bin does not hold its own.
    std::optional<std::vector<block>> filled_bins(const std::vector<bin>& bins,
                                                  const std::vector<demand_list>& shares) const {
        if (shares.empty()) return std::nullopt;
        std::vector<block> out;
        behind_one each(s_, n_);
        for (std::size_t b = 0; b < bins.size(); ++b) {
            if (shares[b].empty()) continue;
            auto inside = inside_;
            const auto& behind = each.at(b, bins[b], inside);
            for (const auto& p : shares[b])
                if (short_of_sockets(behind, p)) return std::nullopt;
            auto found = demand_through(behind, reach_, n_, inside, shares[b], memory_);
            if (found.verdict != fit_verdict::fits) return std::nullopt;
            std::move(found.blocks.begin(), found.blocks.end(), std::back_inserter(out));
        }
        return out;
    }

    // No client set wants more than its addresses' quotas together.
    bool subscribers_allow(const count& quota) {
        std::map<std::size_t, count> wanted;
        for (const auto& p : mine_) wanted[p.client] += p.connections;
        for (const auto& [c, many] : wanted) {
            if (many <= s_.clients[c].addresses.size() * quota) continue;
            capped_clients capped(s_, inside_, quota);
            capped.cap(c, s_.clients[c].addresses);
            bj::object item({{"nat", nat_.name}, {"quota", capped.json(s_, memory_)}}, memory_);
            refuse(capped.in_words(s_, nat_.name) + "; it wants " + grouped(many), std::move(item));
            return false;
        }
        return true;
    }

    // How often an external endpoint may be used towards the groups of a set with few backends; and
    // whether that and one flow decide for all such sets.
    std::pair<flow_limits, bool> by_backends(const nat_plan& plan, const nat_reading& reading,
                                             const std::vector<group>& groups) const {
        std::pair<flow_limits, bool> out{{}, true};
        out.first.uses.resize(groups.size());
        for (const auto v : crowded_at(s_, reach_, plan, inside_)) {
            if (!flow_decides(s_, reach_, plan, inside_, v, reading)) {
                out.second = false;
                continue;
            }
            std::size_t towards = 0;
            for (std::size_t g = 0; g < groups.size(); ++g)
                if (groups[g].to.front().server == v) {
                    out.first.uses[g] = backends_of(s_.servers[v]);
                    ++towards;
                }
            out.second = out.second && towards <= 1;
        }
        return out;
    }

    bool fits_above(const nat_plan& plan, const nat_reading& reading) {
        const auto groups =
            groups_of(s_, reach_of(reach_, reading, mine_), plan, inside_, by_pair(reading));
        const auto flow = send(groups, mine_, 1, by_backends(plan, reading, groups).first);
        if (flow.fits) return true;
        if (auto hall = hall_of(s_, reading, groups, mine_, flow.closed, memory_)) {
            bj::array list(memory_);
            list.emplace_back(std::move(hall->group));
            bj::object item({{"nat", nat_.name}, {"groups", std::move(list)}}, memory_);
            refuse(hall->in_words, std::move(item));
            return false;
        }
        demand_list closed;
        for (std::size_t d = 0; d < mine_.size(); ++d)
            if (flow.closed[d]) closed.push_back(mine_[d]);
        if (!too_many(reading, closed))
            say("it does not fit, but no certificate of this version shows it: the hash picks an "
                "address for each destination that a client reaches");
        return false;
    }

    // Whether some of these pairs need more mappings than there can be; refuses, then.
    bool too_many_mappings(const nat_plan& plan, const nat_reading& above,
                           const demand_list& some) {
        auto found = needs_more_mappings(s_, plan, above.pool, some, memory_);
        if (!found) return false;
        bj::object item({{"nat", nat_.name}, {"needs", std::move(found->needs)}}, memory_);
        refuse(found->in_words, std::move(item));
        return true;
    }

    // Whether these pairs want more than the maximum of a scenario in which their clients reach
    // their servers alone; refuses, then. Of a mapping that is shared, the hash's address may come
    // from a destination that such a scenario lacks.
    bool too_many(const nat_reading& above, const demand_list& some) {
        if (above.pool == pool_reading::any_hashed) return false;
        reach_table reach(s_.clients.size(), std::vector<bool>(s_.servers.size(), false));
        std::vector<std::size_t> inside;
        for (const auto& p : some) {
            reach[p.client][p.server] = true;
            if (inside.empty() || inside.back() != p.client) inside.push_back(p.client);
        }
        auto alone = capacity_of(s_, reach, n_, inside, memory_);
        const count wanted = total_of(some);
        if (wanted <= alone.at_most) return false;
        bj::array pairs(memory_);
        for (const auto& p : some)
            pairs.emplace_back(bj::object(
                {{"from", s_.clients[p.client].name}, {"to", s_.servers[p.server].name}}, memory_));
        alone.does_not_fit.emplace("pairs", std::move(pairs));
        refuse(pairs_in_words(some) + grouped(wanted) + " connections; at most " +
                   grouped(alone.at_most) + " fit (" + alone.sets_it + ")",
               std::move(alone.does_not_fit));
        return true;
    }

    // "A and X want from C and D "
    std::string pairs_in_words(const demand_list& some) const {
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

    std::optional<std::vector<block>> place(const nat_plan& plan, const nat_reading& reading) {
        const auto groups =
            groups_of(s_, reach_of(reach_, reading, mine_), plan, inside_, by_pair(reading));
        const auto [limits, decided] = by_backends(plan, reading, groups);
        auto flow = send(groups, mine_, 1, limits);
        if (!flow.fits) return std::nullopt;
        std::vector<block> out;
        out_.told_apart = decided;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            std::optional<std::vector<block>> some;
            if (limits.uses[g] && decided) {
                some = blocks_to_backends(groups[g], flow.placements[g], n_);
                out_.told_apart = out_.told_apart && some;
            }
            if (!some) some = blocks_over_keys(groups[g], std::move(flow.placements[g]), n_);
            std::move(some->begin(), some->end(), std::back_inserter(out));
        }
        return out;
    }

    // Where a mapping may carry several connections, limit_of does not settle how many there may
    // be.
    static bool mappings_fit(const nat_plan& plan, const std::vector<block>& blocks) {
        if (!plan.mappings) return true;
        count used = 0;
        for (const auto& b : blocks) used += b.mappings();
        return used <= *plan.mappings;
    }

    const scenario& s_;
    const reach_table& reach_;
    const std::size_t n_;
    const nat& nat_;
    const std::vector<std::size_t>& inside_;
    const demand_list& mine_;
    bj::storage_ptr memory_;
    const std::vector<std::uint64_t>* at_;
    const scenario* parts_of_;
    nat_demand_fit out_;
};

}  // namespace

nat_demand_fit demand_through(const scenario& s, const reach_table& reach, std::size_t n,
                              const std::vector<std::size_t>& inside, const demand_list& demand,
                              const bj::storage_ptr& memory, const std::vector<std::uint64_t>* at,
                              const scenario* parts_of) {
    return one_nat(s, reach, n, inside, demand, memory, at, parts_of).run();
}

std::optional<std::string> short_of_sockets(const scenario& s, const pair_demand& p) {
    const auto& c = s.clients[p.client];
    const auto& v = s.servers[p.server];
    const count most = c.addresses.size() * c.ports.size() * v.addresses.size() * v.ports.size();
    if (p.connections <= most) return std::nullopt;
    const bool inner = stage_of(s, p.client) < s.nats.size();
    return (inner ? "the external endpoints of " + c.name + ": it sends "
                  : "the clients' own ports: " + c.name + " wants ") +
           grouped(p.connections) + " connections to " + v.name +
           (inner ? "; its endpoints make " : "; its sockets make ") + grouped(most);
}

}  // namespace natbound
