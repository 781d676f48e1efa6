// Hall sets over the endpoints of several NATs, and the tables of some.
#include "joint_maximum.hpp"

#include <algorithm>

#include "hall.hpp"
#include "joint_nats.hpp"
#include "nat_capacity.hpp"
#include "overloading.hpp"
#include "quota.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Of so many NATs with limits every choice is tried of those that are counted by them.
constexpr std::size_t most_chosen = 6;

class finder {
  public:
    finder(const scenario& s, const reach_table& reach,
           const std::vector<std::vector<std::size_t>>& inside,
           const std::vector<std::size_t>& nats, const bj::storage_ptr& memory)
        : s_(s), reach_(reach), inside_(inside), nats_(nats), memory_(memory) {
        for (const auto n : nats) {
            const nat_plan plan(s.nats[n]);
            limits_.push_back(translates(s.nats[n]) ? limit_of(s, reach, plan, inside[n])
                                                    : std::nullopt);
        }
    }

    std::optional<joint_capacity> run() {
        std::vector<bool> none(nats_.size(), false), all = none;
        std::vector<std::size_t> limited;
        for (std::size_t i = 0; i < nats_.size(); ++i)
            if (limits_[i]) {
                all[i] = true;
                limited.push_back(i);
            }
        if (!consider(none, true)) return std::nullopt;
        if (limited.size() <= most_chosen) {
            for (std::size_t mask = 1; mask < std::size_t{1} << limited.size(); ++mask) {
                auto some = none;
                for (std::size_t k = 0; k < limited.size(); ++k)
                    some[limited[k]] = (mask >> k & 1U) != 0;
                consider(some, false);
            }
        } else {
            consider(all, false);
            for (const auto i : limited) {
                auto some = none;
                some[i] = true;
                consider(some, false);
            }
        }
        return std::move(best_);
    }

  private:
    // These NATs counted by their limits, and the others together.
    bool consider(const std::vector<bool>& counted, bool lay) {
        std::vector<std::size_t> rest;
        count most = 0;
        bj::array tables(memory_);
        std::string words;
        for (std::size_t i = 0; i < nats_.size(); ++i) {
            if (!counted[i]) {
                rest.push_back(nats_[i]);
                continue;
            }
            most += limits_[i]->connections;
            words += (words.empty() ? "" : "; ") + limits_[i]->in_words;
            tables.emplace_back(bj::object(
                {{"nat", s_.nats[nats_[i]].name}, {"table", json_count(limits_[i]->connections)}},
                memory_));
        }
        if (best_ && most >= best_->at_most) return true;
        const auto groups = groups_together(s_, reach_, inside_, rest);
        if (!groups) return false;
        std::vector<pairing> pairings;
        group_list list(s_, memory_);
        count sent = 0;
        for (const auto& g : *groups) {
            pairings.push_back(pair_up(g));
            sent += most_of(g, pairings.back());
            list.add(g, pairings.back());
        }
        most += sent;
        if (best_ && most >= best_->at_most) return true;
        joint_capacity found;
        if (best_) found = std::move(*best_);
        found.nats = nats_;
        found.at_most = most;
        bj::array names(memory_);
        for (const auto n : nats_) names.emplace_back(s_.nats[n].name);
        found.item = bj::object({{"nats", std::move(names)},
                                 {"at-most", json_count(most)},
                                 {"tables", std::move(tables)},
                                 {"groups", list.json()}},
                                memory_);
        auto short_of = rest.empty()
                            ? std::string()
                            : shortage_in_words(s_, *groups, pairings, scope_of(rest.front()));
        if (short_of.empty() && sent > 0)
            short_of = sockets_in_words(s_, clients_inside(inside_, rest));
        found.binds = words.empty() ? "ports" : "table";
        found.sets_it =
            words + (words.empty() || short_of.empty() ? "" : "; of the others: ") + short_of;
        if (lay) lay_out(*groups, pairings, found);
        best_ = std::move(found);
        return true;
    }

    scope_destination scope_of(std::size_t n) const {
        return readings_of(s_, reach_, nat_plan(s_.nats[n]), inside_[n]).above.scope.destination;
    }

    // Blocks of the groups, where no limit is on anything but connections: as they are matched, or
    // where mappings lie under several keys as endpoints are best shared.
    std::vector<block> laid(const std::vector<group>& groups,
                            const std::vector<pairing>& pairings) const {
        bool shared = true, matched = true;
        for (const auto n : nats_) {
            const nat_plan plan(s_.nats[n]);
            const auto readings = readings_of(s_, reach_, plan, inside_[n]);
            matched = matched && !readings.below;
            shared = shared && readings.overloaded;
            if (plan.mappings || plan.pairs() || quota_of(s_, reach_, plan, inside_[n]) ||
                s_.nats[n].mapping_limits.limit_subscribers)
                return {};
        }
        std::vector<block> out;
        if (matched)
            for (std::size_t g = 0; g < groups.size(); ++g) {
                auto some = blocks_of(groups[g], pairings[g], nats_.front());
                std::move(some.begin(), some.end(), std::back_inserter(out));
            }
        if (!shared) return out;
        const auto apart = groups_together(s_, reach_, inside_, nats_, true);
        if (!apart) return {};
        count enough = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) enough += most_of(groups[g], pairings[g]);
        return overloaded_blocks(s_, *apart, nat_plan(s_.nats[nats_.front()]).design.clash_scope,
                                 enough, nats_.front());
    }

    void lay_out(const std::vector<group>& groups, const std::vector<pairing>& pairings,
                 joint_capacity& out) const {
        std::vector<std::vector<block>> by_nat(s_.nats.size());
        for (auto& b : laid(groups, pairings)) by_nat[*b.nat].push_back(std::move(b));
        for (std::size_t i = 0; i < nats_.size(); ++i) {
            auto& mine = by_nat[nats_[i]];
            if (limits_[i]) keep_connections(mine, limits_[i]->connections);
            out.at_least += connections(mine);
            std::move(mine.begin(), mine.end(), std::back_inserter(out.blocks));
        }
    }

    const scenario& s_;
    const reach_table& reach_;
    const std::vector<std::vector<std::size_t>>& inside_;
    const std::vector<std::size_t>& nats_;
    const bj::storage_ptr& memory_;
    std::vector<std::optional<nat_limit>> limits_;
    std::optional<joint_capacity> best_;
};

}  // namespace

std::optional<joint_capacity> joint_maximum(const scenario& s, const reach_table& reach,
                                            const std::vector<std::vector<std::size_t>>& inside,
                                            const std::vector<std::size_t>& nats,
                                            const bj::storage_ptr& memory) {
    return finder(s, reach, inside, nats, memory).run();
}

}  // namespace natbound
