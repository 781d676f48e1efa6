#pragma once
// R(c,a) = 1/B(c,a) - 1 = c e^a a^-c Gamma(c,a), the one quantity behind every form of Erlang B. It
// is positive and keeps its digits everywhere: B = 1/(1+R), log B = -log1p(R), also as B -> 1.
#include "double_double.hpp"

namespace natbound::calculator::detail {

// R = factor * exp(exponent); exponent is 0 unless R would be large.
struct loss_ratio {
    double factor = 0;
    double_double exponent{};
};

// Finite c > 0, a > 0.
loss_ratio loss_ratio_of(double c, double a);

// T in R = c / (a - c + 1 + T), by Legendre's continued fraction; for c > 0 and a >= max(1, c + 5
// sqrt(c)).
double legendre_tail(double c, double a);
bool legendre_applies(double c, double a);

double log_of(const loss_ratio& r);

// P(a Poisson number of that mean is n or more) = gamma(n, mean) / Gamma(n), for real n >= 1: by
// the same expansion near the diagonal (its other side), in constant time to where it is 1e-17.
double at_least(double n, double mean);

// -d log R / d log a = c/R + c - a >= 1.
double steepness(double c, double a, const loss_ratio& r);

}  // namespace natbound::calculator::detail
