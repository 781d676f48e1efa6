#pragma once
#include <cstdint>
#include <vector>

#include "natbound/model/nat_table.hpp"

namespace natbound::detail {

// Draws that aim at one rank of the range: whatever round asks, its first probe lands there if any
// draw makes it.
class aiming {
  public:
    explicit aiming(const nat_plan& plan) : plan_(&plan) {}

    // `draws_address`: the first draw is of an address of the pool, and gives that rank.
    void aim(bool draws_address, const flow& f, std::uint64_t rank, std::uint64_t pool_rank = 0) {
        pool_rank_ = pool_rank;
        range_ = &plan_->class_of(f.source.port);
        rank_ = rank;
        drawn.clear();
        asks_pool_ = draws_address;
    }
    void aim(const nat_table& table, const flow& f, std::uint64_t rank,
             std::uint64_t pool_rank = 0) {
        aim(table.draws_address(f), f, rank, pool_rank);
    }
    std::uint64_t draw(std::uint64_t values) {
        std::uint64_t out = 0;
        if (asks_pool_) {
            asks_pool_ = false;
            out = pool_rank_;
        } else {
            for (const auto& round : plan_->design.search.rounds)
                if (is_drawn(round) && draw_count(round, range_->size) == values) {
                    out = landing(round);
                    break;
                }
        }
        drawn.push_back(out);
        return out;
    }
    bool chance(double /*unused*/) { return false; }

    std::vector<std::uint64_t> drawn;

  private:
    // The least draw whose first probe is the rank; 0 where there is none.
    std::uint64_t landing(const search_round& round) const {
        const std::uint64_t all = draw_count(round, range_->size);
        if (round.step != step_kind::scaled) return rank_ < all ? rank_ : 0;
        const std::uint64_t guess = (rank_ * all + range_->size - 1) / range_->size;
        return guess < all ? guess : 0;
    }

    const nat_plan* plan_;
    std::uint64_t pool_rank_ = 0;
    const port_range_plan* range_ = nullptr;
    std::uint64_t rank_ = 0;
    bool asks_pool_ = false;
};

}  // namespace natbound::detail
