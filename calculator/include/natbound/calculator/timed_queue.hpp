#pragma once
// What ends at a known time: a ring where the first to come is the first to go, a heap else.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace natbound::calculator {

struct timed_flow {
    double at = 0;
    std::uint32_t id = 0, serial = 0;
    friend bool operator>(const timed_flow& a, const timed_flow& b) { return a.at > b.at; }
};

class timed_ring {
  public:
    bool empty() const { return first_ == last_; }
    const timed_flow& front() const { return slots_[first_ & mask_]; }
    void pop() { ++first_; }
    void push(const timed_flow& f) {
        if (last_ - first_ == slots_.size()) grow();
        slots_[last_++ & mask_] = f;
    }
    // After pushes out of order.
    void sort() {
        std::vector<timed_flow> all;
        for (; !empty(); pop()) all.push_back(front());
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return b > a; });
        for (const auto& f : all) push(f);
    }

  private:
    void grow() {
        std::vector<timed_flow> wider(slots_.size() * 2);
        for (std::uint64_t i = first_; i != last_; ++i)
            wider[i & (wider.size() - 1)] = slots_[i & mask_];
        slots_.swap(wider);
        mask_ = slots_.size() - 1;
    }
    std::vector<timed_flow> slots_ = std::vector<timed_flow>(64);
    std::uint64_t mask_ = 63, first_ = 0, last_ = 0;
};

class timed_heap {
  public:
    bool empty() const { return slots_.empty(); }
    const timed_flow& front() const { return slots_.front(); }
    void push(const timed_flow& f) {
        slots_.push_back(f);
        std::push_heap(slots_.begin(), slots_.end(), std::greater<>{});
    }
    void pop() {
        std::pop_heap(slots_.begin(), slots_.end(), std::greater<>{});
        slots_.pop_back();
    }

  private:
    std::vector<timed_flow> slots_;
};

}  // namespace natbound::calculator
