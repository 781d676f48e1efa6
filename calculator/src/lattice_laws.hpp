#pragma once
// Laws of whole numbers by their generating functions (lattice.hpp).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "lattice.hpp"

namespace natbound::calculator::detail {

// e^x - 1 - x
inline double expm1_less(double x) {
    if (std::abs(x) > 0.1) return std::expm1(x) - x;
    double sum = 0;
    for (int k = 10; k >= 3; --k) sum = (1 + sum) * x / k;
    return x * x / 2 * (1 + sum);
}

inline constexpr double pi = 3.141592653589793238;

// Where jumps of one size by themselves keep what is left of a law below its last bit, from t on:
// rate (1 - cos x) is symmetric about x = pi, and at least 2 rate (x / pi)^2 before.
inline double clear_by(double rate, double size, double t) {
    const double part = size * t / pi;
    return part <= 1 && 2 * rate * part * part > lattice_last_bit ? 2 * pi / size - t : t;
}

// Sums of rates times powers of sizes, so that what many small jumps add to a generating function
// is a few terms of its series, however many sizes there are.
class power_sums {
  public:
    void add(double rate, double size) {
        double power = rate * size;
        for (double& sum : sums_) sum += power *= size;
    }
    // sum of rate (e^(theta size) - 1 - theta size), and its derivatives, for |theta size| <= 1
    tilted at(double theta) const {
        double value = 0, first = 0, second = 0;
        for (std::size_t i = count; i-- > 0;) {
            value = value * theta + sums_[i] * over[i + 2];
            first = first * theta + sums_[i] * over[i + 1];
            second = second * theta + sums_[i] * over[i];
        }
        return {value * theta * theta, first * theta, second};
    }
    // sums of rate (1 - cos x) and rate (sin x - x), x = t size <= 1
    std::pair<double, double> turned(double t) const {
        const double square = -t * t;
        double even = 0, odd = 0;
        for (std::size_t i = count; i > 0; i -= 2) {
            odd = odd * square + sums_[i - 1] * over[i + 1];
            even = even * square + sums_[i - 2] * over[i];
        }
        return {-even * square, odd * square * t};
    }

  private:
    static constexpr std::size_t count =
        18;                            // powers from 2 on: the next, over its factorial, is 0
    static constexpr auto over = [] {  // 1 / i!
        std::array<double, count + 2> out{1};
        for (std::size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1] / static_cast<double>(i);
        return out;
    }();
    std::array<double, count> sums_{};
};

// Poisson numbers of jumps of several sizes: what connections of several sizes take of a pool
// without end. Sizes that are small where the hill is go by their power sums.
class jumps {
  public:
    struct jump {
        double rate, size;
    };

    explicit jumps(std::vector<jump> all) : all_(std::move(all)), at_(all_.size()) {
        double variance = 0;
        for (const jump& j : all_) {
            mean_ += j.rate * j.size;
            variance += j.rate * j.size * j.size;
        }
        const double hill = std::sqrt(2 * lattice_last_bit / variance), wide = 1.25;
        const auto large = std::partition(all_.begin(), all_.end(),
                                          [&](const jump& j) { return j.size * hill * wide <= 1; });
        few_ = static_cast<std::size_t>(large - all_.begin());
        for (std::size_t k = 0; k < few_; ++k) {
            small_.add(all_[k].rate, all_[k].size);
            widest_ = std::max(widest_, all_[k].size);
        }
    }
    double mean() const { return mean_; }
    double most() const { return std::numeric_limits<double>::infinity(); }
    double sure(double fall) const { return fall; }
    tilted at(double theta) const {
        const bool near = std::abs(theta) * widest_ <= 1;
        tilted out{0, 0, 0};
        for (std::size_t k = near ? few_ : 0; k < all_.size(); ++k) {
            const jump& j = all_[k];
            const double x = theta * j.size, up = expm1_less(x), more = j.rate * (x + up) * j.size;
            out.value += j.rate * up;
            out.first += more;
            out.second += (more + j.rate * j.size) * j.size;
        }
        if (near) {
            const tilted small = small_.at(theta);
            out = {out.value + small.value, out.first + small.first, out.second + small.second};
        }
        out.first += mean_;
        return out;
    }
    void to(double theta) {
        tilted_ = {};
        for (std::size_t k = 0; k < all_.size(); ++k) {
            at_[k] = all_[k].rate * std::exp(theta * all_[k].size);
            if (k < few_) tilted_.add(at_[k], all_[k].size);
        }
    }
    void node(double t, double& fall, double& phase) const {
        const bool near = t * widest_ <= 1;
        for (std::size_t k = near ? few_ : 0; k < all_.size(); ++k) {
            const double x = all_[k].size * t;
            const double sine = std::sin(x / 2), cosine = std::cos(x / 2);
            fall += 2 * at_[k] * sine * sine;
            phase += at_[k] * (2 * sine * cosine - x);
        }
        if (near) {
            const auto [down, turn] = tilted_.turned(t);
            fall += down;
            phase += turn;
        }
    }
    double clear(double t) const {
        double out = t;
        for (std::size_t k = 0; k < all_.size(); ++k)
            out = std::max(out, clear_by(at_[k], all_[k].size, t));
        return out;
    }

  private:
    std::vector<jump> all_;
    std::vector<double> at_;  // rates where it is tilted
    std::size_t few_ = 0;     // the first of them are small
    power_sums small_, tilted_;
    double widest_ = 0;  // of the small ones
    double mean_ = 0;
};

// The same with jumps of 1, 2, ..., b at rates a/1, a/2, ..., a/b: batches of b at rate a, of which
// one after another ends.
class batch_jumps {
  public:
    batch_jumps(double rate, std::size_t size) : rate_(rate), at_(size) {}

    double mean() const { return rate_ * static_cast<double>(at_.size()); }
    double most() const { return std::numeric_limits<double>::infinity(); }
    double sure(double fall) const { return fall; }
    tilted at(double theta) const {
        tilted out{0, 0, 0};
        const double z = std::exp(theta);
        double power = 1;
        for (std::size_t k = 1; k <= at_.size(); ++k) {
            const double i = static_cast<double>(k), x = theta * i;
            power *= z;
            out.value += (std::abs(x) > 0.1 ? power - 1 - x : expm1_less(x)) / i;
            out.first += power;
            out.second += power * i;
        }
        return {rate_ * out.value, rate_ * out.first, rate_ * out.second};
    }
    void to(double theta) {
        const double z = std::exp(theta);
        double power = rate_;
        for (std::size_t i = 0; i < at_.size(); ++i) {
            power *= z;
            at_[i] = power / static_cast<double>(i + 1);
        }
    }
    // e^(i k t) - 1 from the one before, so that it keeps its digits for small t.
    void node(double t, double& fall, double& phase) const {
        const double half = std::sin(t / 2), u = -2 * half * half, v = std::sin(t);
        double re = 0, im = 0;
        for (std::size_t k = 0; k < at_.size(); ++k) {
            const double next = re + u + (re * u - im * v);
            im += v + (re * v + im * u);
            re = next;
            fall -= at_[k] * re;
            phase += at_[k] * (im - static_cast<double>(k + 1) * t);
        }
    }
    double clear(double t) const { return clear_by(at_[0], 1, t); }

  private:
    double rate_;
    std::vector<double> at_;
};

// What is live of geometric batches of mean b: k p(n) = Gamma(n + k) / n! r^n, r = 1 - 1/b.
class negative_binomial {
  public:
    negative_binomial(double batch_rate, double mean_size)
        : size_(mean_size), r_((mean_size - 1) / mean_size), k_(batch_rate / r_) {}

    double mean() const { return k_ * (size_ - 1); }
    double most() const { return -std::log1p(-1 / size_); }
    double sure(double fall) const { return fall; }
    tilted at(double theta) const {
        const double up = (size_ - 1) * std::expm1(theta);
        const double q = r_ * std::exp(theta), left = (1 - up) / size_;  // 1 - q
        return {-k_ * std::log1p(-up) - theta * mean(), k_ * q / left, k_ * q / (left * left)};
    }
    void to(double theta) {
        q_ = r_ * std::exp(theta);
        left_ = (1 - (size_ - 1) * std::expm1(theta)) / size_;
    }
    void node(double t, double& fall, double& phase) const {
        const double half = std::sin(t / 2), lift = 2 * q_ * half * half;
        fall = k_ / 2 * std::log1p(2 * lift / (left_ * left_));
        phase = k_ * (std::atan2(q_ * std::sin(t), left_ + lift) - q_ / left_ * t);
    }
    double clear(double) const { return pi; }  // it falls all the way

  private:
    double size_, r_, k_;
    double q_ = 0, left_ = 1;
};

}  // namespace natbound::calculator::detail
