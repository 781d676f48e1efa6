// Whether a demand fits, with port sets.
//
// Client sets share nothing but the number of sets (and the table). With b sets a subscriber can
// carry a demand d (by server set) just if d(A) <= f_A(b) for every A, f_A its most towards the
// servers A alone: a maximum flow, so an integral polymatroid. So n subscribers with b_1, ..., b_n
// sets carry D just if D(A) <= f_A(b_1) + ... + f_A(b_n) for every A (integral polymatroids add
// up). f_A is concave in b (beyond the sets that every subscriber has anyway), so of all ways to
// deal y sets the even one is best for every A at once; the least y that will do is found by
// halving, and a minimum cut names an A that y - 1 sets do not carry. Where a mapping serves every
// destination of its protocol, the same holds of mappings by protocol.
#include <algorithm>
#include <map>

#include "natbound/model/port_sets.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/flow_network.hpp"
#include "paired_sets.hpp"
#include "port_sets.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// What is wanted of one kind: connections to a server set, or mappings of a protocol.
struct wish {
    std::vector<std::size_t> servers;
    count wanted;
    std::size_t most = 0;  // the server set that wants these mappings
};

// What subscribers may carry towards alike keys, and of which wish.
struct way {
    std::size_t wish, group;
    count each;  // under one key, of one subscriber
    destination_list to;
};

struct placed {
    bool fits = false;
    std::vector<std::size_t> closed;  // wishes that are too many, where it does not
    std::vector<dealt_subscribers> dealt;
};

class one_client {
  public:
    one_client(const scenario& s, const reach_table& reach, const nat& n, std::size_t client,
               const demand_list& mine)
        : s_(s),
          client_(client),
          subscribers_(s.clients[client].addresses.size()),
          room_(s, reach, n, {client}),
          groups_(room_.told_apart()),
          shared_(mapping() != mapping_type::edm) {
        for (const auto& p : mine)
            if (p.client == client) wish_for(p);
        for (std::size_t g = 0; g < groups_.size(); ++g) ways_of(g);
        if (n.static_mappings && !dealt_on_demand(*n.port_set))
            own_ = with_own_sets(n, numbered_subscribers(s, n), s.clients[client].addresses);
    }

    mapping_type mapping() const {
        const auto& r = room_.readings();
        return (r.below ? *r.below : r.above).mapping;
    }
    bool exact() const { return !room_.readings().below; }
    bool has_quota() const { return room_.quota().has_value(); }
    const std::string& why() const { return room_.readings().why; }
    std::size_t client() const { return client_; }
    const count& subscribers() const { return subscribers_; }
    count mappings() const {
        count out = 0;
        for (const auto& w : wishes_) out += w.wanted;
        return out;
    }

    // With so many sets, dealt evenly; where sets are deterministic and static mappings keep ports
    // of some, with their own.
    placed place(const count& sets) const {
        if (!own_.empty()) {
            std::vector<dealt_subscribers> classes;
            for (const auto& one : own_) classes.push_back({client_, one.addresses.size(), 1});
            return send(std::move(classes));
        }
        const count whole = sets / subscribers_, more = sets % subscribers_;
        std::vector<dealt_subscribers> classes;
        if (more > 0) classes.push_back({client_, more, whole + 1});
        if (whole > 0) classes.push_back({client_, subscribers_ - more, whole});
        return send(std::move(classes));
    }

    // The servers of a closed set, as a certificate names them.
    std::vector<std::size_t> named(const std::vector<std::size_t>& closed) const {
        std::vector<std::size_t> out;
        for (const auto w : closed) out.push_back(wishes_[w].most);
        std::sort(out.begin(), out.end());
        return out;
    }
    count wanted(const std::vector<std::size_t>& closed) const {
        count out = 0;
        for (const auto w : closed) out += wishes_[w].wanted;
        return out;
    }

  private:
    void wish_for(const pair_demand& p) {
        if (!shared_) {
            wishes_.push_back({{p.server}, p.connections, p.server});
            return;
        }
        const auto& v = s_.servers[p.server];
        const count towards = v.addresses.size() * v.ports.size();
        const count needed = (p.connections + towards - 1) / towards;
        for (auto& w : wishes_)
            if (s_.servers[w.most].protocol == v.protocol) {
                w.servers.push_back(p.server);
                if (needed > w.wanted) {
                    w.wanted = needed;
                    w.most = p.server;
                }
                return;
            }
        wishes_.push_back({{p.server}, needed, p.server});
    }

    std::optional<std::size_t> wish_of(std::size_t server) const {
        for (std::size_t w = 0; w < wishes_.size(); ++w)
            if (shared_ ? s_.servers[wishes_[w].most].protocol == s_.servers[server].protocol
                        : wishes_[w].most == server)
                return w;
        return std::nullopt;
    }

    void ways_of(std::size_t g) {
        const auto& group = groups_[g];
        std::map<std::size_t, std::pair<count, std::vector<std::size_t>>> found;  // by wish
        for (const auto& c : group.sources) {
            const std::size_t bundle = c.runs.front().to;
            const auto w = wish_of(group.bundles[bundle].front().server);
            if (!w) continue;
            auto& [each, bundles] = found[*w];
            each += c.mappings;
            for (const auto& run : c.runs)
                if (std::find(bundles.begin(), bundles.end(), run.to) == bundles.end())
                    bundles.push_back(run.to);
        }
        for (auto& [w, one] : found) {
            way out{w, g, one.first, {}};
            for (const auto b : one.second)
                out.to.insert(out.to.end(), group.bundles[b].begin(), group.bundles[b].end());
            ways_.push_back(std::move(out));
        }
    }

    // Wishes -> ways of each class of subscribers -> its keys -> the class, within its quota.
    placed send(std::vector<dealt_subscribers> classes) const {
        using node = flow_network<count>::node;
        const auto wishes = static_cast<node>(wishes_.size());
        const auto groups = static_cast<node>(groups_.size());
        const auto many = static_cast<node>(classes.size());
        const node source = 0, sink = 1, keys = 2 + wishes, own = keys + groups * many;
        flow_network<count> net(own + many);
        const count all = mappings();
        for (node w = 0; w < wishes; ++w) net.add_arc(source, 2 + w, wishes_[w].wanted);
        std::vector<flow_network<count>::arc> arcs;
        for (node k = 0; k < many; ++k) {
            const auto& cls = classes[k];
            for (const auto& w : ways_) {
                poll();
                const auto& g = groups_[w.group];
                arcs.push_back(net.add_arc(2 + static_cast<node>(w.wish),
                                           keys + k * groups + static_cast<node>(w.group),
                                           w.each * g.keys * cls.subscribers));
            }
            for (node g = 0; g < groups; ++g)
                net.add_arc(keys + k * groups + g, own + k,
                            groups_[g].keys * cls.subscribers *
                                room_.ports_for(groups_[g], cls.sets,
                                                own_.empty() ? std::vector<hole>()
                                                             : own_[k].layers.front().of->kept));
            net.add_arc(own + k, sink,
                        room_.quota() && !shared_ ? count(cls.subscribers * *room_.quota()) : all);
        }
        placed out;
        out.fits = net.augment(source, sink) == all;
        if (!out.fits) {
            const auto side = net.source_side(source);
            for (node w = 0; w < wishes; ++w)
                if (side[2 + w]) out.closed.push_back(w);
            return out;
        }
        for (node k = 0; k < many; ++k) {
            for (std::size_t w = 0; w < ways_.size(); ++w)
                if (const count here = net.flow(arcs[k * ways_.size() + w]); here > 0)
                    classes[k].flows.push_back({ways_[w].to, here});
            out.dealt.push_back(std::move(classes[k]));
        }
        return out;
    }

    const scenario& s_;
    std::size_t client_;
    count subscribers_;
    subscriber_room room_;
    std::vector<group> groups_;
    bool shared_;
    std::vector<wish> wishes_;
    std::vector<way> ways_;
    std::vector<subscriber_class> own_;
};

bj::object not_with(const scenario& s, const one_client& one,
                    const std::vector<std::size_t>& closed, const count& sets,
                    const bj::storage_ptr& memory) {
    bj::array to(memory);
    for (const auto v : one.named(closed)) to.emplace_back(s.servers[v].name);
    bj::object out(memory);
    out.emplace("client", s.clients[one.client()].name);
    out.emplace("to", std::move(to));
    out.emplace("sets", json_count(sets));
    return out;
}

std::string names_of(const scenario& s, const std::vector<std::size_t>& servers) {
    std::vector<std::string> out;
    for (const auto v : servers) out.push_back(s.servers[v].name);
    return listed(out);
}

}  // namespace

port_set_fit port_set_fits(const scenario& s, const reach_table& reach, std::size_t nat,
                           const std::vector<std::size_t>& inside, const demand_list& mine,
                           const bj::storage_ptr& memory) {
    const auto& n = s.nats[nat];
    port_set_fit out;
    const auto item = [&] {
        bj::object o(memory);
        o.emplace("nat", n.name);
        return o;
    };
    const natbound::nat whole = undealt(n);
    const nat_plan plan(whole);
    const count wanted = total_of(mine);
    if (const auto limit = limit_of(s, reach, plan, inside); limit && wanted > limit->connections) {
        out.verdict = fit_verdict::does_not_fit;
        out.why =
            limit->in_words + ", and " + grouped(wanted) + " connections are wanted through it";
        out.item = item();
        out.item.emplace("table", json_count(limit->connections));
        return out;
    }
    count subscribers = 0, needed = 0, mappings = 0;
    for (const auto c : inside) subscribers += s.clients[c].addresses.size();
    const auto supply = supply_of(n, subscribers);
    bj::array lacking(memory);
    bool exact = true;
    out.dealt = {nat, wanted, {}};
    std::string who;
    for (const auto c : inside) {
        if (std::none_of(mine.begin(), mine.end(), [&](const auto& p) { return p.client == c; }))
            continue;
        const one_client one(s, reach, n, c, mine);
        const bool shared = one.mapping() != mapping_type::edm;
        if ((shared && one.mapping() != mapping_type::eim) || (shared && one.has_quota())) {
            out.why =
                "how connections are to share mappings, with port sets, is not settled in "
                "this version";
            return out;
        }
        const count most = one.subscribers() * supply.each;
        if (const auto all = one.place(most); !all.fits) {
            if (!one.exact()) {
                out.why = one.why();
                return out;
            }
            out.verdict = fit_verdict::does_not_fit;
            const auto servers = one.named(all.closed);
            out.why = s.clients[c].name + " wants " + grouped(one.wanted(all.closed)) +
                      (shared ? " mappings for " : " connections to ") + names_of(s, servers) +
                      "; its " + grouped(one.subscribers()) + " addresses have " +
                      own_in_words(n, supply) + " each, which carry fewer";
            lacking.emplace_back(not_with(s, one, all.closed, most, memory));
            out.item = item();
            out.item.emplace("port-sets", std::move(lacking));
            return out;
        }
        const count anyway = one.subscribers() * supply.own;
        auto best = one.place(anyway);
        count high = anyway;
        if (!best.fits) {
            count low = anyway;  // too few
            high = most;
            while (high - low > 1) {
                const count middle = (low + high) / 2;
                (one.place(middle).fits ? high : low) = middle;
            }
            best = one.place(high);
            lacking.emplace_back(not_with(s, one, one.place(low).closed, low, memory));
            needed += high - anyway;
        }
        if (shared) mappings += one.mappings();
        exact = exact && one.exact();
        std::move(best.dealt.begin(), best.dealt.end(), std::back_inserter(out.dealt.subscribers));
        who += (who.empty() ? "" : ", ") + s.clients[c].name + " needs " +
               grouped(count(high - anyway));
    }
    if (needed > supply.shared) {
        out.why = n.name + " has " + shared_in_words(n, supply) + "; " + who;
        if (!exact) return out;
        out.verdict = fit_verdict::does_not_fit;
        out.item = item();
        out.item.emplace("port-sets", std::move(lacking));
        return out;
    }
    if (plan.mappings && mappings > *plan.mappings) {
        out.why = "within the limit on mappings of " + n.name + " no placing was found";
        return out;
    }
    if (pairs_sets(n)) {
        auto on = packed(out.dealt.subscribers, n);
        if (!on) {
            out.why = "no packing of the subscribers into the external addresses of " + n.name +
                      " was found (paired pooling, bin packing)";
            return out;
        }
        out.dealt.on = std::move(*on);
    }
    out.verdict = fit_verdict::fits;
    return out;
}

}  // namespace natbound
