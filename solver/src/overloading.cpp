// Greedy sharing: kind by kind, each on the endpoints where it adds most.
#include "overloading.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "natbound/model/work.hpp"
#include "natbound/solver/classes.hpp"

namespace natbound {
namespace {

// More work than this (stretches looked at, times keys) is not done a second time.
constexpr std::size_t patience = 20'000'000;
constexpr std::size_t shuffles = 24;

// The external endpoints while kinds are put on them.
class board {
  public:
    board(const group& g, const key_table& table) : table_(table) {
        for (std::uint32_t e = 0; e < g.externals.size(); ++e)
            places_.push_back({{e, 0, g.externals[e].size(), {}},
                               std::vector<count>(table.sorts.size(), count(0))});
    }

    // Where it adds most first; of equals, where most sit already: what is free stays so for those
    // that can't share.
    void put(std::size_t kind) {
        struct choice {
            count gain;
            std::size_t place;
        };
        const auto& k = table_.kinds[kind];
        std::vector<choice> choices;
        for (std::size_t p = 0; p < places_.size(); ++p) {
            poll();
            const auto e = places_[p].at.external;
            if (std::find(k.open.begin(), k.open.end(), e) == k.open.end()) continue;
            count gain = 0;
            for (const auto& [sort, i] : table_.of_kind[kind]) {
                const auto& s = table_.sorts[sort];
                if (s.stakes[i].weight > places_[p].held[sort])
                    gain += s.keys * (s.stakes[i].weight - places_[p].held[sort]);
            }
            work_ += 1 + table_.of_kind[kind].size();
            if (gain > 0) choices.push_back({gain, p});
        }
        std::stable_sort(choices.begin(), choices.end(), [&](const choice& a, const choice& b) {
            return a.gain != b.gain
                       ? a.gain > b.gain
                       : places_[a.place].at.kinds.size() > places_[b.place].at.kinds.size();
        });
        count left = k.sockets;
        for (const auto& c : choices) {
            if (left == 0) break;
            if (left < places_[c.place].at.size) cut(c.place, left);
            auto& here = places_[c.place];
            left -= here.at.size;
            worth_ += c.gain * here.at.size;
            here.at.kinds.push_back(kind);
            for (const auto& [sort, i] : table_.of_kind[kind])
                here.held[sort] = std::max(here.held[sort], table_.sorts[sort].stakes[i].weight);
        }
    }

    const count& worth() const { return worth_; }
    std::size_t work() const { return work_; }
    std::vector<stretch> stretches() const {
        std::vector<stretch> out;
        for (const auto& p : places_)
            if (!p.at.kinds.empty()) out.push_back(p.at);
        return out;
    }

  private:
    struct place {
        stretch at;
        std::vector<count> held;  // by sort of key: the weight that is live there
    };

    void cut(std::size_t p, const count& size) {
        auto rest = places_[p];
        rest.at.first += size;
        rest.at.size -= size;
        places_[p].at.size = size;
        places_.push_back(std::move(rest));
    }

    const key_table& table_;
    std::vector<place> places_;
    count worth_ = 0;
    std::size_t work_ = 0;
};

// Sockets of other kinds that it meets, over all keys.
std::vector<count> met_by(const key_table& table) {
    std::vector<count> out(table.kinds.size(), count(0));
    for (const auto& sort : table.sorts) {
        count all = 0;
        for (const auto& one : sort.stakes) all += table.kinds[one.kind].sockets;
        for (const auto& one : sort.stakes)
            out[one.kind] += sort.keys * (all - table.kinds[one.kind].sockets);
    }
    return out;
}

class seeker {
  public:
    seeker(const group& g, const key_table& table, const count& enough)
        : g_(g), table_(table), enough_(enough) {}

    std::vector<stretch> run() {
        std::vector<std::size_t> order(table_.kinds.size());
        std::iota(order.begin(), order.end(), 0);
        const auto met = met_by(table_);
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return met[a] > met[b]; });
        if (met_enough(order)) return std::move(best_);
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
            return table_.kinds[a].sockets > table_.kinds[b].sockets;
        });
        std::mt19937 numbers(1);
        for (std::size_t k = 0; k < shuffles && work_ < patience; ++k) {
            if (met_enough(order)) break;
            for (std::size_t i = order.size(); i > 1; --i)
                std::swap(order[i - 1], order[numbers() % i]);
        }
        return std::move(best_);
    }

  private:
    bool met_enough(const std::vector<std::size_t>& order) {
        board b(g_, table_);
        for (const auto kind : order) b.put(kind);
        work_ += b.work();
        if (best_.empty() || b.worth() > worth_) {
            worth_ = b.worth();
            best_ = b.stretches();
        }
        return worth_ >= enough_;
    }

    const group& g_;
    const key_table& table_;
    const count& enough_;
    std::vector<stretch> best_;
    count worth_ = 0;
    std::size_t work_ = 0;
};

// Units of a kind, run after run.
class dealer {
  public:
    dealer(const group& g, const key_table& table) : g_(g), table_(table) {
        at_.resize(table.kinds.size());
    }

    // Blocks of the next units of the kind on the whole stretch.
    void lay(std::size_t kind, const stretch& on, const destination_list& to, const block& b,
             std::vector<block>& out) {
        auto& at = at_[kind];
        const auto target_of = std::make_shared<const target>(target{to, endpoints(to)});
        count done = 0;
        while (done < on.size) {
            const auto [c, r] = table_.kinds[kind].runs[at.run];
            const auto& run = g_.sources[c].runs[r];
            const count take = std::min<count>(on.size - done, run.units - at.used);
            if (take > 0 && !to.empty()) {
                block one = b;
                one.to = target_of;
                one.client = run.client;
                one.addresses = run.addresses;
                one.ports = run.ports;
                one.first = at.used;
                one.size = take;
                one.via_first = on.first + done;
                trim(one);
                out.push_back(std::move(one));
            }
            at.used += take;
            done += take;
            if (at.used == run.units && done < on.size) at = {at.run + 1, 0};
        }
    }

  private:
    struct progress {
        std::size_t run = 0;
        count used = 0;
    };
    const group& g_;
    const key_table& table_;
    std::vector<progress> at_;
};

// For each kind of a pattern, what its mappings carry: under each key the heaviest, of equals the
// first.
std::vector<destination_list> carried(const key_table& table,
                                      const std::vector<std::size_t>& kinds) {
    std::map<std::size_t, std::pair<std::size_t, const stake*>> winner;  // by sort
    for (std::size_t k = 0; k < kinds.size(); ++k)
        for (const auto& [sort, i] : table.of_kind[kinds[k]]) {
            const auto& mine = table.sorts[sort].stakes[i];
            auto& there = winner[sort];
            if (there.second == nullptr || mine.weight > there.second->weight) there = {k, &mine};
        }
    std::vector<destination_list> out(kinds.size());
    for (const auto& [sort, who] : winner)
        out[who.first].insert(out[who.first].end(), who.second->to.begin(), who.second->to.end());
    return out;
}

}  // namespace

count worth(const key_table& table, const std::vector<std::size_t>& kinds) {
    std::map<std::size_t, count> held;
    for (const auto kind : kinds)
        for (const auto& [sort, i] : table.of_kind[kind]) {
            auto& here = held[sort];
            here = std::max(here, table.sorts[sort].stakes[i].weight);
        }
    count out = 0;
    for (const auto& [sort, weight] : held) out += table.sorts[sort].keys * weight;
    return out;
}

count most_under_keys(const group& g, const key_table& table) {
    count room = 0, out = 0;
    for (const auto& e : g.externals) room += e.size();
    for (const auto& sort : table.sorts) {
        auto stakes = sort.stakes;
        std::stable_sort(stakes.begin(), stakes.end(),
                         [](const stake& a, const stake& b) { return a.weight > b.weight; });
        count left = room;
        for (const auto& one : stakes) {
            const count here = std::min(left, table.kinds[one.kind].sockets);
            out += sort.keys * one.weight * here;
            left -= here;
        }
    }
    return out;
}

std::vector<stretch> share_endpoints(const group& g, const key_table& table, const count& enough) {
    return seeker(g, table, enough).run();
}

std::vector<block> blocks_of(const group& g, const key_table& table,
                             const std::vector<stretch>& stretches, std::size_t nat) {
    std::vector<block> out;
    dealer deal(g, table);
    for (const auto& on : stretches) {
        const auto to = carried(table, on.kinds);
        for (std::size_t k = 0; k < on.kinds.size(); ++k) {
            block b;
            b.nat = g.externals[on.external].nat.value_or(nat);
            b.via_addresses = g.externals[on.external].addresses;
            b.via_ports = g.externals[on.external].ports;
            // a mapping of adm is of one address, and there are as many as keys of the group
            b.weight = endpoints(to[k]) / g.keys;
            deal.lay(on.kinds[k], on, to[k], b, out);
        }
    }
    return out;
}

std::vector<block> overloaded_blocks(const scenario& s, const std::vector<group>& groups,
                                     const clash_scope& scope, const count& enough,
                                     std::size_t nat) {
    const work_step sharing("letting mappings share external endpoints");
    std::vector<key_table> tables;
    std::vector<std::vector<stretch>> found;
    std::vector<count> reached;
    count total = 0;
    const auto worth_of = [](const key_table& t, const std::vector<stretch>& list) {
        count sum = 0;
        for (const auto& one : list) sum += one.size * worth(t, one.kinds);
        return sum;
    };
    for (const auto& g : groups) {
        tables.push_back(key_table_of(s, g, scope));
        // what one group's most is, is known where it is the only one
        const count here = groups.size() == 1 ? enough : most_under_keys(g, tables.back());
        found.push_back(share_endpoints(g, tables.back(), here));
        reached.push_back(worth_of(tables.back(), found.back()));
        total += reached.back();
    }
    try {
        for (std::size_t i = 0; i < groups.size() && total < enough; ++i) {
            const count here = std::min<count>(most_under_keys(groups[i], tables[i]),
                                               reached[i] + (enough - total));
            auto better = best_patterns(groups[i], tables[i], reached[i], here);
            if (better.empty()) continue;
            total -= reached[i];
            found[i] = std::move(better);
            total += worth_of(tables[i], found[i]);
        }
    } catch (const limit_reached&) {  // what was found is good
    }
    const work_pause winding_up;
    std::vector<block> out;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        auto some = blocks_of(groups[i], tables[i], found[i], nat);
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

}  // namespace natbound
