// Whether a demand fits: which of the ways to settle it a scenario takes.
#include <algorithm>

#include "cascade_view.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/ways_out.hpp"
#include "natbound/solver/maximum.hpp"
#include "pair_fit.hpp"
#include "parted_clients.hpp"
#include "server_room.hpp"
#include "subscribers.hpp"

namespace natbound {

namespace {

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
    if (is_cascade(s)) return fits_through_cascade(s, std::move(some));
    if (is_spread(s) || clash_in_words(s)) return joined_pairs(s, some);
    by_pairs all(s, std::move(some));
    if (!at.empty()) all.place_at(at);
    return all.run();
}

}  // namespace natbound
