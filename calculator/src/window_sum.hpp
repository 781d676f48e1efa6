#pragma once
// The sum of the last `length` of a row of weights, in constant time each. Taking off what leaves
// the window would cancel in the tail, so the row is cut into blocks of that length, and a window
// is the end of one block (summed from its end, once) and the beginning of the next.
#include <cstdint>
#include <utility>
#include <vector>

#include "scaled.hpp"

namespace natbound::calculator::detail {

class window_sum {
  public:
    explicit window_sum(std::uint64_t length) : length_(length) {}

    // The sum of the last `length` values, or of all if there are fewer.
    scaled value() const {
        const std::size_t kept = block_.size();
        return kept < ends_.size() ? front_ + ends_[kept] : front_;
    }
    void push(const scaled& x) {
        block_.push_back(x);
        front_ += x;
        if (block_.size() < length_) return;
        ends_ = std::move(block_);
        for (std::size_t i = ends_.size(); i-- > 1;) ends_[i - 1] += ends_[i];
        block_.clear();
        front_ = {};
    }

  private:
    std::uint64_t length_;
    std::vector<scaled> block_, ends_;  // this block's values; sums of the last block's ends
    scaled front_;
};

}  // namespace natbound::calculator::detail
