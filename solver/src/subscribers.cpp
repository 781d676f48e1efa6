// Cutting client sets to so many addresses.
#include "subscribers.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/cascade.hpp"
#include "natbound/model/work.hpp"
#include "server_room.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Client sets whose addresses are alike.
struct kind {
    std::vector<std::size_t> clients;
    count addresses;
    count each;  // what one address can have, its quota included
};

std::vector<kind> kinds_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                           const std::vector<std::size_t>& inside) {
    struct alike {
        port_set ports;
        std::vector<bool> row;
    };
    std::vector<alike> known;
    std::vector<kind> out;
    for (const auto c : inside) {
        const auto& client = s.clients[c];
        const auto it = std::find_if(known.begin(), known.end(), [&](const alike& a) {
            return a.ports == client.ports && a.row == reach[c];
        });
        const auto k = static_cast<std::size_t>(it - known.begin());
        if (it == known.end()) {
            known.push_back({client.ports, reach[c]});
            count endpoints = 0;
            for (std::size_t v = 0; v < s.servers.size(); ++v)
                if (reach[c][v])
                    endpoints += s.servers[v].addresses.size() * s.servers[v].ports.size();
            count each = client.ports.size() * endpoints;
            if (plan.quota) each = std::min<count>(each, *plan.quota);
            out.push_back({{}, 0, std::move(each)});
        }
        out[k].clients.push_back(c);
        out[k].addresses += client.addresses.size();
    }
    return out;
}

// The NAT without the limit, and with so many addresses of each kind, the first ones.
struct cut_nat {
    scenario s;
    std::vector<std::size_t> inside;
    bj::array kept;  // by client set

    cut_nat(const scenario& all, std::size_t nat, const std::vector<kind>& kinds,
            const std::vector<count>& most, const bj::storage_ptr& memory)
        : kept(memory) {
        s.clients = all.clients;
        s.servers = all.servers;
        s.nats = {all.nats[nat]};
        s.nats.front().mapping_limits.limit_subscribers.reset();
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            count left = most[k];
            for (const auto c : kinds[k].clients) {
                auto& addresses = s.clients[c].addresses;
                const count here = std::min(left, addresses.size());
                left -= here;
                kept.emplace_back(bj::object(
                    {{"client", s.clients[c].name}, {"addresses", json_count(here)}}, memory));
                if (here == 0) continue;
                addresses = addresses.slice(0, here);
                inside.push_back(c);
            }
        }
        std::sort(inside.begin(), inside.end());
    }
};

// Divisions of S: in proportion, then one addresses' worth after the other moved to where more fit.
class best_division {
  public:
    best_division(const scenario& s, const reach_table& reach, std::size_t nat,
                  const std::vector<kind>& kinds, const count& most, count enough,
                  const bj::storage_ptr& memory, const server_room* room)
        : s_(s),
          reach_(reach),
          nat_(nat),
          kinds_(kinds),
          enough_(std::move(enough)),
          memory_(memory),
          room_(room) {
        for (const bool heaviest_first : {false, true}) consider(start(most, heaviest_first));
        for (count step = most / 2; step > 0; step /= 2)
            for (std::size_t from = 0; from < kinds_.size(); ++from)
                for (std::size_t to = 0; to < kinds_.size(); ++to) move(from, to, step);
    }

    nat_capacity best;
    std::optional<server_room> room_left;

  private:
    static constexpr int most_tried = 200;

    std::vector<count> start(const count& most, bool heaviest_first) const {
        std::vector<std::size_t> order(kinds_.size());
        count all = 0;
        for (std::size_t k = 0; k < kinds_.size(); ++k) {
            order[k] = k;
            all += kinds_[k].addresses;
        }
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return kinds_[a].each > kinds_[b].each;
        });
        std::vector<count> out(kinds_.size());
        count left = most;
        if (!heaviest_first)
            for (std::size_t k = 0; k < kinds_.size(); ++k) {
                out[k] = most * kinds_[k].addresses / all;
                left -= out[k];
            }
        for (const auto k : order) {
            const count more = std::min<count>(left, kinds_[k].addresses - out[k]);
            out[k] += more;
            left -= more;
        }
        return out;
    }

    void move(std::size_t from, std::size_t to, const count& step) {
        look_up();
        while (from != to && tried_ < most_tried && best.at_least < enough_) {
            auto other = division_;
            const count by = std::min<count>({step, other[from], kinds_[to].addresses - other[to]});
            if (by == 0) return;
            other[from] -= by;
            other[to] += by;
            if (!consider(other)) return;
        }
    }

    bool consider(const std::vector<count>& division) {
        ++tried_;
        const cut_nat cut(s_, nat_, kinds_, division, memory_);
        auto room = room_ ? std::optional(*room_) : std::nullopt;
        auto one = capacity_of(cut.s, reach_, 0, cut.inside, memory_, room ? &*room : nullptr);
        if (tried_ > 1 && one.at_least <= best.at_least) return false;
        best = std::move(one);
        room_left = std::move(room);
        division_ = division;
        return true;
    }

    const scenario& s_;
    const reach_table& reach_;
    std::size_t nat_;
    const std::vector<kind>& kinds_;
    count enough_;
    bj::storage_ptr memory_;
    const server_room* room_;
    std::vector<count> division_;
    int tried_ = 0;
};

}  // namespace

std::optional<count> subscribers_of(const scenario& s, std::size_t nat,
                                    const std::vector<std::size_t>& inside) {
    const auto& most = s.nats[nat].mapping_limits.limit_subscribers;
    if (!most) return std::nullopt;
    count all = 0;
    for (const auto c : inside) all += s.clients[c].addresses.size();
    if (all <= *most) return std::nullopt;
    return *most;
}

nat_capacity capacity_of_subscribers(const scenario& s, const reach_table& reach, std::size_t nat,
                                     const std::vector<std::size_t>& inside, const count& most,
                                     const bj::storage_ptr& memory, server_room* room) {
    const nat_plan plan(s.nats[nat]);
    const auto kinds = kinds_of(s, reach, plan, inside);
    const auto reading = readings_of(s, reach, plan, inside).above;
    const bool hashed =
        reading.pool == pool_reading::hashed || reading.pool == pool_reading::any_hashed;
    std::vector<count> above;
    count each = 0;
    for (const auto& k : kinds) {
        above.push_back(hashed ? k.addresses : std::min(most, k.addresses));
        each = std::max(each, k.each);
    }
    const std::string words = s.nats[nat].name + " serves " + grouped(most) + " subscribers";
    const cut_nat cut(s, nat, kinds, above, memory);
    nat_capacity out = capacity_of(cut.s, reach, 0, cut.inside, memory);
    out.does_not_fit.emplace("subscribers", cut.kept);
    if (most * each < out.at_most) {
        out.at_most = most * each;
        out.binds = "subscribers";
        out.sets_it = words + ", each of at most " + grouped(each) + " connections";
        out.does_not_fit["table"] = json_count(out.at_most);
        out.does_not_fit["at-most"] = json_count(out.at_most);
    } else if (out.binds == "sockets" || out.binds == "quota") {
        out.binds = "subscribers";
        out.sets_it = words + "; of these: " + out.sets_it;
    }
    best_division found(s, reach, nat, kinds, most, out.at_most, memory, room);
    if (room) *room = std::move(*found.room_left);
    out.blocks = std::move(found.best.blocks);
    for (auto& b : out.blocks) b.nat = nat;
    out.at_least = found.best.at_least;
    out.mappings = found.best.mappings;
    out.why_bounds = found.best.why_bounds;
    if (out.at_least < out.at_most && out.why_bounds.empty())
        out.why_bounds =
            "which client addresses are best served within the limit on subscribers is not settled";
    return out;
}

bool limits_subscribers(const scenario& s) {
    if (is_cascade(s)) return false;  // refused where the limit is read
    const auto inside = inside_of(s);
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        if (subscribers_of(s, n, inside[n])) return true;
    return false;
}

}  // namespace natbound
