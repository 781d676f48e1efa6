// One subscriber's blocks, stepped.
#include "kept_blocks.hpp"

#include <algorithm>
#include <cmath>

#include "natbound/calculator/variates.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double most_cells = 4e6;  // blocks x scopes

// Destinations that are alike of scopes that are alike: one of their flows has an equal chance to
// be towards each.
struct traffic_group {
    std::size_t first_scope = 0, scopes = 1;
    std::uint32_t first_destination = 0, destinations = 1;
    std::uint64_t sockets = 0;  // 0: each flow has a port by itself
};

struct mapped_port {
    std::uint32_t slot = 0, flows = 0;
    std::vector<std::uint32_t> towards;
};

// The mean time to the next event, by the number live.
struct mean_gaps {
    double load = 0;
    std::vector<double> known = {};

    double of(std::size_t live) {
        for (double n = static_cast<double>(known.size()); known.size() <= live; ++n)
            known.push_back(1 / (load + n));
        return known[live];
    }
};

// The share of time that each number of blocks is held.
template <class Subscriber>
kept_law run(Subscriber one, std::uint64_t most, std::uint64_t events) {
    constexpr int batches = 32;
    for (std::uint64_t i = 0; i < events / 10; ++i) one.step();
    kept_law out{std::vector<double>(most + 1, 0), 0};
    std::vector<double> held(most + 1);
    double sum = 0, squares = 0;
    for (int b = 0; b < batches; ++b) {
        std::fill(held.begin(), held.end(), 0);
        double all = 0, mean = 0;
        for (std::uint64_t i = 0; i < events / batches; ++i) {
            const double time = one.until_next();
            held[one.blocks()] += time;
            all += time;
            one.step();
        }
        for (std::size_t j = 0; j < held.size(); ++j) {
            out.held[j] += held[j] / all / batches;
            mean += static_cast<double>(j) * held[j] / all;
        }
        sum += mean;
        squares += mean * mean;
    }
    const double variance = std::max(0.0, squares - sum * sum / batches) / (batches - 1);
    out.error = std::sqrt(variance / batches);
    return out;
}

// Flows of one scope, each with a port by itself: which block each is in says all. An event is
// nearly free of branches that can't be foreseen; the same chances, and from the same numbers, as
// of `subscriber`.
class plain_subscriber {
  public:
    plain_subscriber(const block_dealing& what, double load)
        : what_(what), random_(std::uint64_t{1}), load_(load), gaps_{load} {
        in_.assign(what.own + what.most * what.block + 1, 0);
        busy_.assign(what.most + 1, 0);
        rank_.assign(what.most + 1, 0);
        for (std::uint32_t slot = 1; slot <= what.most; ++slot) unused_.push_back(slot);
        find_room();
    }

    std::size_t blocks() const { return order_.size(); }
    double until_next() { return gaps_.of(live_); }

    void step() {
        const double at = random_.unit() * (load_ + static_cast<double>(live_));
        const bool ends = at >= load_ && live_ > 0;
        if (!ends && room_ == none && !another()) return;
        const std::size_t i =
            ends ? std::min(static_cast<std::size_t>(at - load_), live_ - 1) : live_;
        const std::uint32_t slot = ends ? in_[i] : room_;
        in_[i] = ends ? in_[live_ - 1] : slot;
        live_ = ends ? live_ - 1 : live_ + 1;
        busy_[slot] = ends ? busy_[slot] - 1 : busy_[slot] + 1;
        if (!ends) {
            if (busy_[slot] == size_of(slot)) find_room();
        } else if (busy_[slot] == 0 && slot != 0) {
            give_back(slot);
        } else if (room_ == none || rank_[slot] < rank_[room_]) {
            room_ = slot;
        }
    }

  private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint64_t size_of(std::uint32_t slot) const { return slot == 0 ? what_.own : what_.block; }

    // The oldest block that has a free port.
    void find_room() {
        room_ = busy_[0] < what_.own ? 0 : none;
        for (std::size_t i = 0; i < order_.size() && room_ == none; ++i)
            if (busy_[order_[i]] < what_.block) room_ = order_[i];
    }

    bool another() {
        if (order_.size() == what_.most) return false;
        room_ = unused_.back();
        unused_.pop_back();
        order_.push_back(room_);
        rank_[room_] = order_.size();
        return true;
    }

    void give_back(std::uint32_t slot) {
        order_.erase(std::find(order_.begin(), order_.end(), slot));
        unused_.push_back(slot);
        for (std::size_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = i + 1;
        find_room();
    }

    const block_dealing& what_;
    random_bits random_;
    double load_;
    mean_gaps gaps_;
    std::size_t live_ = 0;
    std::uint32_t room_ = none;        // where the next flow goes
    std::vector<std::uint32_t> in_;    // the slot of each flow
    std::vector<std::uint64_t> busy_;  // a slot's; slot 0 is the ports that it has anyway
    std::vector<std::size_t> rank_;    // a slot's, by age
    std::vector<std::uint32_t> order_, unused_;
};

class subscriber {
  public:
    subscriber(const block_dealing& what, const block_subscribers& who)
        : what_(what), random_(std::uint64_t{1}) {
        double all = 0;
        std::uint32_t destinations = 0;
        for (const auto& s : who.scopes) {
            const auto copies = static_cast<std::size_t>(s.copies);
            const auto add = [&](double load, std::uint32_t alike) {
                groups_.push_back({scopes_, copies, destinations, alike, s.shared ? s.sockets : 0});
                destinations += alike;
                all += load * static_cast<double>(copies) * alike;
                cumulated_.push_back(all);
            };
            if (s.towards.empty()) add(s.load, 1);
            for (const auto& d : s.towards) add(d.load, static_cast<std::uint32_t>(d.copies));
            for (std::size_t i = 0; i < copies; ++i) mapped_.emplace_back(s.shared ? s.sockets : 0);
            scopes_ += copies;
        }
        gaps_.load = all;
        busy_.assign(scopes_ * (what.most + 1), 0);
        of_scope_.assign(scopes_, 0);
        of_slot_.assign(what.most + 1, 0);
        for (std::uint32_t slot = 1; slot <= what.most; ++slot) unused_.push_back(slot);
    }

    std::size_t blocks() const { return order_.size(); }
    // Mean time to the next event.
    double until_next() { return gaps_.of(flows_.size()); }

    void step() {
        const double load = cumulated_.back(), live = static_cast<double>(flows_.size());
        const double at = random_.unit() * (load + live);
        if (at >= load && live > 0)  // each flow has a share of 1 of what is beyond
            end(std::min(static_cast<std::size_t>(at - load), flows_.size() - 1));
        else if (groups_.size() == 1)
            arrive(0);
        else
            arrive(static_cast<std::size_t>(
                std::upper_bound(cumulated_.begin(), cumulated_.end() - 1, at) -
                cumulated_.begin()));
    }

  private:
    struct flow {
        std::uint32_t scope, slot, socket, destination;
        bool shared;
    };

    std::uint32_t any_of(std::uint64_t n) {
        return n == 1 ? 0 : static_cast<std::uint32_t>(random_.draw(n));
    }

    void arrive(std::size_t g) {
        const auto& group = groups_[g];
        flow f{};
        f.scope = static_cast<std::uint32_t>(group.first_scope) + any_of(group.scopes);
        f.destination = group.first_destination + any_of(group.destinations);
        f.shared = group.sockets > 0;
        if (f.shared) {
            auto& all = mapped_[f.scope];
            mapped_port* port = nullptr;
            for (int tries = 0; tries < 1000 && !port; ++tries) {  // a socket has one towards each
                f.socket = static_cast<std::uint32_t>(random_.draw(group.sockets));
                auto& one = all[f.socket];
                if (std::find(one.towards.begin(), one.towards.end(), f.destination) ==
                    one.towards.end())
                    port = &one;
            }
            if (!port) return;  // it has no port of its own: nothing is offered
            if (port->flows > 0) {
                ++port->flows;
                port->towards.push_back(f.destination);
                f.slot = port->slot;
                flows_.push_back(f);
                return;
            }
            if (!place(f)) return;
            port->slot = f.slot;
            port->flows = 1;
            port->towards.assign(1, f.destination);
            flows_.push_back(f);
            return;
        }
        if (place(f)) flows_.push_back(f);
    }

    // A port of the oldest block that has one; else of a new one.
    bool place(flow& f) {
        const std::uint64_t room = what_.own + order_.size() * what_.block;
        if (of_scope_[f.scope] >= room) {
            if (order_.size() == what_.most) return false;
            order_.push_back(unused_.back());
            unused_.pop_back();
            f.slot = order_.back();
        } else {
            f.slot = 0;
            if (busy(0, f.scope) >= what_.own)
                f.slot = *std::find_if(order_.begin(), order_.end(), [&](std::uint32_t slot) {
                    return busy(slot, f.scope) < what_.block;
                });
        }
        ++busy(f.slot, f.scope);
        ++of_scope_[f.scope];
        ++of_slot_[f.slot];
        return true;
    }

    void end(std::size_t i) {
        const flow f = flows_[i];
        flows_[i] = flows_.back();
        flows_.pop_back();
        if (f.shared) {
            auto& port = mapped_[f.scope][f.socket];
            port.towards.erase(std::find(port.towards.begin(), port.towards.end(), f.destination));
            if (--port.flows > 0) return;
        }
        --busy(f.slot, f.scope);
        --of_scope_[f.scope];
        if (--of_slot_[f.slot] > 0 || f.slot == 0) return;
        order_.erase(std::find(order_.begin(), order_.end(), f.slot));
        unused_.push_back(f.slot);
    }

    std::uint32_t& busy(std::uint32_t slot, std::size_t scope) {
        return busy_[slot * scopes_ + scope];
    }

    const block_dealing& what_;
    random_bits random_;
    std::vector<traffic_group> groups_;
    std::vector<double> cumulated_;
    mean_gaps gaps_;
    std::size_t scopes_ = 0;
    std::vector<std::vector<mapped_port>> mapped_;  // by scope, then by socket; where shared
    // Slot 0 is the ports that it has anyway.
    std::vector<std::uint32_t> busy_, order_, unused_;
    std::vector<std::uint64_t> of_scope_, of_slot_;
    std::vector<flow> flows_;
};

}  // namespace

bool can_step(const block_dealing& what, const block_subscribers& who) {
    double scopes = 0, sockets = 0, load = 0;
    for (const auto& s : who.scopes) {
        if (!s.towards.empty() && !s.shared) return false;
        scopes += s.copies;
        if (s.shared) sockets += s.copies * static_cast<double>(s.sockets);
        load += s.copies * s.load;
    }
    return who.quota == 0 && load > 0 && load < 1e5 && sockets < most_cells &&
           scopes * static_cast<double>(what.most + 1) < most_cells;
}

kept_law blocks_kept(const block_dealing& what, const block_subscribers& who,
                     std::uint64_t events) {
    const auto& first = who.scopes.front();
    if (who.scopes.size() == 1 && first.copies == 1 && !first.shared)
        return run(plain_subscriber(what, first.load), what.most, events);
    return run(subscriber(what, who), what.most, events);
}

}  // namespace natbound::calculator::detail
