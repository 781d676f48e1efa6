// Tabu search for a colouring.
#include "natbound/solver/colouring.hpp"
#include "natbound/model/work.hpp"

#include <algorithm>
#include <limits>
#include <random>

namespace natbound {
namespace {

constexpr auto none = static_cast<std::size_t>(-1);

class tabu {
  public:
    tabu(std::size_t items, const std::vector<std::vector<std::uint32_t>>& cliques,
         std::uint32_t colours, std::uint64_t seed)
        : colours_(colours),
          beside_(items),
          at_(items),
          same_(items * colours, 0),
          barred_(items * colours, 0),
          place_(items, none),
          random_(seed) {
        for (const auto& all : cliques)
            for (const auto a : all)
                for (const auto b : all)
                    if (a != b) beside_[a].push_back(b);
        for (auto& list : beside_) {
            std::sort(list.begin(), list.end());
            list.erase(std::unique(list.begin(), list.end()), list.end());
        }
        for (auto& k : at_) k = static_cast<std::uint32_t>(random_() % colours);
        for (std::size_t i = 0; i < items; ++i)
            for (const auto j : beside_[i]) ++same_[i * colours_ + at_[j]];
        for (std::uint32_t i = 0; i < items; ++i) {
            conflicts_ += same_[i * colours_ + at_[i]];
            look_at(i);
        }
        conflicts_ /= 2;
        least_ = conflicts_;
        best_ = at_;
    }

    colouring run(std::uint64_t effort) {
        std::uint64_t spent = 0;
        while (conflicts_ > 0 && spent < effort) {
            ++turn_;
            poll();
            spent += 1 + weigh() * colours_;
            if (alike_ == 0) continue;  // every move is barred: some will not be, later
            move();
        }
        return {best_, least_ == 0};
    }

  private:
    // Finds the best move, one of those alike at random; returns how many items are in conflict.
    std::uint64_t weigh() {
        std::int64_t best = std::numeric_limits<std::int64_t>::max();
        alike_ = 0;
        for (const std::size_t i : open_) {
            const std::int64_t now = same_[i * colours_ + at_[i]];
            for (std::uint32_t k = 0; k < colours_; ++k) {
                if (k == at_[i]) continue;
                const std::int64_t change = same_[i * colours_ + k] - now;
                // a barred move is made if it leads to fewer conflicts than ever
                if (change > best ||
                    (barred_[i * colours_ + k] > turn_ && conflicts_ + change >= least_))
                    continue;
                if (change < best) alike_ = 0;
                best = change;
                if (random_() % ++alike_ == 0) {
                    item_ = i;
                    colour_ = k;
                }
            }
        }
        change_ = best;
        return open_.size();
    }

    // Keeps `open_`, the items in conflict, with each one's place there.
    void look_at(std::uint32_t i) {
        const bool wrong = same_[i * colours_ + at_[i]] > 0;
        if (wrong == (place_[i] != none)) return;
        if (wrong) {
            place_[i] = open_.size();
            open_.push_back(i);
        } else {
            place_[open_.back()] = place_[i];
            open_[place_[i]] = open_.back();
            open_.pop_back();
            place_[i] = none;
        }
    }

    void move() {
        const std::uint32_t old = at_[item_];
        at_[item_] = colour_;
        conflicts_ += change_;
        for (const auto j : beside_[item_]) {
            --same_[j * colours_ + old];
            ++same_[j * colours_ + colour_];
            look_at(j);
        }
        if (conflicts_ < least_) {
            least_ = conflicts_;
            best_ = at_;
        }
        look_at(static_cast<std::uint32_t>(item_));
        barred_[item_ * colours_ + old] = turn_ + 6 * open_.size() / 10 + random_() % 10;
    }

    std::size_t colours_;
    std::vector<std::vector<std::uint32_t>> beside_;
    std::vector<std::uint32_t> at_, best_;
    std::vector<std::int32_t> same_;     // neighbours of that colour, by item and colour
    std::vector<std::uint64_t> barred_;  // until that turn
    std::vector<std::uint32_t> open_;
    std::vector<std::size_t> place_;
    std::mt19937_64 random_;
    std::int64_t conflicts_ = 0, least_ = 0, change_ = 0;
    std::uint64_t turn_ = 0, alike_ = 0;
    std::size_t item_ = 0;
    std::uint32_t colour_ = 0;
};

}  // namespace

colouring colour_by_tabu(std::size_t items, const std::vector<std::vector<std::uint32_t>>& cliques,
                         std::uint32_t colours, std::uint64_t effort, std::uint64_t seed) {
    const work_step here("looking for a colouring");
    if (items == 0 || colours == 0) return {{}, items == 0};
    return tabu(items, cliques, colours, seed).run(effort);
}

}  // namespace natbound
