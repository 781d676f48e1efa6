// Levels (ports busy) from the top: G(n), the phase in which level n - 1 is first reached by the
// phase in which n is, is
//
//     G(n) = n (n I - U(n))^-1,   U(n) = Q - load + load G(n + 1)   (at the top: Q),
//
// a stochastic matrix, found without subtractions (phases.hpp). Then from the bottom, weights of
// level n + 1 = weights of level n x load x G(n + 1) / (n + 1), with a common exponent a level.
// Linear level reduction: D. P. Gaver, P. A. Jacobs and G. Latouche, Adv. Appl. Prob. 16 (1984)
// 715.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/modulated.hpp>
#include <string>

#include "argument.hpp"
#include "modulated_refusal.hpp"
#include "phases.hpp"
#include "scaled.hpp"

namespace natbound::calculator {
namespace {

using detail::matrix;
using detail::require;
using detail::scaled;
using rows = std::vector<std::vector<double>>;

constexpr double most = 1e12;
constexpr const char* rule = "must be at least 0 and at most 1e12";
constexpr double rarest = 1e-280;  // a phase: beyond it, doubles end

// All phases reached from phase 0, forwards or backwards.
bool reached(const rows& switching, bool backwards) {
    const std::size_t size = switching.size();
    std::vector<bool> seen(size);
    std::vector<std::size_t> open = {0};
    seen[0] = true;
    std::size_t count = 1;
    while (!open.empty()) {
        const std::size_t i = open.back();
        open.pop_back();
        for (std::size_t j = 0; j < size; ++j) {
            if (seen[j] || j == i || (backwards ? switching[j][i] : switching[i][j]) == 0) continue;
            seen[j] = true;
            ++count;
            open.push_back(j);
        }
    }
    return count == size;
}

void check(const char* function, const rows& switching, const std::vector<double>& load) {
    const std::size_t size = load.size();
    require(size >= 1 && size <= 1024, function, "phases", static_cast<double>(size),
            "must be 1 to 1024");
    require(switching.size() == size, function, "rows of switching",
            static_cast<double>(switching.size()), "must be as many as loads");
    for (std::size_t i = 0; i < size; ++i) {
        const std::string at = "[" + std::to_string(i) + "]";
        require(load[i] >= 0 && load[i] <= most, function, ("loads" + at).c_str(), load[i], rule);
        require(switching[i].size() == size, function, ("columns of switching" + at).c_str(),
                static_cast<double>(switching[i].size()), "must be as many as loads");
        for (std::size_t j = 0; j < size; ++j) {
            const double rate = switching[i][j];
            require(i == j || (rate >= 0 && rate <= most), function,
                    ("switching" + at + "[" + std::to_string(j) + "]").c_str(), rate, rule);
        }
    }
    require(reached(switching, false) && reached(switching, true), function, "switching", 0,
            "some phases cannot be reached from others");
}

matrix rates_of(const rows& switching) {
    matrix out(switching.size());
    for (std::size_t i = 0; i < switching.size(); ++i)
        for (std::size_t j = 0; j < switching.size(); ++j)
            if (i != j) out[i][j] = switching[i][j];
    return out;
}

matrix with_returns(const rows& switching, const std::vector<double>& load, const matrix& back) {
    matrix out = rates_of(switching);
    for (std::size_t i = 0; i < load.size(); ++i)
        for (std::size_t j = 0; j < load.size(); ++j)
            if (i != j) out[i][j] += load[i] * back[i][j];
    return out;
}

// A level's weights, times 2^(512 exponent).
struct level {
    std::vector<double> weight;
    std::int64_t exponent = 0;

    void settle() {
        const double top = *std::max_element(weight.begin(), weight.end());
        if (!(top > 0) || (top >= 0x1p-256 && top < 0x1p256)) return;
        const double factor = top < 1 ? 0x1p512 : 0x1p-512;
        exponent += top < 1 ? -1 : 1;
        for (double& w : weight) w *= factor;
    }
    level up(const std::vector<double>& load, const matrix& down, double n) const {
        level out{std::vector<double>(weight.size()), exponent};
        for (std::size_t i = 0; i < weight.size(); ++i) {
            const double flow = weight[i] * load[i] / n;
            if (flow == 0) continue;
            for (std::size_t j = 0; j < weight.size(); ++j) out.weight[j] += flow * down[i][j];
        }
        out.settle();
        return out;
    }
    // The weights, each times `by`, added up.
    scaled sum(const std::vector<double>& by) const {
        scaled out;
        for (std::size_t i = 0; i < by.size(); ++i) out += scaled(weight[i], exponent) * by[i];
        return out;
    }
};

}  // namespace

bool detail::has_rare_phases(const world& w) {
    matrix alone = rates_of(w.switching);
    const auto law = detail::stationary(alone);
    return !(*std::min_element(law.begin(), law.end()) >= rarest);
}

void detail::check_modulated(std::uint64_t ports, const world& w) {
    check("modulated", w.switching, w.load);
    require(ports <= 1ULL << 26, "modulated", "ports", static_cast<double>(ports),
            "must be at most 2^26");
    const double phases = static_cast<double>(w.load.size());
    const double levels = static_cast<double>(ports) + 1;
    require(levels * phases * phases * phases <= 4e9 && levels * phases * phases <= 1 << 28,
            "modulated", "ports", static_cast<double>(ports),
            "so many ports with so many phases are too large for the exact chain: (ports + 1) "
            "phases^3 must be at most 4e9 and (ports + 1) phases^2 at most 2^28; see "
            "modulated_peakedness");
}

modulated_answer modulated(std::uint64_t ports, const rows& switching,
                           const std::vector<double>& load) {
    detail::check_modulated(ports, {switching, load});
    const std::size_t size = load.size();
    std::vector<matrix> down;  // G(ports), ..., G(1)
    for (std::uint64_t n = ports; n > 0; --n) {
        matrix rates =
            down.empty() ? rates_of(switching) : with_returns(switching, load, down.back());
        down.push_back(detail::phase_at_end(rates, static_cast<double>(n)));
    }
    matrix bottom = down.empty() ? rates_of(switching) : with_returns(switching, load, down.back());
    const std::vector<double> one(size, 1);
    level here{detail::stationary(bottom), 0};
    here.settle();
    scaled all = here.sum(one), moment, offered = here.sum(load);
    for (std::uint64_t n = 1; n <= ports; ++n) {
        here = here.up(load, down[ports - n], static_cast<double>(n));
        const scaled mass = here.sum(one);
        all += mass;
        moment += mass * static_cast<double>(n);
        offered += here.sum(load);
    }
    const scaled refused = here.sum(load), full = here.sum(one);
    modulated_answer out{};
    out.mean = detail::quotient(moment, all);
    out.load = detail::quotient(offered, all);
    out.full = detail::quotient(full, all);
    out.log_full = detail::log_quotient(full, all);
    out.refusal = offered.m > 0 ? detail::quotient(refused, offered) : 0;
    out.log_refusal = detail::log_quotient(refused, offered);
    for (const double w : here.weight) {
        out.full_by_phase.push_back(detail::quotient(scaled(w, here.exponent), all));
        out.log_full_by_phase.push_back(detail::log_quotient(scaled(w, here.exponent), all));
    }
    require(out.refusal >= 1e-250 || out.load == 0 || !detail::has_rare_phases({switching, load}),
            "modulated", "refusal", out.refusal,
            "below 1e-250 with phases rarer than 1e-280, whose part in it is not known");
    return out;
}

double modulated_peakedness(const rows& switching, const std::vector<double>& load) {
    check("modulated_peakedness", switching, load);
    // z - 1 = sum_ij p(i) d(i) (I - Q)^-1(i,j) d(j) / mean, d = load - mean: the load's covariance
    // over an exponential time of mean 1.
    matrix rates = rates_of(switching), again = rates;
    const auto law = detail::stationary(rates);
    const matrix later = detail::phase_at_end(again, 1);
    double mean = 0, covariance = 0;
    for (std::size_t i = 0; i < load.size(); ++i) mean += law[i] * load[i];
    if (mean == 0) return 1;
    for (std::size_t i = 0; i < load.size(); ++i) {
        double expected = 0;
        for (std::size_t j = 0; j < load.size(); ++j) expected += later[i][j] * (load[j] - mean);
        covariance += law[i] * (load[i] - mean) * expected;
    }
    return 1 + covariance / mean;
}

}  // namespace natbound::calculator
