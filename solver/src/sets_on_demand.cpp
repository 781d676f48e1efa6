// Sets are kept by as little as one connection each, so the fewest live connections are often those
// with which every set is somebody's, and a subscriber without one wants one.
//
// A connection that fails finds the sets of its subscriber full, its own and j that were dealt on
// demand: at least h live in each, h being the fewest endpoints that a search in one set tries. And
// it gets no other set, since its subscriber has as many as it may (j is the most), or since all
// are dealt, each kept by one connection at least. To be dealt one a subscriber has h live in each
// that it holds, towards one clash-scope key; so no subscriber holds more than its sockets there
// allow, and those of all others together leave at least j to the one who fails.
//
// Under paired pooling the sets of one external address are all that its subscriber gets: the
// others need keep no more than those. Without one it goes on to another address, or (no fallback)
// fails with the sets of the one that it was given.
#include "sets_on_demand.hpp"

#include <algorithm>
#include <set>

#include "natbound/model/error.hpp"
#include "port_set_guaranteed.hpp"
#include "set_holding.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;
using namespace detail;

constexpr std::uint64_t most_stepped = 300'000;

// What any one address of a client set can do.
struct subscriber {
    const client_set* clients = nullptr;
    std::vector<actor> towards;  // the destinations under the clash-scope key that has the most
    count sockets = 0;           // sockets there, or its quota
    std::optional<count> own;    // the fewest live with which a search in its own set fails (0
                                 // where it has none); nothing: none ever does
    std::optional<count> each;   // the same in a set on demand
    count most = 0;              // sets on demand that it can hold

    // With so many sets of its own on demand full: what is live there at least.
    count live(const count& sets) const { return *own + (sets == 0 ? count(0) : sets * *each); }
    bool can_fill(const count& sets) const {
        return own && (sets == 0 || each) && sockets > live(sets);
    }
};

// How a connection fails with the fewest live: whose, with how many sets on demand; and how many
// the others hold, all that are left (0: it has as many as it may have).
struct least_failure {
    const subscriber* who = nullptr;
    count live = 0, sets = 0, others = 0;
};

class on_demand {
  public:
    on_demand(const scenario& s, const nat& n, const std::function<void()>& interrupt)
        : s_(s), n_(n), stepped_(n), layout_(n), interrupt_(interrupt) {
        stepped_.design.pressure = pressure_kind::refuse;  // what would be cut ends a history, too
        const auto& rule = *n.port_set;
        shared_ = layout_.shared_sets();
        each_ = std::min<count>(shared_, rule.dynamic ? rule.dynamic->port_sets_per_subscriber
                                                      : rule.port_sets_per_subscriber);
        for (const auto* c : inside(s, n)) all_.push_back(read(*c));
        for (const auto& one : all_) held_ += one.most * one.clients->addresses.size();
    }

    guaranteed_result run() {
        guaranteed_result out;
        out.nat = n_.name;
        const auto least = find();
        if (!least) {
            out.nothing_fails = true;
            out.binds = "nothing";
            out.evidence["lower-bound"] =
                bj::object{{"reason", "nothing-fails"}, {"why", "sockets"}};
            out.sets_it =
                "no new connection can fail: there are ports and port sets for all who can want "
                "some";
            return out;
        }
        out.at_least = least->live;
        out.binds = "ports";
        history(*least, out);
        if (!out.at_most)
            out.sets_it = "no new connection fails with fewer than " + grouped(out.at_least) +
                          " live; no history that makes one fail was found";
        else if (*out.at_most == out.at_least)
            out.connections = out.at_most;
        return out;
    }

  private:
    std::optional<least_failure> find() const {
        std::optional<least_failure> out;
        const auto consider = [&](const least_failure& one) {
            if (!out || one.live < out->live) out = one;
        };
        const bool paired = pairs_sets(n_), fallback = n_.design.pool.fallback;
        const count here = paired ? count(layout_.on_an_address()) : shared_;
        for (const auto& one : all_) {
            if (one.can_fill(each_)) consider({&one, one.live(each_), each_, 0});
            const count others = held_ - one.most;
            const auto all_of = [&](const count& sets, const count& least) {
                const count left = std::max<count>(least, others >= sets ? 0 : sets - others);
                if (left <= each_ && left <= sets && one.can_fill(left))
                    consider({&one, one.live(left) + (sets - left), left, sets - left});
            };
            all_of(here, paired && fallback ? 1 : 0);
            if (paired && fallback && others >= shared_) all_of(shared_, 0);
        }
        return out;
    }

    // The fewest live with which a search of one address fails in one of these sets.
    std::optional<count> fewest(const client_set& c, const std::vector<dealt_set>& sets) {
        std::set<set_shape> seen;
        std::optional<count> least;
        for (const auto& set : sets) {
            if (!seen.insert(shape_of(n_, c, set)).second) continue;
            interrupt_();
            const scenario one = alone(c, set);
            const nat_plan plan(one.nats.front());
            const auto found = least_of_search(one, plan, sequences_, interrupt_).result;
            if (!found.nothing_fails)
                least = std::min(least.value_or(found.at_least), found.at_least);
        }
        return least;
    }

    // An address behind the NAT that a set is to it.
    scenario alone(const client_set& c, const dealt_set& set) const {
        auto out = behind_set(s_, n_, c, c.addresses.at(0), set);
        out.nats.front().connection_limits = {};
        return out;
    }

    subscriber read(const client_set& c) {
        subscriber out;
        out.clients = &c;
        const scenario one = alone(c, layout_.shared_at(0));
        const nat_plan plan(one.nats.front());
        for (const auto& where : arenas(one, plan, std::uint64_t{1} << 32U)) {
            count sockets = 0;
            for (const auto& a : where.actors) sockets += a.sockets();
            if (sockets <= out.sockets) continue;
            out.sockets = sockets;
            out.towards.clear();
            for (const auto& a : where.actors)
                for (const auto& v : s_.servers)
                    if (v.name == a.server->name)
                        out.towards.push_back({&c, c.addresses.at(0), &v, a.destination});
        }
        if (const auto quota = n_.connection_limits.limit_per_subscriber)
            out.sockets = std::min<count>(out.sockets, *quota);
        std::vector<dealt_set> own, shared;
        if (n_.port_set->dynamic) {
            for (std::uint64_t k = 0; k < layout_.dynamic_on_an_address(); ++k)
                shared.push_back(layout_.dynamic_at(k));
            const count number = first_subscriber(s_, n_, c);
            const auto many =
                saturated(std::min<count>(c.addresses.size(), layout_.on_an_address()));
            for (std::uint64_t i = 0; i < many; ++i) own.push_back(layout_.at(number + i));
            out.own = fewest(c, own);
        } else {
            for (std::uint64_t k = 0; k < layout_.on_an_address(); ++k)
                shared.push_back(layout_.at(k));
            out.own = 0;
        }
        out.each = fewest(c, shared);
        if (out.can_fill(0))
            out.most = !out.each || *out.each == 0
                           ? std::min<count>(each_, out.each ? each_ : count(1))
                           : std::min<count>(each_, 1 + (out.sockets - *out.own - 1) / *out.each);
        return out;
    }

    // The failing one fills its sets, the others keep all that are left, and it tries once more.
    void history(const least_failure& least, guaranteed_result& out) const {
        const auto& rule = *n_.port_set;
        const count own = rule.deterministic ? rule.port_set_size : 0;
        const count size = rule.dynamic ? rule.dynamic->port_set_size : rule.port_set_size;
        const count full = own + least.sets * size;
        if (full > most_stepped || shared_ > most_stepped) return;
        trace_writer writer;
        port_set_table table(s_, stepped_);
        const auto& towards = least.who->towards;
        const ip_address failing = towards.front().address;
        // the others first, so that no more are live on the way than a table may hold at the end
        if (!keep_all(saturated(least.others), failing, own, size, table, writer)) return;
        set_holding who(stepped_, table, writer);
        if (!who.open_all(towards, saturated(full))) return;
        if (table.sets_of(failing) != least.sets + (rule.deterministic ? 1 : 0)) return;
        if (who.open_all(towards, 1) || !who.refused()) return;
        const auto& f = *who.refused();
        out.at_most = table.live();
        out.failing = f.who.from_to(f.source);
        const std::string whose =
            least.sets == 0 && !rule.deterministic
                ? "has none"
                : "has used up its " + (rule.deterministic ? "own ports" : std::string()) +
                      (rule.deterministic && least.sets > 0 ? " and " : "") +
                      (least.sets > 0
                           ? grouped(least.sets) + (least.sets == 1 ? " port set" : " port sets")
                           : std::string());
        out.sets_it = "with " + grouped(*out.at_most) + " live, " + out.failing + " can fail: it " +
                      whose +
                      (least.others > 0 ? ", and the others keep the " + grouped(least.others) +
                                              " port sets that are left" +
                                              (pairs_sets(n_) ? " on its external address" : "") +
                                              ", by one connection each"
                                        : ", as many as it may have") +
                      ". An allocator gives a set back only when no connection is left in it";
        out.evidence = bj::object{{"trace", writer.take()},
                                  {"failing", trace_writer::failing(f.who, f.source, f.draws)},
                                  {"lower-bound", bj::object{{"reason", "sequence"},
                                                             {"endpoints", number(*out.at_most)}}},
                                  {"nat", n_.name}};
    }

    // Other subscribers hold so many sets by one connection each: one each where that is enough,
    // else the first of them as many as they can.
    bool keep_all(std::uint64_t sets, ip_address failing, const count& own, const count& size,
                  port_set_table& table, trace_writer& writer) const {
        std::uint64_t others = 0;
        for (const auto& one : all_)
            if (one.most > 0) others += saturated(one.clients->addresses.size());
        others -= 1;  // the one who fails
        std::uint64_t more = sets > others ? sets - others : 0;
        std::uint64_t steps = 0;
        for (const auto& one : all_) {
            if (one.most == 0) continue;
            for (const auto& part : one.clients->addresses.parts())
                for (ip_address a = part.first;; ++a) {
                    if (sets == 0) return true;
                    if (a != failing) {
                        const auto here =
                            std::min<std::uint64_t>({1 + more, saturated(one.most), sets});
                        steps += saturated(own + (here - 1) * size + 1);
                        if (steps > most_stepped) return false;
                        auto towards = one.towards;
                        for (auto& t : towards) t.address = a;
                        set_holding holder(stepped_, table, writer);
                        if (!holder.hold(towards, here)) return false;
                        holder.thin_out();
                        sets -= here;
                        more -= here - 1;
                    }
                    if (a == part.last) break;
                }
        }
        return sets == 0;
    }

    const scenario& s_;
    const nat& n_;
    nat stepped_;  // with its limits
    port_set_layout layout_;
    const std::function<void()>& interrupt_;
    known_sequences sequences_;
    count shared_ = 0, each_ = 0;  // sets on demand, and the most of a subscriber
    count held_ = 0;               // that all subscribers can hold
    std::vector<subscriber> all_;
};

}  // namespace

guaranteed_result guaranteed_on_demand(const scenario& s, const nat& n,
                                       const std::function<void()>& interrupt) {
    if (n.static_mappings)
        throw unsupported("NAT " + n.name +
                          ": guaranteed with port sets that are dealt on demand, of which static "
                          "mappings keep ports, is not settled in this version");
    return on_demand(s, n, interrupt).run();
}

}  // namespace natbound
