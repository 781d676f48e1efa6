// Weights q(n) are m 2^(512 e), 2^-256 <= m < 2^256, in two arrays. Nearly always the terms of q(n)
// have the exponent of the weight before, or one next to it, and a table of three factors brings
// them to it without a branch; where that leaves a sum out of range, q(n) is done again with care.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <natbound/calculator/kaufman_roberts.hpp>
#include <string>

#include "argument.hpp"
#include "scaled.hpp"

namespace natbound::calculator {
namespace {

using detail::scaled;

void check(std::uint64_t ports, const std::vector<size_class>& classes) {
    constexpr const char* function = "kaufman_roberts";
    detail::require(ports <= 1ULL << 26, function, "ports", static_cast<double>(ports),
                    "must be at most 2^26");
    detail::require(!classes.empty(), function, "classes", 0, "must be at least one class");
    for (std::size_t k = 0; k < classes.size(); ++k) {
        const std::string at = "classes[" + std::to_string(k) + "].";
        const auto& c = classes[k];
        detail::require(c.load >= 0 && c.load <= 1e12, function, (at + "load").c_str(), c.load,
                        "must be at least 0 and at most 1e12");
        detail::require(c.size >= 1 && c.size <= 1ULL << 32, function, (at + "size").c_str(),
                        static_cast<double>(c.size), "must be at least 1 and at most 2^32");
        detail::require(c.reserved <= 1ULL << 32, function, (at + "reserved").c_str(),
                        static_cast<double>(c.reserved), "must be at most 2^32");
    }
}

// A class as the recursion sees it: n takes the term factor 2^(512 exponent) q(n - size) while
// size <= n <= last.
struct term {
    std::uint64_t size, last;
    double factor;
    std::int32_t exponent;
};

struct sums {
    scaled weight, moment;
};

class recursion {
  public:
    recursion(std::uint64_t ports, std::vector<term> terms)
        : terms_(std::move(terms)), m_(ports + 1), e_(ports + 1) {
        m_[0] = 1;
    }

    // The states from 1 on, in order: the next ones, up to but without `end`. The same terms count
    // for all of them.
    void run(std::uint64_t end, sums& out) {
        if (next_ >= end) return;
        active_.clear();
        for (const term& t : terms_)
            if (t.size <= next_ && next_ <= t.last) active_.push_back(t);
        double weight = 0, moment = 0;  // of exponent at_
        for (std::uint64_t n = next_; n < end; ++n) {
            double sum = 0;
            std::int32_t most = -2;
            for (const term& t : active_) {
                const std::int32_t off = e_[n - t.size] + t.exponent - at_;
                most = std::max(most, off);
                sum += t.factor * near[std::clamp(off, -2, 1) + 2] * m_[n - t.size];
            }
            if (most > 1 || !(sum >= 0x1p-200 && sum < 0x1p200)) {
                out.weight += scaled(weight, at_);
                out.moment += scaled(moment, at_);
                carefully(n);
                weight = m_[n];
                moment = m_[n] * static_cast<double>(n);
                continue;
            }
            m_[n] = sum / static_cast<double>(n);
            e_[n] = at_;
            weight += m_[n];
            moment += m_[n] * static_cast<double>(n);
        }
        out.weight += scaled(weight, at_);
        out.moment += scaled(moment, at_);
        next_ = end;
    }

  private:
    static constexpr std::array<double, 4> factors = {0, 0x1p-512, 1, 0x1p512};
    static constexpr const double* near = factors.data();
    static constexpr std::int32_t nothing = -(1 << 30);  // the exponent of 0

    // Exponents stay within 2^26 x 72/512 of 0: they fit.
    void carefully(std::uint64_t n) {
        scaled sum;
        for (const term& t : active_)
            sum += scaled(m_[n - t.size] * t.factor, e_[n - t.size] + t.exponent);
        sum = sum * (1 / static_cast<double>(n));
        m_[n] = sum.m;
        e_[n] = sum.m > 0 ? static_cast<std::int32_t>(sum.e) : nothing;
        if (sum.m > 0) at_ = e_[n];
    }

    std::vector<term> terms_, active_;
    std::vector<double> m_;
    std::vector<std::int32_t> e_;
    std::int32_t at_ = 0;
    std::uint64_t next_ = 1;
};

}  // namespace

kaufman_roberts_answer kaufman_roberts(std::uint64_t ports,
                                       const std::vector<size_class>& classes) {
    check(ports, classes);
    std::vector<term> terms;
    const bool one_size = std::all_of(classes.begin(), classes.end(), [&](const size_class& c) {
        return c.size == classes.front().size;
    });
    bool exact = true;
    for (const auto& c : classes) {
        // all of one size: the states are a line, and the recursion its balance
        exact = exact && (c.reserved == 0 || one_size);
        if (c.load == 0 || c.size + c.reserved > ports) continue;
        const scaled factor = scaled(c.load) * static_cast<double>(c.size);
        terms.push_back(
            {c.size, ports - c.reserved, factor.m, static_cast<std::int32_t>(factor.e)});
    }
    // States in order; a class is refused from the first that does not admit it.
    std::vector<std::uint64_t> first(classes.size());
    std::vector<std::uint64_t> turns;
    for (std::size_t k = 0; k < classes.size(); ++k) {
        const std::uint64_t kept = classes[k].size + classes[k].reserved;
        first[k] = kept > ports ? 0 : ports - kept + 1;
        turns.push_back(first[k]);
    }
    std::sort(turns.begin(), turns.end());
    turns.erase(std::unique(turns.begin(), turns.end()), turns.end());
    std::vector<sums> between(turns.size() + 1);  // from one turn to the next
    recursion q(ports, terms);
    std::vector<std::uint64_t> stops;  // where the terms that count change
    for (const term& t : terms) stops.insert(stops.end(), {t.size, t.last + 1});
    stops.insert(stops.end(), turns.begin(), turns.end());
    stops.push_back(ports + 1);
    std::sort(stops.begin(), stops.end());
    const auto turn_of = [&](std::uint64_t n) {
        return static_cast<std::size_t>(std::upper_bound(turns.begin(), turns.end(), n) -
                                        turns.begin());
    };
    between[turn_of(0)].weight = scaled(1);
    for (const std::uint64_t stop : stops)
        if (stop > 0) q.run(std::min(stop, ports + 1), between[turn_of(stop - 1)]);
    // From the end, so that each class's states are a sum of positive terms.
    std::vector<scaled> from(turns.size() + 1);
    scaled total, moment;
    for (std::size_t i = between.size(); i-- > 0;) {
        total += between[i].weight;
        moment += between[i].moment;
        from[i] = total;
    }
    kaufman_roberts_answer out{{}, {}, detail::quotient(moment, total), exact};
    for (std::size_t k = 0; k < classes.size(); ++k) {
        const auto i = static_cast<std::size_t>(
            std::lower_bound(turns.begin(), turns.end(), first[k]) - turns.begin());
        const scaled& refused = from[i + 1];
        const double share = detail::quotient(refused, total);
        out.refusal.push_back(share);
        scaled rest;
        for (std::size_t j = 0; j <= i; ++j) rest += between[j].weight;
        out.log_refusal.push_back(share > 0.5 ? std::log1p(-detail::quotient(rest, total))
                                              : detail::log_quotient(refused, total));
    }
    return out;
}

}  // namespace natbound::calculator
