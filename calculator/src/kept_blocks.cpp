// One subscriber's blocks, stepped.
#include "kept_blocks.hpp"

#include <algorithm>
#include <cmath>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/variates.hpp"
#include "poisson.hpp"

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

// How many of the blocks, the oldest first, are never given back: those that would hardly be seen
// empty in so many events. The oldest j are Erlang's system of as many ports, whoever holds younger
// ones; and the last of them is empty only where the others have room for all that these j have.
std::size_t always_held(const block_dealing& what, double load, std::uint64_t events) {
    const double unseen = std::log(1e-3 / static_cast<double>(events));
    // Poisson's chance of no more flows: in Erlang's formula the last weight is a part of it
    const auto log_at_most = [&](std::uint64_t flows) {
        const auto n = static_cast<double>(flows);
        return log_poisson_weight(n, load) - log_erlang_b(n, load);
    };
    std::size_t out = 0;
    for (; out < what.most; ++out) {
        const std::uint64_t others = what.own + out * what.block;
        if (!(log_at_most(others) - log_at_most(others + what.block) < unseen)) break;
    }
    return out;
}

// Flows of one scope, each with a port by itself: the number in each block says all. The ports that
// it has anyway and the blocks that are always held are one, the first; most events are there, and
// are nearly free of branches that can't be foreseen.
class plain_subscriber {
  public:
    plain_subscriber(const block_dealing& what, double load, std::uint64_t events)
        : random_(std::uint64_t{1}), load_(load), block_(static_cast<double>(what.block)) {
        const std::size_t always = always_held(what, load, events);
        always_ = always;
        first_ports_ = static_cast<double>(what.own + always * what.block);
        first_ = std::floor(std::min(load, first_ports_));
        most_ = what.most - always;
    }

    std::size_t blocks() const { return always_ + busy_.size(); }
    double until_next() const { return 1 / (load_ + first_ + others_); }

    void step() {
        const double at = random_.unit() * (load_ + first_ + others_);
        const bool arrives = at < load_;
        const bool in_first =
            (arrives & (first_ < first_ports_)) | (!arrives & (at - load_ < first_));
        if (in_first) {
            first_ += arrives ? 1.0 : -1.0;
        } else if (arrives) {
            arrive();
        } else if (others_ > 0) {  // not where rounding led beyond the last
            end(at - load_ - first_);
        }
    }

  private:
    // In the oldest block that has a free port; else in a new one.
    void arrive() {
        const auto room =
            std::find_if(busy_.begin(), busy_.end(), [&](double busy) { return busy < block_; });
        if (room != busy_.end())
            ++*room;
        else if (busy_.size() < most_)
            busy_.push_back(1);
        else
            return;
        ++others_;
    }

    void end(double flow) {
        std::size_t i = 0;
        for (; i + 1 < busy_.size() && flow >= busy_[i]; ++i) flow -= busy_[i];
        --others_;
        if (--busy_[i] == 0) busy_.erase(busy_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    random_bits random_;
    double load_, block_;
    std::size_t always_ = 0, most_ = 0;  // blocks of the first; others that it may hold
    double first_ports_ = 0, first_ = 0, others_ = 0;  // flows
    std::vector<double> busy_;                         // of the other blocks, the oldest first
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
        return run(plain_subscriber(what, first.load, events), what.most, events);
    return run(subscriber(what, who), what.most, events);
}

}  // namespace natbound::calculator::detail
