#pragma once
// Laws of whole numbers by their generating functions (lattice.hpp).
#include <cmath>
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

// Poisson numbers of jumps of several sizes: what connections of several sizes take of a pool
// without end.
class jumps {
  public:
    struct jump {
        double rate, size;
    };

    explicit jumps(std::vector<jump> all) : all_(std::move(all)), at_(all_.size()) {
        for (const jump& j : all_) mean_ += j.rate * j.size;
    }
    double mean() const { return mean_; }
    double most() const { return std::numeric_limits<double>::infinity(); }
    double sure(double fall) const { return fall; }
    tilted at(double theta) const {
        tilted out{0, 0, 0};
        for (const jump& j : all_) {
            const double x = theta * j.size, up = expm1_less(x), many = j.rate * (1 + x + up);
            out.value += j.rate * up;
            out.first += many * j.size;
            out.second += many * j.size * j.size;
        }
        return out;
    }
    void to(double theta) {
        for (std::size_t k = 0; k < all_.size(); ++k)
            at_[k] = all_[k].rate * std::exp(theta * all_[k].size);
    }
    void node(double t, double& fall, double& phase) const {
        for (std::size_t k = 0; k < all_.size(); ++k) {
            const double x = all_[k].size * t;
            const double sine = std::sin(x / 2), cosine = std::cos(x / 2);
            fall += 2 * at_[k] * sine * sine;
            phase += at_[k] * (2 * sine * cosine - x);
        }
    }

  private:
    std::vector<jump> all_;
    std::vector<double> at_;  // rates where it is tilted
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

  private:
    double size_, r_, k_;
    double q_ = 0, left_ = 1;
};

}  // namespace natbound::calculator::detail
