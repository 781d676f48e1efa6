#pragma once
// Where an allocator's random numbers come from: a real generator, a script (replay of a trace), or
// every possible sequence in turn (tests, proofs at small sizes).
#include <cstdint>
#include <vector>

#include "natbound/model/error.hpp"
#include "natbound/model/integer.hpp"

namespace natbound {

// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64: fast, and the same on every machine.
class random_bits {
  public:
    explicit random_bits(std::uint64_t seed) {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15U;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
            word = z ^ (z >> 31U);
        }
    }

    std::uint64_t next() {
        const std::uint64_t out = rotated(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotated(state_[3], 45);
        return out;
    }

    // Uniform over 0 .. values-1; exact (Lemire 2019).
    std::uint64_t draw(std::uint64_t values) {
        if ((values & (values - 1)) == 0) return next() & (values - 1);
        u128 product = static_cast<u128>(next()) * values;
        if (static_cast<std::uint64_t>(product) < values) {
            const std::uint64_t least = (0 - values) % values;
            while (static_cast<std::uint64_t>(product) < least)
                product = static_cast<u128>(next()) * values;
        }
        return static_cast<std::uint64_t>(product >> 64U);
    }

    // Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
    bool chance(double probability) { return unit() < probability; }

  private:
    static std::uint64_t rotated(std::uint64_t word, unsigned by) {
        return (word << by) | (word >> (64 - by));
    }
    std::uint64_t state_[4];
};

// The numbers of a trace, in order. A number that is out of range, or one too few, is an error.
class scripted_bits {
  public:
    explicit scripted_bits(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}

    std::uint64_t draw(std::uint64_t values) {
        if (at_ >= numbers_.size())
            throw error("the trace draws fewer random numbers than the design");
        const std::uint64_t out = numbers_[at_++];
        if (out >= values) throw error("the trace draws a number that the design can't");
        return out;
    }
    bool chance(double probability) {
        if (probability <= 0) return false;
        if (probability >= 1) return true;
        return draw(2) == 1;
    }
    bool spent() const { return at_ == numbers_.size(); }

  private:
    std::vector<std::uint64_t> numbers_;
    std::size_t at_ = 0;
};

// Every sequence of numbers in turn: run the step, then next(), until next() says no. The counts
// may depend on what was drawn before.
class every_draw {
  public:
    std::uint64_t draw(std::uint64_t values) {
        if (at_ == digits_.size()) digits_.push_back({0, values});
        return digits_[at_++].value;
    }
    bool chance(double probability) {
        if (probability <= 0) return false;
        if (probability >= 1) return true;
        return draw(2) == 1;
    }
    std::vector<std::uint64_t> drawn() const {
        std::vector<std::uint64_t> out;
        for (std::size_t i = 0; i < at_; ++i) out.push_back(digits_[i].value);
        return out;
    }
    bool next() {
        digits_.resize(at_);
        at_ = 0;
        while (!digits_.empty()) {
            if (++digits_.back().value < digits_.back().values) return true;
            digits_.pop_back();
        }
        return false;
    }

  private:
    struct digit {
        std::uint64_t value, values;
    };
    std::vector<digit> digits_;
    std::size_t at_ = 0;
};

}  // namespace natbound
