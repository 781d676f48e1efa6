// Choosing the gates that bind, and laying out what all let through.
#include "gated.hpp"

#include <algorithm>
#include <limits>

#include "cascade_view.hpp"
#include "counted_limit.hpp"
#include "gate_words.hpp"
#include "maximum_as_demand.hpp"
#include "narrowed.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/ways_out.hpp"
#include "natbound/model/work.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Of so many gates that may bind every choice is tried.
constexpr std::size_t most_chosen = 6;

// Of each gate what it lets through: the first of its blocks, and of ports dealt out in sets.
void keep_gates(const std::vector<gate>& gates, const scenario& s, nat_capacity& out) {
    for (const auto& g : gates) {
        std::vector<block> counted, others;
        for (auto& b : out.blocks) {
            if (!g.servers.empty() && !g.counts(b.client, g.servers.front(), b.nat)) {
                others.push_back(std::move(b));
                continue;
            }
            std::vector<block> parts{b};
            if (g.protocol && b.spread) parts = unspread(b);
            for (auto& one : parts) {
                destination_list in, rest;
                for (const auto& item : one.to->list)
                    (g.counts(one.client, item.server) ? in : rest).push_back(item);
                const auto towards = [&](destination_list list, std::vector<block>& to) {
                    if (list.empty()) return;
                    if (list.size() < one.to->list.size()) {
                        target some{std::move(list), 0};
                        some.endpoints = endpoints(some.list);
                        auto part = part_of(one, std::make_shared<const target>(std::move(some)), 0,
                                            one.size);
                        part.weight = std::min(part.weight, part.to->endpoints);
                        to.push_back(std::move(part));
                    } else {
                        to.push_back(one);
                    }
                };
                towards(std::move(in), counted);
                towards(std::move(rest), others);
            }
        }
        count left = g.most - std::min<count>(g.most, connections(counted));
        keep_connections(counted, g.most);
        for (auto& n : out.dealt) {
            const auto& inside = s.nats[n.nat].inside;
            if (std::none_of(g.clients.begin(), g.clients.end(), [&](auto c) {
                    return g.counts(c, g.servers.front(), n.nat) &&
                           std::find(inside.begin(), inside.end(), s.clients[c].name) !=
                               inside.end();
                }))
                continue;
            n.connections = std::min(n.connections, left);
            left -= n.connections;
        }
        std::erase_if(out.dealt, [](const dealt_nat& n) { return n.connections == 0; });
        out.blocks = std::move(others);
        std::move(counted.begin(), counted.end(), std::back_inserter(out.blocks));
    }
    out.at_least = connections(out.blocks) + connections(out.dealt);
    out.mappings = connections(out.dealt);
    for (const auto& b : out.blocks) out.mappings += b.mappings();
}

class finder {
  public:
    finder(const scenario& s, const bj::storage_ptr& memory)
        : s_(s),
          memory_(memory),
          apart_(s),
          tables_(apart_),
          rest_(tables_.rest),
          reach_(reaches_of(rest_)),
          ways_(s.clients.size()) {
        for (const auto& g : tables_.gates)
            if (all_of(s, reach_, g) > g.most) gates_.push_back(g);
        for (std::size_t c = 0; c < s.clients.size(); ++c)
            for (std::size_t n = 0; n < rest_.nats.size(); ++n) {
                const auto& inside = rest_.nats[n].inside;
                if (std::find(inside.begin(), inside.end(), s.clients[c].name) != inside.end())
                    ways_[c].push_back(n);
            }
    }

    nat_capacity run() {
        nat_capacity out = maximum_blocks(rest_, memory_);
        auto laid = out;
        choose(out);
        take(out, std::move(laid));
        if (out.at_least < out.at_most) improve([&] { as_demand(out); });
        if (out.at_least < out.at_most) improve([&] { thinned(out); });
        if (out.at_least < out.at_most) improve([&] { around_gates(out); });
        name_tables(s_, apart_, out.sets_it);
        if (out.at_least == out.at_most)
            out.why_bounds.clear();
        else if (out.why_bounds.empty())
            out.why_bounds =
                "how what the firewalls and the limits of single protocols let "
                "through is best divided is not settled";
        for (auto& b : out.blocks) {
            if (b.nat) b.nat = apart_.nats[*b.nat];
            for (auto& h : b.before) h.nat = apart_.nats[h.nat];
        }
        for (auto& n : out.dealt) n.nat = apart_.nats[n.nat];
        return out;
    }

  private:
    // Sets of gates, none inside another that is counted already.
    void choose(nat_capacity& out) {
        const std::size_t n = gates_.size();
        if (n <= most_chosen) {
            for (std::size_t mask = 1; mask < std::size_t{1} << n; ++mask) {
                std::vector<bool> counted(n);
                for (std::size_t g = 0; g < n; ++g) counted[g] = (mask >> g & 1U) != 0;
                consider(counted, out);
            }
            return;
        }
        // one more at a time, as long as that helps
        std::vector<bool> best(n, false), all(n, true);
        consider(all, out);
        for (bool more = true; more;) {
            more = false;
            auto next = best;
            for (std::size_t g = 0; g < n; ++g) {
                if (best[g]) continue;
                auto counted = best;
                counted[g] = true;
                if (!consider(counted, out)) continue;
                next = std::move(counted);
                more = true;
            }
            best = std::move(next);
        }
    }

    bool within(const gate& a, const gate& b) const {
        return std::includes(b.clients.begin(), b.clients.end(), a.clients.begin(),
                             a.clients.end()) &&
               std::includes(b.servers.begin(), b.servers.end(), a.servers.begin(),
                             a.servers.end()) &&
               (b.on_every_way() ||
                (!a.on_every_way() &&
                 std::includes(b.ways.begin(), b.ways.end(), a.ways.begin(), a.ways.end())));
    }

    // Whether each connection of the pair, by this way (or by any), meets one of these.
    bool meets(const std::vector<bool>& counted, std::size_t c, std::size_t v,
               std::optional<std::size_t> way) const {
        for (std::size_t g = 0; g < gates_.size(); ++g)
            if (counted[g] && gates_[g].counts(c, v, way)) return true;
        return false;
    }
    bool meets(const std::vector<bool>& counted, std::size_t c, std::size_t v) const {
        if (ways_[c].empty()) return meets(counted, c, v, std::nullopt);
        return std::all_of(ways_[c].begin(), ways_[c].end(),
                           [&](auto n) { return meets(counted, c, v, n); });
    }

    // Whether these gates, and what meets none of them, are less than what was known.
    bool consider(const std::vector<bool>& counted, nat_capacity& out) {
        count most = 0;
        for (std::size_t a = 0; a < gates_.size(); ++a) {
            if (!counted[a]) continue;
            most += gates_[a].most;
            for (std::size_t b = 0; b < gates_.size(); ++b)
                if (a != b && counted[b] && within(gates_[a], gates_[b])) return false;
        }
        if (most >= out.at_most) return false;
        demand_list left;
        for (std::size_t c = 0; c < s_.clients.size(); ++c)
            for (std::size_t v = 0; v < s_.servers.size(); ++v) {
                if (reach_[c][v] && !meets(counted, c, v)) left.push_back({c, v, 1});
            }
        // ways by which all that is left of a client set meets one of them
        const way_test barred = [&](std::size_t c, std::size_t n) {
            return std::all_of(left.begin(), left.end(), [&](const pair_demand& p) {
                return p.client != c || meets(counted, c, p.server, n);
            });
        };
        nat_capacity others;
        try {
            if (!left.empty()) others = maximum_blocks(pairs_alone(rest_, left, barred), memory_);
        } catch (const limit_reached&) {
            throw;
        } catch (const unsupported&) {
            return false;
        }
        if (most + others.at_most >= out.at_most) return false;
        out.at_most = most + others.at_most;
        out.rough = others.rough;
        out.binds = "table";
        out.sets_it.clear();
        bj::array list(memory_);
        for (std::size_t g = 0; g < gates_.size(); ++g) {
            if (!counted[g]) continue;
            list.emplace_back(json_of(s_, gates_[g], memory_));
            out.sets_it += (out.sets_it.empty() ? "" : "; ") + in_words(s_, gates_[g]);
        }
        if (!left.empty()) out.sets_it += "; of what meets no such limit: " + others.sets_it;
        out.does_not_fit = left.empty() ? bj::object(memory_) : std::move(others.does_not_fit);
        out.does_not_fit["at-most"] = json_count(out.at_most);
        out.does_not_fit["gates"] = std::move(list);
        if (left.empty()) out.does_not_fit["nats"] = bj::array(memory_);
        binding_ = counted;
        return true;
    }

    void take(nat_capacity& out, nat_capacity laid, bool first = true) {
        keep_gates(apart_.gates, rest_, laid);
        if (!first && laid.at_least <= out.at_least) return;
        out.at_least = laid.at_least;
        out.mappings = laid.mappings;
        out.blocks = std::move(laid.blocks);
        out.dealt = std::move(laid.dealt);
    }

    // Ports and gates by one flow.
    void as_demand(nat_capacity& out) {
        if (clash_in_words(rest_)) return;  // of endpoints that are shared a flow knows nothing
        auto gates = gates_;                // how those on some ways alone are met is no flow's
        std::erase_if(gates, [](const gate& g) { return !g.on_every_way(); });
        auto blocks = laid_as_demand(rest_, gates);
        if (!blocks) return;
        nat_capacity laid;
        laid.blocks = std::move(*blocks);
        take(out, std::move(laid), false);
    }

    // Clients behind a gate with no more sockets than it lets through, so that they leave their
    // room to others.
    void thinned(nat_capacity& out) {
        scenario few = rest_;
        for (std::size_t g = 0; g < gates_.size(); ++g) {
            if (gates_[g].protocol || !gates_[g].on_every_way() || g >= binding_.size() ||
                !binding_[g])
                continue;
            const count all = all_of(s_, reach_, gates_[g]);
            for (const auto c : gates_[g].clients) {
                const auto& ports = s_.clients[c].ports;
                few.clients[c].ports =
                    ports.slice(0, (ports.size() * gates_[g].most + all - 1) / all);
            }
        }
        take(out, maximum_blocks(few, memory_), false);
    }

    // Spread clients by ways that no gate is on, and what is still wanted by the others.
    void around_gates(nat_capacity& out) {
        if (std::all_of(gates_.begin(), gates_.end(), [](auto& g) { return g.on_every_way(); }))
            return;
        scenario bare = rest_;
        std::vector<std::size_t> numbers;  // by NAT of `bare`
        bare.nats.clear();
        for (std::size_t n = 0; n < rest_.nats.size(); ++n) {
            nat one = rest_.nats[n];
            for (const auto& g : gates_) {
                if (g.on_every_way() || !std::binary_search(g.ways.begin(), g.ways.end(), n))
                    continue;
                for (const auto c : g.clients)
                    if (ways_[c].size() > 1) std::erase(one.inside, s_.clients[c].name);
            }
            if (one.inside.empty()) continue;
            bare.nats.push_back(std::move(one));
            numbers.push_back(n);
        }
        for (std::size_t c = 0; c < s_.clients.size(); ++c)  // all of whose ways have one
            if (!ways_[c].empty() &&
                std::none_of(bare.nats.begin(), bare.nats.end(), [&](const nat& n) {
                    return std::find(n.inside.begin(), n.inside.end(), s_.clients[c].name) !=
                           n.inside.end();
                }))
                return;
        auto laid = maximum_blocks(bare, memory_);
        for (auto& b : laid.blocks) {
            if (b.nat) b.nat = numbers[*b.nat];
            for (auto& h : b.before) h.nat = numbers[h.nat];
        }
        for (auto& n : laid.dealt) n.nat = numbers[n.nat];
        // and as many more as the gates let through
        scenario more = rest_;
        for (std::size_t n = 0; n < more.nats.size(); ++n) {
            count there = 0;
            bool met = false;
            for (const auto& b : laid.blocks)
                if (b.nat == n) there += b.connections();
            for (const auto& g : gates_)
                if (!g.on_every_way() && std::binary_search(g.ways.begin(), g.ways.end(), n)) {
                    there += g.most;
                    met = true;
                }
            auto& table = more.nats[n].connection_limits.limit_per_instance;
            if (met && there < table.value_or(std::numeric_limits<std::uint64_t>::max()))
                table = static_cast<std::uint64_t>(there);
        }
        take(out, std::move(laid), false);
        take(out, maximum_blocks(more, memory_), false);
    }

    template <class Work>
    static void improve(Work work) {
        try {
            work();
        } catch (const unsupported&) {
        }
    }

    const scenario& s_;
    bj::storage_ptr memory_;
    without_gates apart_;
    with_tables tables_;
    const scenario& rest_;
    reach_table reach_;
    std::vector<std::vector<std::size_t>> ways_;  // by client set: NATs of `rest_`
    std::vector<gate> gates_;                     // that may bind
    std::vector<bool> binding_;                   // of these, in the least bound
};

}  // namespace

nat_capacity gated_maximum(const scenario& s, const bj::storage_ptr& memory) {
    return finder(s, memory).run();
}

void with_gates(const scenario& s, const std::vector<gate>& gates, guaranteed_result& out) {
    const auto reach = reaches_of(s);
    for (const auto& g : gates) {
        if (all_of(s, reach, g) <= g.most) continue;
        const auto& n = s.nats[g.nat];
        const bool cuts =
            !g.protocol && n.design.pressure == pressure_kind::drop_least_recently_used;
        bj::object reason{{"reason", "state"}, {"nat", n.name}};
        if (g.protocol) reason["protocol"] = json_io::name_of(*g.protocol);
        count_limit(out, {g.most, "table", n.name, "any client inside " + n.name,
                          in_words(s, g) + (cuts ? "; the next connection cuts the one least "
                                                   "recently used"
                                                 : "; the next connection is refused"),
                          std::move(reason)});
    }
}

}  // namespace natbound
