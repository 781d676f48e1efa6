// A demand through a cascade, stage by stage.
#include <algorithm>
#include <map>

#include "cascade_columns.hpp"
#include "cascade_view.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "pair_fit.hpp"
#include "port_set_laying.hpp"
#include "thinner_inside.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

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
        for (const auto& way : sure ? thinner_inside(s_) : std::vector<scenario>()) {
            blocks_.clear();
            try {
                if (!place(way)) continue;
            } catch (const unsupported& e) {
                why_ = e.what();
                continue;
            }
            own.blocks() = std::move(blocks_);
            if (own.within_servers()) return own.fitting();
            why_ = own.why();
        }
        auto all = more_than_maximum(s_, own_);
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

    // Through this scenario, which places no more than the one that is asked about.
    bool place(const scenario& s) {
        const auto inside = inside_of(flat_);
        std::vector<std::vector<block>> placed(s.nats.size());
        for (const auto n : inner_first(s_)) {
            std::vector<std::size_t> clients;
            std::vector<block> sent;
            for (const auto c : inside[n])
                if (const auto m = stage_of(flat_, c); m == s.nats.size())
                    clients.push_back(c);
                else
                    for (const auto& b : placed[m]) columns_for(b, s.nats[m], s.nats[n], sent);
            if (!place_at(s, n, clients, sent, placed[n])) return false;
            if (outer_[n] == s.nats.size())
                std::move(placed[n].begin(), placed[n].end(), std::back_inserter(blocks_));
        }
        for (const auto c : inside.back()) {
            demand_list direct;
            for (const auto& p : own_)
                if (p.client == c) direct.push_back(p);
            by_pairs routed(s, reaches_of(s), {}, std::move(direct));
            if (!routed.routed(c)) return false;
            std::move(routed.blocks().begin(), routed.blocks().end(), std::back_inserter(blocks_));
        }
        return true;
    }

    bool place_at(const scenario& s, std::size_t n, const std::vector<std::size_t>& clients,
                  const std::vector<block>& sent, std::vector<block>& out) {
        const cascade_view view(s, n, clients, sent);
        std::vector<std::size_t> all(view.seen().clients.size());
        for (std::size_t c = 0; c < all.size(); ++c) all[c] = c;
        if (s.nats[n].port_set) {
            const auto wanted = view.demand(own_);
            auto found = placed_in_sets(view.seen(), view.reach(), 0, all,
                                        numbered_subscribers(s_, s_.nats[n]), wanted,
                                        bj::make_shared_resource<bj::monotonic_resource>());
            if (!found) {
                why_ = "no placing in the port sets of " + s_.nats[n].name + " was found";
                return false;
            }
            nat_capacity kept;
            kept.blocks = std::move(*found);
            keep_limits(kept, s.nats[n]);
            out = view.named_back(kept.blocks);
            return connections(out) == total_of(wanted);
        }
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

}  // namespace

fit_result fits_through_cascade(const scenario& s, demand_list demand) {
    return cascaded_pairs(s, std::move(demand)).run();
}

}  // namespace natbound
