#pragma once
// When flows end that are told apart by nothing but a number each may bear: of exponential holds
// any of the open ones is next, constant times leave in the order they came, other laws share a
// heap. Closing entries stay for their timers.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "natbound/calculator/open_time_draws.hpp"
#include "natbound/calculator/timed_queue.hpp"
#include "natbound/calculator/variates.hpp"

namespace natbound::calculator::detail {

struct hold_law_of {
    open_time open;
    std::vector<closing_phase> closing;

    double hold() const {
        double sum = open.mean;
        for (const auto& phase : closing) sum += phase.share * phase.seconds;
        return sum;
    }
};

class hold_clock {
  public:
    explicit hold_clock(const std::vector<hold_law_of>& laws) {
        for (const auto& law : laws) {
            laws_.push_back(&law);
            draws_.emplace_back(law.open);
            closes_as_.push_back(closes_as_.size());
            ends_.push_back(law.open.law == hold_law::exponential ? 1 / law.open.mean : 0);
        }
        open_.resize(laws.size());
    }

    double now() const { return now_; }

    // Open flows of one law close as those of the other; where both are exponential, at its rate.
    void go_on_as(std::size_t law, std::size_t other) {
        closes_as_[law] = other;
        if (ends_[law] == 0 || ends_[other] == 0) return;
        ends_[law] = ends_[other];
        sum_up();
    }

    // From its first packet on.
    void begin(std::size_t law, std::uint32_t bears, random_bits& random) {
        opens(law, bears, ends_[law] > 0 ? 0 : draws_[law].whole(random));
    }

    // As a glance at any moment finds it; sort() after the last of these.
    void begin_met(std::size_t law, std::uint32_t bears, random_bits& random) {
        const auto& of = *laws_[law];
        double at = random.unit() * of.hold() - of.open.mean;
        const closing_phase* phase = nullptr;
        for (const auto& p : of.closing) {
            if (at < 0 || p.share * p.seconds <= 0) continue;
            phase = &p;
            if ((at -= p.share * p.seconds) < 0) break;
        }
        if (!phase) return opens(law, bears, ends_[law] > 0 ? 0 : draws_[law].left(random));
        const double left = random.unit() * phase->seconds;
        ring(phase->seconds).push({now_ + left, bears, closed});
    }
    void sort() {
        for (auto& one : rings_) one.sort();
    }

    // Goes on to that time. arrival(): one has come, at so many a second; leave(bears): one has
    // gone; passes(time): before the clock moves.
    template <class Arrival, class Leave, class Passes>
    void advance_to(double time, double arrivals, random_bits& random, const Arrival& arrival,
                    const Leave& leave, const Passes& passes) {
        while (now_ < time) {
            const double total = leaving_ + arrivals;
            const double next = total > 0 ? now_ + exponential(random) / total : never_;
            double due = heap_.empty() ? never_ : heap_.front().at;
            timed_ring* soonest = nullptr;
            for (auto& one : rings_)
                if (!one.empty() && one.front().at <= due) {
                    due = one.front().at;
                    soonest = &one;
                }
            const double then = std::min({due, next, time});
            passes(then);
            now_ = then;
            if (then == time && due > time) return;  // memoryless: what was drawn is forgotten
            if (due <= next) {
                const timed_flow of = soonest ? soonest->front() : heap_.front();
                soonest ? soonest->pop() : heap_.pop();
                if (of.serial == closed)
                    leave(of.id);
                else
                    closes(of.serial, of.id, random, leave);
                continue;
            }
            double at = random.unit() * total - arrivals;
            if (at < 0) {
                arrival();
                continue;
            }
            std::size_t law = laws_.size();
            for (std::size_t i = 0; i < laws_.size(); ++i) {
                if (open_[i].empty() || ends_[i] == 0) continue;
                law = i;
                const double here = ends_[i] * static_cast<double>(open_[i].size());
                if (at < here) break;
                at -= here;
            }
            if (law == laws_.size()) continue;  // rounding: none is open
            auto& all = open_[law];
            const auto place = std::min(static_cast<std::size_t>(at / ends_[law]), all.size() - 1);
            const std::uint32_t bears = all[place];
            all[place] = all.back();
            all.pop_back();
            sum_up();
            closes(law, bears, random, leave);
        }
    }

  private:
    static constexpr std::uint32_t closed = ~std::uint32_t{0};
    static constexpr double never_ = std::numeric_limits<double>::infinity();

    void opens(std::size_t law, std::uint32_t bears, double left) {
        if (ends_[law] > 0) {
            open_[law].push_back(bears);
            return sum_up();
        }
        const timed_flow due{now_ + left, bears, static_cast<std::uint32_t>(law)};
        if (laws_[law]->open.law == hold_law::constant)
            ring(laws_[law]->open.mean).push(due);
        else
            heap_.push(due);
    }

    template <class Leave>
    void closes(std::size_t law, std::uint32_t bears, random_bits& random, const Leave& leave) {
        const auto& closing = laws_[closes_as_[law]]->closing;
        const closing_phase* phase = drawn_phase(closing, random);
        if (!phase || phase->seconds <= 0) return leave(bears);
        ring(phase->seconds).push({now_ + phase->seconds, bears, closed});
    }

    timed_ring& ring(double seconds) {
        for (std::size_t i = 0; i < seconds_.size(); ++i)
            if (seconds_[i] == seconds) return rings_[i];
        seconds_.push_back(seconds);
        return rings_.emplace_back();
    }

    void sum_up() {
        leaving_ = 0;
        for (std::size_t i = 0; i < ends_.size(); ++i)
            leaving_ += ends_[i] * static_cast<double>(open_[i].size());
    }

    std::vector<const hold_law_of*> laws_;
    std::vector<open_time_draws> draws_;
    std::vector<std::size_t> closes_as_;
    std::vector<double> ends_;  // a second, of each open flow; 0: not exponential
    std::vector<std::vector<std::uint32_t>> open_;  // of exponential laws
    double leaving_ = 0;                            // a second, of all of these
    std::vector<double> seconds_;                   // of the rings
    std::deque<timed_ring> rings_;
    timed_heap heap_;
    double now_ = 0;
};

}  // namespace natbound::calculator::detail
