#pragma once
// What M/D/1/K loses, for a room K that is not small. The sum S of the first K terms q(j) (chances
// that a departure leaves j, over that of 0, in a queue without limit) has the generating function
// 1 / (1 - z e^(load (1 - z))). Its poles are 1, e^eta with load = eta / (e^eta - 1), and complex
// ones further out. By the first two
//
//     S = (e^eta - 1) (1 / (e^eta - 1 - eta) - e^(-(K-1) eta) / (eta e^eta - e^eta + 1)),
//
// written below so that nothing cancels where they meet, at load 1; the loss is what the second
// leaves of 1 + (load - 1) S, over 1 + load S.
#include <cmath>

namespace natbound::calculator::detail {

class two_poles {
  public:
    explicit two_poles(double load) : load_(load), eta_(eta_at(load)) {
        const double x = eta_;
        if (std::abs(x) < 0.5) {
            double term = 0.5;  // x^(k-2) / k!
            for (int k = 2; k < 22; ++k) {
                one_ += term;
                two_ += term * (k - 1);
                term /= k + 1;
                apart_ += term * (k - 1);
                term *= x;
            }
            rise_ = 1 + x * one_;
        } else {
            const double up = std::expm1(x);
            one_ = (up - x) / (x * x);
            two_ = (x * (up + 1) - up) / (x * x);
            apart_ = (two_ - one_) / x;
            rise_ = up / x;
        }
    }

    // Do the other poles count for less than e^-40 of it? Those are e^r with |r + load| =
    // load e^(Re r) and Im r > 2 pi.
    bool suit(double room) const {
        double next = std::log(6.28 / load_);
        for (int i = 0; i < 3; ++i) next = std::log(std::hypot(next + load_, 6.28) / load_);
        return (room - 1) * (next - eta_) > 40;
    }

    double log_loss(double room) const {
        const double k = room - 1, x = std::abs(eta_), shrink = std::exp(-k * x);
        const double rest = x == 0 ? k : -std::expm1(-k * x) / x;
        const double share = load_ * rise_ / (one_ * two_);
        if (eta_ >= 0)
            return std::log(one_ / two_) - k * x - std::log1p(share * (apart_ + rest * one_));
        return std::log(one_ / two_) - std::log(shrink + share * (apart_ * shrink + rest * one_));
    }

  private:
    // log load = log(eta / (e^eta - 1)) falls with eta, by 0 .. 1.
    static double eta_at(double load) {
        const double wanted = std::log(load);
        double x = load < 1 ? std::fmin(2 * (1 - load), 1 - wanted) : 1 - load;
        bool close = false;  // to the root: one more step is right to the last bits
        for (int i = 0; i < 100; ++i) {
            const double y = x * x, shrink = std::exp(-std::abs(x));
            const double gap = -std::expm1(-std::abs(x));  // e^x - 1 = gap e^x for x > 0
            const bool small = std::abs(x) < 0.02;
            const double log = small ? -x / 2 - y / 24 + y * y / 2880
                                     : std::log(std::abs(x) / gap) - std::fmax(x, 0);
            const double slope = small ? -0.5 - x / 12 : 1 / x - (x > 0 ? 1 : -shrink) / gap;
            const double change = (wanted - log) / slope;
            x += change;
            if (close || !(std::abs(change) > 2e-16 * std::abs(x))) break;
            close = std::abs(change) < 1e-9 * std::abs(x);
        }
        return x;
    }

    double load_, eta_;
    // (e^x - 1 - x) / x^2, (x e^x - e^x + 1) / x^2, their difference over x, (e^x - 1) / x
    double one_ = 0, two_ = 0, apart_ = 0, rise_ = 1;
};

}  // namespace natbound::calculator::detail
