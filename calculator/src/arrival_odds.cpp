// Summing over clients and their ports without visiting each.
#include "natbound/calculator/arrival_odds.hpp"

#include <algorithm>

#include "bit_rows.hpp"
#include "natbound/model/error.hpp"
#include "ones_less.hpp"

namespace natbound::calculator {

arrival_odds::arrival_odds(const simulation& s, std::size_t first) : first_(first) {
    const auto& input = s.input();
    const auto& setup = s.table().setup();
    const nat_plan& plan = *setup.plan;
    if (setup.scopes != 1 || (setup.ranks > 1 && !plan.design.pool.fallback))
        throw unsupported(
            "the odds of an arrival are worked out for one clash scope and one address at a time");
    class_of_.assign(port_count, 0);
    for (const auto& group : input.clients) {
        port_words ports{};
        for (const auto& part : group.ports.set().parts())
            for (port p = part.first; p <= part.last; ++p) {
                ports[p / 64] |= std::uint64_t{1} << (p % 64);
                const auto* range = &plan.class_of(p);
                const bool preserved = plan.preserves(p);
                std::size_t c = 0;
                while (c < classes_.size() &&
                       !(classes_[c].range == range && classes_[c].preserved == preserved))
                    ++c;
                if (c == classes_.size()) {
                    classes_.emplace_back();
                    classes_[c].range = range;
                    classes_[c].preserved = preserved;
                }
                classes_[c].ports[p / 64] |= std::uint64_t{1} << (p % 64);
                class_of_[p] = static_cast<std::uint8_t>(c);
            }
        group_ports_.push_back(ports);
    }
    for (const auto& c : classes_)
        searches_.emplace_back(plan, *c.range, !c.preserved, c.preserved);
    const std::size_t destinations = input.table.destinations.size();
    rates_.assign(input.clients.size() * destinations, 0);
    for (std::size_t i = first_; i < input.streams.size(); ++i) {
        add_rates(s, i, input.streams[i].rate);
        poisson_ = poisson_ && input.streams[i].arrives.law == arrival_law::poisson;
    }
    for (const auto& d : input.table.destinations)
        tcp_[d.protocol == transport::tcp ? 1 : 0] = true;
    offered_.resize(input.kinds);
    failing_.resize(input.kinds);
}

void arrival_odds::add_rates(const simulation& s, std::size_t i, double rate) {
    const auto& stream = s.input().streams[i];
    double sum = 0;
    for (const double w : stream.weights) sum += w;
    for (std::size_t d = 0; d < stream.destinations.size(); ++d)
        rates_[stream.group * s.input().table.destinations.size() + stream.destinations[d]] +=
            rate * (stream.weights.empty() ? 1.0 / static_cast<double>(stream.destinations.size())
                                           : stream.weights[d] / sum);
}

void arrival_odds::read(simulation& s) {
    if (!poisson_) {
        std::fill(rates_.begin(), rates_.end(), 0);
        for (std::size_t i = first_; i < s.input().streams.size(); ++i) {
            const auto& stream = s.input().streams[i];
            const double level = s.level(i);
            if (stream.arrives.law != arrival_law::batches && level > 0)
                add_rates(s, i, stream.rate * level);
        }
    }
    read_with(s);
}

void arrival_odds::read(simulation& s, std::size_t stream) {
    std::fill(rates_.begin(), rates_.end(), 0);
    add_rates(s, stream, 1);
    read_with(s);
}

void arrival_odds::read_with(simulation& s) {
    std::fill(offered_.begin(), offered_.end(), 0);
    std::fill(failing_.begin(), failing_.end(), 0);
    read_cells(s);
    if (s.sockets().bits(0))
        few_pairs(s);
    else
        many_pairs(s);
}

// The search's part: over all addresses, the draws multiply and the fixed probes must all be busy.
void arrival_odds::read_cells(const simulation& s) {
    const auto& table = s.table();
    const auto& reuse = table.setup().plan->design.reuse;
    blocked_.fill(~std::uint64_t{0});
    for (std::size_t i = 0; i < classes_.size(); ++i) {
        auto& c = classes_[i];
        c.odds[0] = c.odds[1] = 1;
        for (std::uint32_t rank = 0; rank < table.setup().ranks; ++rank) {
            const port_bits& bits = table.cell(0, rank);
            for (int tcp = 0; tcp < 2; ++tcp) {
                if (!tcp_[tcp] || c.odds[tcp] == 0) continue;
                const bool same =
                    tcp == 1 && tcp_[0] && !(table.setup().takes_over && bits.any_closing());
                if (!same)
                    searches_[i].read(bits, {table.setup().takes_over && tcp == 1, reuse.chance});
                c.odds[tcp] *= searches_[i].drawn(c.preserved);
            }
            if (!c.may_fail(tcp_) || (!c.preserved && !searches_[i].starts_at_own())) continue;
            const port_words& own = searches_[i].own(c.preserved);
            for (std::size_t w = 0; w < blocked_.size(); ++w) {
                std::uint64_t busy = ~std::uint64_t{0};
                if (c.preserved) busy &= bits.busy_words()[w];
                if (searches_[i].starts_at_own()) busy &= own[w];
                blocked_[w] &= busy | ~c.ports[w];
            }
        }
    }
}

// Of a group's source ports, those of each class whose fixed probes are busy.
void arrival_odds::read_group(std::size_t group) {
    const port_words& all = group_ports_[group];
    for (auto& c : classes_) {
        std::size_t end = 0;
        c.first = all.size();
        for (std::size_t w = 0; c.may_fail(tcp_) && w < all.size(); ++w) {
            c.failing[w] = all[w] & c.ports[w] & blocked_[w];
            if (c.failing[w] == 0) continue;
            c.first = std::min(c.first, w);
            end = w + 1;
        }
        c.words = end > c.first ? end - c.first : 0;
        c.all = c.words > 0 ? detail::ones_less(c.failing.data() + c.first, nullptr, c.words) : 0;
    }
}

// The sum, over the group's source ports (but these), of the probability to fail.
double arrival_odds::failing_ports(const std::uint64_t* but, bool tcp) const {
    double sum = 0;
    for (const auto& c : classes_) {
        const double odds = c.odds[tcp ? 1 : 0];
        if (odds == 0 || c.words == 0) continue;
        const std::uint64_t* here = c.failing.data() + c.first;
        const auto left = but ? detail::ones_less(here, but + c.first, c.words) : c.all;
        sum += odds * static_cast<double>(left);
    }
    return sum;
}

// Of each pair the live flows, and of those whose source ports fail, by class: where that is less
// work than to go through the ports of each. Says whether it is.
bool arrival_odds::count_used(const simulation& s) {
    constexpr double words_a_flow = 8;  // what a flow takes in time
    if (std::none_of(classes_.begin(), classes_.end(),
                     [&](const auto& c) { return c.may_fail(tcp_); }))
        return false;
    const auto& input = s.input();
    double words = 0;
    for (const auto& group : input.clients)
        if (group.law == source_port_law::uniform)
            words += static_cast<double>(group.count) * group.ports.size() / 64;
    words *= static_cast<double>(input.table.destinations.size());
    if (s.table().ids() * words_a_flow > words) return false;
    live_.assign(s.sockets().pairs(), 0);
    failing_used_.assign(live_.size() * classes_.size(), 0);
    for (std::uint32_t id = 0; id < s.table().ids(); ++id) {
        const live_flow& f = s.table().flow(id);
        if (f.state == flow_state::gone) continue;
        ++live_[f.pair];
        if ((blocked_[f.source / 64] >> (f.source % 64) & 1U) != 0)
            ++failing_used_[f.pair * classes_.size() + class_of_[f.source]];
    }
    return true;
}

// Where something else keeps ports of the pair (a connection that waits to be tried again) the live
// flows are not all.
double arrival_odds::failing_of_pair(const simulation& s, std::uint32_t pair, bool tcp) const {
    if (live_.empty() || live_[pair] != s.sockets().count(pair))
        return failing_ports(s.sockets().bits(pair)->data(), tcp);
    double sum = 0;
    for (std::size_t c = 0; c < classes_.size(); ++c)
        sum += classes_[c].odds[tcp ? 1 : 0] *
               static_cast<double>(classes_[c].all - failing_used_[pair * classes_.size() + c]);
    return sum;
}

double arrival_odds::failing_port(port p, bool tcp) const {
    if ((blocked_[p / 64] >> (p % 64) & 1U) == 0) return 0;
    return classes_[class_of_[p]].odds[tcp ? 1 : 0];
}

void arrival_odds::add(const simulation& s, std::uint32_t group, std::uint32_t destination,
                       double offering, double odds) {
    const std::size_t at = group * s.input().table.destinations.size() + destination;
    const std::uint32_t kind = s.input().kind_of[at];
    offered_[kind] += rates_[at] * offering;
    failing_[kind] += rates_[at] * odds;
}

void arrival_odds::few_pairs(simulation& s) {
    const auto& input = s.input();
    const auto destinations = static_cast<std::uint32_t>(input.table.destinations.size());
    if (!count_used(s)) live_.clear();
    for (std::uint32_t g = 0; g < input.clients.size(); ++g) {
        const auto& group = input.clients[g];
        read_group(g);
        for (std::uint32_t d = 0; d < destinations; ++d) {
            if (rates_[g * std::size_t{destinations} + d] == 0) continue;
            const bool tcp = input.table.destinations[d].protocol == transport::tcp;
            double offering = 0, odds = 0;
            for (std::uint32_t client = group.first; client < group.first + group.count; ++client) {
                const std::uint32_t pair = client * destinations + d;
                const std::uint32_t open = group.ports.size() - s.sockets().count(pair);
                if (open == 0) continue;
                offering += 1;
                if (group.law == source_port_law::uniform) {
                    odds += failing_of_pair(s, pair, tcp) / open;
                } else {
                    std::uint32_t steps = 0;
                    odds += failing_port(s.next_port(group, client, d, steps), tcp);
                }
            }
            add(s, g, d, offering / group.count, odds / group.count);
        }
    }
}

// Many pairs of a client and a destination, each with few flows: all ports, less those in use,
// which are those of the live flows.
void arrival_odds::many_pairs(simulation& s) {
    const auto& input = s.input();
    const auto destinations = static_cast<std::uint32_t>(input.table.destinations.size());
    const std::size_t places = input.clients.size() * destinations;
    std::vector<double> share(places), but(places),
        none_open(places);  // sums over clients, see below
    // That a client's used ports are not among those it takes counts for less than one part in a
    // thousand where it uses less than one in a thousand: then they need not be gone through.
    double fewest = 0;
    for (const auto& group : input.clients) fewest = std::max(fewest, 1.0 / group.ports.size());
    const bool exact = static_cast<double>(s.table().live()) / s.sockets().pairs() * fewest > 1e-3;
    const auto group_of = [&](std::uint32_t client) {
        std::size_t g = 0;
        while (client >= input.clients[g].first + input.clients[g].count) ++g;
        return g;
    };
    for (std::uint32_t id = 0; exact && id < s.table().ids(); ++id) {
        const live_flow& f = s.table().flow(id);
        if (f.state == flow_state::gone) continue;
        const std::uint32_t client = f.pair / destinations, d = f.pair % destinations;
        const std::size_t g = group_of(client);
        const double all = input.clients[g].ports.size();
        const double used = s.sockets().count(f.pair);
        const std::size_t at = g * destinations + d;
        // A client with `used` of `all` ports in use takes each free one with probability 1/(all -
        // used).
        if (used < all) {
            share[at] += (1 / (all - used) - 1 / all) / used;
            but[at] +=
                failing_port(f.source, input.table.destinations[d].protocol == transport::tcp) /
                (all - used);
        } else {
            share[at] -= 1 / all / used;
            none_open[at] += 1 / used;
        }
    }
    for (std::uint32_t g = 0; g < input.clients.size(); ++g) {
        const auto& group = input.clients[g];
        read_group(g);
        for (std::uint32_t d = 0; d < destinations; ++d) {
            const std::size_t at = g * std::size_t{destinations} + d;
            if (rates_[at] == 0) continue;
            const bool tcp = input.table.destinations[d].protocol == transport::tcp;
            const double clients = group.count;
            if (group.law != source_port_law::uniform) {
                add(s, g, d, 1 - none_open[at] / clients, sampled(s, group, d));
                continue;
            }
            const double all = failing_ports(nullptr, tcp);
            const double odds =
                all * (1.0 / group.ports.size() + share[at] / clients) - but[at] / clients;
            add(s, g, d, 1 - none_open[at] / clients, std::max(0.0, odds));
        }
    }
}

// The mean over some clients, drawn: without bias.
double arrival_odds::sampled(simulation& s, const client_group& group, std::uint32_t destination) {
    constexpr int draws = 64;
    const bool tcp = s.input().table.destinations[destination].protocol == transport::tcp;
    double sum = 0;
    for (int i = 0; i < draws; ++i) {
        const auto client = group.first + static_cast<std::uint32_t>(s.random().draw(group.count));
        std::uint32_t steps = 0;
        const port p = s.next_port(group, client, destination, steps);
        if (p != port_count) sum += failing_port(p, tcp);
    }
    return sum / draws;
}

}  // namespace natbound::calculator
