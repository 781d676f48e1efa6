// The largest multiple of a demand that fits.
//
// Where every connection has a mapping of its own, each minimum cut names pairs and the room that
// there is for them all: Newton's method goes from cut to cut, each time to the multiple that the
// last one allows, which falls each time until no cut is broken. Elsewhere fits() is asked, by
// halving, of each part of the scenario that has nothing to do with the others.
#include <algorithm>
#include <functional>
#include <queue>

#include "contiguous.hpp"
#include "joint_nats.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/ways_out.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/independent.hpp"
#include "natbound/solver/maximum.hpp"
#include "pair_demand.hpp"
#include "server_room.hpp"
#include "subscribers.hpp"

namespace natbound {

namespace bj = boost::json;

fraction reduced(fraction f) {
    const count by = boost::multiprecision::gcd(f.numerator, f.denominator);
    if (by > 1) {
        f.numerator /= by;
        f.denominator /= by;
    }
    return f;
}

std::string to_string(const fraction& f) { return f.numerator.str() + "/" + f.denominator.str(); }

namespace {

// These pairs have room for so many connections together.
struct cut {
    std::vector<std::size_t> pairs;
    count room;
};

count times(const fraction& k, const count& n) { return k.numerator * n / k.denominator; }

// The first multiple past k at which a pair that wants n gains a connection.
fraction next_of(const fraction& k, const count& n) { return {times(k, n) + 1, n}; }

demand_list at(const demand_list& demand, const fraction& k) {
    demand_list out = demand;
    for (auto& p : out) p.connections = times(k, p.connections);
    return out;
}

// What is wanted by the multiples just below k > 0.
demand_list below(const demand_list& demand, const fraction& k) {
    demand_list out = demand;
    for (auto& p : out)
        p.connections = (k.numerator * p.connections + k.denominator - 1) / k.denominator - 1;
    return out;
}

// The least multiple that wants just this.
fraction least(const demand_list& demand, const demand_list& wanted) {
    fraction out;
    for (std::size_t i = 0; i < demand.size(); ++i)
        out = std::max(out, fraction{wanted[i].connections, demand[i].connections},
                       [](const fraction& a, const fraction& b) { return a < b; });
    return out;
}

// NATs that share clients, where every connection has a mapping of its own, so that a flow decides;
// most stand alone.
struct flow_nats {
    joint_nats as_one;
    std::vector<std::size_t> pairs;  // of the demand
};

fraction allowed(const demand_list& demand, const cut& c) {
    count wanted = 0;
    for (const auto i : c.pairs) wanted += demand[i].connections;
    return reduced({c.room, wanted});
}

// The least multiple that wants more than the room.
fraction breaks(const demand_list& demand, const cut& c) {
    const fraction start = allowed(demand, c);
    count left = c.room + 1;
    using next = std::pair<fraction, std::size_t>;
    const auto later = [](const next& a, const next& b) { return b.first < a.first; };
    std::priority_queue<next, std::vector<next>, decltype(later)> open(later);
    for (const auto i : c.pairs) {
        left -= times(start, demand[i].connections);
        open.push({next_of(start, demand[i].connections), i});
    }
    fraction last = start;
    for (; left > 0; --left) {  // at most as often as there are pairs
        const auto [k, i] = open.top();
        open.pop();
        last = k;
        open.push({{k.numerator + 1, k.denominator}, i});
    }
    return last;
}

class newton {
  public:
    // Nothing to be asked where some NAT is of another kind.
    newton(const scenario& s, const demand_list& demand) : demand_(demand) {
        for (std::size_t v = 0; v < s.servers.size() && decides_; ++v)
            decides_ = !enough_for_backends(s, v);
        // through a cascade the outer NATs' flows depend on where the inner ones place theirs
        if (is_cascade(s) || limits_subscribers(s) || clash_in_words(s) || keeps_pairs(s))
            decides_ = false;
        if (!decides_) return;
        const auto reach = reaches_of(s);
        const auto inside = inside_of(s);
        std::vector<std::vector<std::size_t>> of_client(s.clients.size());  // numbers of pairs
        for (std::size_t i = 0; i < demand.size(); ++i) {
            of_client[demand[i].client].push_back(i);
            const auto& c = s.clients[demand[i].client];
            const auto& v = s.servers[demand[i].server];
            simple_.push_back(
                {{i}, c.addresses.size() * c.ports.size() * v.addresses.size() * v.ports.size()});
        }
        const server_room room(s);
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            if (!room.limited(v)) continue;
            cut one{{}, *room.most(v)};
            for (std::size_t i = 0; i < demand.size(); ++i)
                if (demand[i].server == v) one.pairs.push_back(i);
            if (!one.pairs.empty()) simple_.push_back(std::move(one));
        }
        for (const auto& nats : nats_together(inside, s.nats.size())) {
            flow_nats one;
            for (const auto c : clients_inside(inside, nats))
                one.pairs.insert(one.pairs.end(), of_client[c].begin(), of_client[c].end());
            std::sort(one.pairs.begin(), one.pairs.end());
            if (one.pairs.empty()) continue;
            demand_list mine;
            for (const auto i : one.pairs) mine.push_back(demand[i]);
            auto found = as_one(s, reach, inside, nats, mine);
            decides_ = found.has_value();
            if (!decides_) break;
            one.as_one = std::move(*found);
            nats_.push_back(std::move(one));
        }
    }

    bool decides() const { return decides_; }

    // The largest multiple if connections could be split.
    fraction in_parts() {
        cut tightest = simple_.front();
        fraction k = allowed(demand_, tightest);
        const auto take = [&](cut c) {
            const auto its = allowed(demand_, c);
            if (!(its < k)) return;
            k = its;
            tightest = std::move(c);
        };
        for (const auto& c : simple_) take(c);
        for (const auto& n : nats_) {
            auto wanted = own(n);
            while (true) {
                for (std::size_t i = 0; i < wanted.size(); ++i)
                    wanted[i].connections = k.numerator * demand_[n.pairs[i]].connections;
                auto c = broken(n, wanted, k.denominator);
                if (!c) break;
                take(std::move(*c));
            }
        }
        simple_.push_back(std::move(tightest));
        return k;
    }

    // The least multiple that does not fit. `known`: one that does not, the least so far.
    fraction beyond(fraction& known) {
        fraction k = breaks(demand_, simple_.front());
        const auto take = [&](const cut& c) {
            k = std::min(k, breaks(demand_, c));
            known = std::min(known, k);
        };
        for (const auto& c : simple_) take(c);
        for (const auto& n : nats_)
            while (const auto c = broken(n, below(own(n), k), 1)) take(*c);
        return k;
    }

  private:
    // Of its pairs.
    demand_list own(const flow_nats& nat) const {
        demand_list out;
        for (const auto i : nat.pairs) out.push_back(demand_[i]);
        return out;
    }

    // `wanted`: of its pairs, in their order.
    static std::optional<cut> broken(const flow_nats& nat, const demand_list& wanted,
                                     const count& copies) {
        demand_list mine;
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (wanted[i].connections > 0) {
                mine.push_back(wanted[i]);
                which.push_back(nat.pairs[i]);
            }
        const auto flow = send(nat.as_one.groups, mine, copies, nat.as_one.limits);
        if (flow.fits) return std::nullopt;
        cut out{{}, flow.room / copies};
        for (std::size_t d = 0; d < mine.size(); ++d)
            if (flow.closed[d]) out.pairs.push_back(which[d]);
        return out;
    }

    const demand_list& demand_;
    std::vector<cut> simple_;
    std::vector<flow_nats> nats_;
    bool decides_ = true;
};

// By asking fits() alone: multiples of 1/d, d the largest number of a pair, then those at which
// other pairs gain a connection in between.
class halving {
  public:
    // `known`: what fits and what does not, the closest so far.
    halving(const scenario& s, const demand_list& demand, multiple_result& known)
        : s_(s), demand_(demand), known_(known) {
        for (const auto& p : demand) largest_ = std::max(largest_, p.connections);
    }

    void run() {
        const auto most = maximum(s_).at_most;
        count high = 1;
        while (total_of(at(demand_, {high, largest_})) <= most) high *= 2;
        const auto yes = edge(0, high, true), no = edge(0, high, false);
        const auto first = breakpoints(yes - 1), last = yes == no ? first : breakpoints(no - 1);
        known_.fits = inner(first, true);
        known_.beyond = inner(last, false);
    }

  private:
    static bool smaller(const fraction& a, const fraction& b) { return a < b; }

    bool holds(const fraction& k, bool certain) const {
        const auto v = fits(s_, at(demand_, k)).verdict;
        if (v == fit_verdict::fits) known_.fits = std::max(known_.fits, k, smaller);
        if (v == fit_verdict::does_not_fit) known_.beyond = std::min(known_.beyond, k, smaller);
        look_up();
        return certain ? v == fit_verdict::fits : v != fit_verdict::does_not_fit;
    }

    // The least j in (low, high] such that j / largest does not fit (or not for sure).
    count edge(count low, count high, bool certain) const {
        while (high - low > 1) {
            const count middle = (low + high) / 2;
            (holds({middle, largest_}, certain) ? low : high) = middle;
        }
        return high;
    }

    // Multiples from j / largest to (j + 1) / largest at which something changes, both ends
    // included.
    std::vector<fraction> breakpoints(const count& j) const {
        const fraction from{j, largest_}, to{j + 1, largest_};
        std::vector<fraction> out{from, to};
        for (const auto& p : demand_)
            if (const auto k = next_of(from, p.connections); k < to) out.push_back(k);
        std::sort(out.begin(), out.end());
        return out;
    }

    // The last that fits for sure; or the first that does not for sure.
    fraction inner(const std::vector<fraction>& points, bool certain) const {
        std::size_t low = 0, high = points.size() - 1;
        while (high - low > 1) {
            const std::size_t middle = (low + high) / 2;
            (holds(points[middle], certain) ? low : high) = middle;
        }
        return points[certain ? low : high];
    }

    const scenario& s_;
    const demand_list& demand_;
    multiple_result& known_;
    count largest_ = 1;
};

// The least multiple at which a pair wants more than its sockets.
fraction beyond_sockets(const scenario& s, const demand_list& demand) {
    std::optional<fraction> out;
    for (const auto& p : demand) {
        const auto& c = s.clients[p.client];
        const auto& v = s.servers[p.server];
        const count sockets =
            c.addresses.size() * c.ports.size() * v.addresses.size() * v.ports.size();
        const fraction k{sockets + 1, p.connections};
        if (!out || k < *out) out = k;
    }
    return *out;
}

void look_for(const scenario& s, const demand_list& demand, multiple_result& out);

// The least of the parts' multiples. One that carries all below the least that is known to be too
// much is not looked at further.
void least_of(const std::vector<independent_part>& parts, const demand_list& demand,
              multiple_result& out) {
    std::optional<fraction> certain;  // of the parts that are known between bounds
    for (const auto& part : parts) {
        const auto less = below(part.demand, out.beyond);
        if (fits(part.s, less).verdict == fit_verdict::fits) continue;
        look_up();
        multiple_result one;
        one.fits = {0, 1};
        one.beyond = beyond_sockets(part.s, part.demand);
        try {
            look_for(part.s, part.demand, one);
        } catch (const limit_reached&) {
            out.beyond = std::min(out.beyond, one.beyond);
            throw;
        }
        out.beyond = std::min(out.beyond, one.beyond);
        fraction next = one.beyond;
        for (const auto& p : part.demand) next = std::min(next, next_of(one.fits, p.connections));
        if (next < one.beyond) certain = certain ? std::min(*certain, one.fits) : one.fits;
    }
    out.fits = least(demand, below(demand, out.beyond));
    if (certain) out.fits = std::min(out.fits, *certain);
}

// What fits without the gates, and what these let through: a gate counts pairs alone, where it is
// on every way of its clients.
void look_past_gates(const scenario& s, const demand_list& demand, multiple_result& out) {
    const with_tables apart{without_gates(s)};
    if (!std::all_of(apart.gates.begin(), apart.gates.end(),
                     [](const gate& g) { return g.on_every_way(); })) {
        halving(s, demand, out).run();
        out.within = at(demand, out.fits);
        out.fits = least(demand, out.within);
        return;
    }
    look_for(apart.rest, demand, out);
    for (const auto& g : apart.gates) {
        cut c{{}, g.most};
        for (std::size_t i = 0; i < demand.size(); ++i)
            if (g.counts(demand[i].client, demand[i].server)) c.pairs.push_back(i);
        if (c.pairs.empty()) continue;
        if (out.in_parts) out.in_parts = std::min(*out.in_parts, allowed(demand, c));
        out.beyond = std::min(out.beyond, breaks(demand, c));
    }
    auto within = below(demand, out.beyond);
    const auto most = least(demand, within);
    if (out.fits < most) return;  // known between bounds
    out.fits = most;
    out.within = std::move(within);
}

// `out` is as close as is known, whenever it ends.
void look_for(const scenario& s, const demand_list& demand, multiple_result& out) {
    if (has_gates(s)) return look_past_gates(s, demand, out);
    newton flows(s, demand);
    if (flows.decides()) {
        out.in_parts = flows.in_parts();
        out.beyond = flows.beyond(out.beyond);
        out.within = below(demand, out.beyond);
        out.fits = least(demand, out.within);
    } else {
        const auto parts = independent_parts(s, demand);
        if (parts.size() > 1)
            least_of(parts, demand, out);
        else
            halving(s, demand, out).run();
        out.within = at(demand, out.fits);
        out.fits = least(demand, out.within);
    }
}

}  // namespace

std::optional<multiple_result> largest_multiple(const scenario& s, const demand_list& all) {
    demand_list demand = all;
    std::erase_if(demand, [](const pair_demand& p) { return p.connections == 0; });
    if (demand.empty()) return std::nullopt;
    multiple_result out;
    const work_step here("looking for the largest multiple that fits");
    out.fits = {0, 1};
    out.beyond = beyond_sockets(s, demand);
    try {
        look_for(s, demand, out);
    } catch (const limit_reached& why) {
        out.within = at(demand, out.fits);
        out.fits = reduced(least(demand, out.within));
        out.beyond = reduced(out.beyond);
        out.sets_it = why.what();
        return out;
    }
    out.fits = reduced(out.fits);
    out.beyond = reduced(out.beyond);
    fraction next{out.beyond};
    for (const auto& p : demand) next = std::min(next, next_of(out.fits, p.connections));
    out.exact = reduced(next) == out.beyond;
    auto yes = fits(s, out.within), no = fits(s, at(demand, out.beyond));
    out.sets_it = std::move(no.sets_it);
    if (yes.verdict != fit_verdict::fits || no.verdict != fit_verdict::does_not_fit) {
        out.exact = false;
        return out;
    }
    const auto memory = yes.evidence.storage();  // where the larger half lies already
    out.evidence = bj::object(memory);
    out.evidence.emplace("demand", to_json(demand, s, memory));
    out.evidence.emplace("connections", yes.evidence.at("connections"));
    out.evidence.emplace("multiple", to_string(out.fits));
    out.evidence.emplace("next", to_string(out.beyond));
    out.evidence.emplace("fits", std::move(yes.evidence));
    out.evidence.emplace("does-not-fit", std::move(no.evidence));
    return out;
}

}  // namespace natbound
