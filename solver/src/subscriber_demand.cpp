// Counting the client addresses that a demand needs.
#include "subscriber_demand.hpp"

#include <algorithm>
#include <map>

#include "blocks.hpp"
#include "joint_nats.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/work.hpp"
#include "pair_demand.hpp"
#include "subscribers.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

count divided_up(const count& a, const count& b) { return (a + b - 1) / b; }

// The client sets with a demand and the addresses that each needs at least, by index.
std::map<std::size_t, count> addresses_needed(const scenario& s,
                                              const std::vector<std::vector<std::size_t>>& inside,
                                              const demand_list& demand) {
    std::map<std::size_t, count> out, wanted;
    for (const auto& p : demand) {
        if (p.connections == 0) continue;
        const auto& v = s.servers[p.server];
        const count each = s.clients[p.client].ports.size() * v.addresses.size() * v.ports.size();
        out[p.client] = std::max(out[p.client], divided_up(p.connections, each));
        wanted[p.client] += p.connections;
    }
    // a quota at each way that an address may take
    std::map<std::size_t, std::optional<count>> quota;
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        for (const auto c : inside[n]) {
            const auto& own = s.nats[n].connection_limits.limit_per_subscriber;
            const auto [it, fresh] = quota.try_emplace(c, 0);
            if (it->second && own)
                *it->second += *own;
            else
                it->second.reset();
        }
    for (auto& [c, needed] : out)
        if (const auto it = quota.find(c); it != quota.end() && it->second && *it->second > 0)
            needed = std::max(needed, divided_up(wanted[c], *it->second));
    return out;
}

}  // namespace

std::optional<fit_result> passes_subscribers(const scenario& s, const demand_list& demand) {
    if (is_cascade(s)) return std::nullopt;
    const auto inside = inside_of(s);
    const auto needed = addresses_needed(s, inside, demand);
    std::vector<std::vector<std::size_t>> some;
    for (std::size_t n = 0; n < s.nats.size(); ++n) some.push_back({n});
    for (auto& nats : nats_together(inside, s.nats.size()))
        if (nats.size() > 1) some.push_back(std::move(nats));
    for (const auto& nats : some) {
        count most = 0;
        bool limited = true;
        for (const auto n : nats) {
            const auto& own = s.nats[n].mapping_limits.limit_subscribers;
            limited = limited && own;
            if (own) most += *own;
        }
        if (!limited) continue;
        std::map<std::size_t, std::size_t> ways;  // by client set, those among these NATs
        for (const auto n : nats)
            for (const auto c : inside[n]) ++ways[c];
        count subscribers = 0;
        for (const auto& [c, y] : needed) {
            std::size_t all = 0;
            for (std::size_t n = 0; n < s.nats.size(); ++n)
                all += static_cast<std::size_t>(std::count(inside[n].begin(), inside[n].end(), c));
            if (const auto it = ways.find(c); it != ways.end() && it->second == all)
                subscribers += y;
        }
        if (subscribers <= most) continue;
        std::string names;
        bj::array list;
        for (const auto n : nats) {
            names += (names.empty() ? "" : ", ") + s.nats[n].name;
            list.emplace_back(s.nats[n].name);
        }
        fit_result out;
        out.verdict = fit_verdict::does_not_fit;
        out.sets_it = names + (nats.size() == 1 ? " serves " : " serve together ") + grouped(most) +
                      " subscribers, and the demand needs " + grouped(subscribers) +
                      " client addresses at least";
        const bj::storage_ptr memory;
        bj::object served({{"nats", std::move(list)},
                           {"limit", json_count(most)},
                           {"addresses", json_count(subscribers)}});
        out.evidence = bj::object({{"nats", bj::array{}},
                                   {"direct", bj::array{}},
                                   {"served", std::move(served)},
                                   {"demand", to_json(demand, s, memory)}});
        return out;
    }
    return std::nullopt;
}

std::optional<scenario> with_few_subscribers(const scenario& s, const demand_list& demand) {
    const auto inside = inside_of(s);
    const auto needed = addresses_needed(s, inside, demand);
    std::map<std::size_t, count> wanted;
    for (const auto& p : demand) wanted[p.client] += p.connections;
    scenario out = s;
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        const auto most = subscribers_of(s, n, inside[n]);
        if (!most) continue;
        out.nats[n].mapping_limits.limit_subscribers.reset();
        count all = 0, left = *most;
        std::vector<std::size_t> order;
        for (const auto c : inside[n])
            if (const auto it = needed.find(c); it != needed.end()) {
                all += wanted[c];
                left -= it->second;
                order.push_back(c);
            }
        if (left < 0) return std::nullopt;
        // those that gain least from a part of what is left come first, so that it is dealt out
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
            return s.clients[a].addresses.size() < s.clients[b].addresses.size();
        });
        for (const auto c : order) {
            auto& addresses = out.clients[c].addresses;
            const count part = all > 0 ? divided_up(left * wanted[c], all) : count(0);
            const count here = std::min<count>(needed.at(c) + part, addresses.size());
            left -= std::max<count>(0, here - needed.at(c));
            all -= wanted[c];
            addresses = addresses.slice(0, here);
        }
    }
    return out;
}

}  // namespace natbound
