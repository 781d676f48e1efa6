// Laws of kept blocks between loads that were stepped.
#include "kept_laws.hpp"

#include <algorithm>
#include <cmath>

#include "logarithms.hpp"
#include "remembered_blocks.hpp"

namespace natbound::calculator::detail {
namespace {

// The grid's places lie a quarter apart in log a + 2 sqrt(a) of the fullest scope's load a: a
// quarter of the load where it is small, of its standard deviation where it is large. Measured
// twice as far apart, against runs of 4e7 events (blocks of 8, 32 and 256 ports, 1 and 4 scopes):
// means off by up to 0.9 of the standard error of 2e6 events; as they are, a fourth of that.
constexpr double apart = 0.25;

double place_of(double load) { return (std::log(load) + 2 * std::sqrt(load)) / apart; }

double load_at(double place) {
    double x = 0;  // log of the load; Newton's steps on a convex function
    for (int i = 0; i < 200; ++i) {
        const double root = std::exp(x / 2), off = x + 2 * root - place * apart;
        x -= off / (1 + root);
        if (std::fabs(off) < 1e-13 * (std::fabs(x) + root)) break;
    }
    return std::exp(x);
}

double fullest(const block_subscribers& who) {
    double most = 0;
    for (const auto& s : who.scopes) {
        double load = s.towards.empty() ? s.load : 0;
        for (const auto& d : s.towards) load += d.load * d.copies;
        most = std::max(most, load);
    }
    return most;
}

// Loads that are 1 in the fullest scope, times `load`; without what rounding did to them on their
// way, so that the same subscriber is the same to the last digit.
void set_fullest(block_subscribers& who, double load) {
    const double now = fullest(who);
    const auto scaled = [&](double x) {
        return static_cast<double>(static_cast<float>(x / now)) * load;
    };
    for (auto& s : who.scopes) {
        s.load = scaled(s.load);
        for (auto& d : s.towards) d.load = scaled(d.load);
    }
}

// Whether so many events would hardly show another number of blocks than are needed: one more is
// taken only where it is, no fewer are held, and the first goes back with the last flow in it,
// which is the last of all where there are no ports besides.
bool is_certain(const block_dealing& what, const std::vector<double>& needed) {
    const double unseen = std::log(1e-3 / static_cast<double>(what.stepped));
    double above = log_zero;
    for (std::size_t j = needed.size(); j-- > 0;) {
        double below = log_zero;
        for (std::size_t i = 0; i < j; ++i) below = log_sum(below, needed[i]);
        const bool first = j == 0 || (j == 1 && what.own == 0);
        if (above < unseen && (first || below < unseen)) return true;
        above = log_sum(above, needed[j]);
    }
    return false;
}

}  // namespace

// What was too rare to be seen is as if no more were held than needed.
const kept_laws::stepped_law& kept_laws::place(const block_dealing& what, std::size_t kind,
                                               double number) {
    const auto [it, fresh] = places_.try_emplace({kind, number});
    auto& out = it->second;
    if (!fresh) return out;
    auto who = what.kinds[kind];
    set_fullest(who, load_at(number));
    const auto law = needed_by_one(what, who);
    for (const double h : law.held) out.needed.push_back(h - law.all);
    out.held = out.needed;
    if (is_certain(what, out.needed)) return out;
    const auto kept = remembered_blocks(what, who, what.stepped);
    out.error = kept->error;
    for (std::size_t j = 0; j < out.held.size(); ++j)
        if (kept->held[j] > 0) out.held[j] = std::log(kept->held[j]);
    return out;
}

own_law kept_laws::held(const block_dealing& what, std::size_t kind) {
    const auto& who = what.kinds[kind];
    auto out = needed_by_one(what, who);
    if (what.stepped == 0 || !can_step(what, who)) return out;
    const double at = place_of(fullest(who)), first = std::floor(at);
    const auto &low = place(what, kind, first), &high = place(what, kind, first + 1);
    const auto between = [&](double a, double b) { return a + (at - first) * (b - a); };
    out.error = between(low.error, high.error);
    double all = log_zero;
    for (std::size_t j = 0; j < out.held.size(); ++j) {
        const double needed = out.held[j] - out.all;
        const double more = between(low.held[j] - low.needed[j], high.held[j] - high.needed[j]);
        const double line = between(low.held[j], high.held[j]);
        out.held[j] = std::isfinite(more) ? needed + more : std::isfinite(line) ? line : needed;
        if (out.held[j] > log_zero) out.reached = std::max<std::uint64_t>(out.reached, j);
        all = log_sum(all, out.held[j]);
    }
    for (auto& h : out.held) h -= all;
    // Who holds so many blocks and finds none left has those for a while, so that its flows are
    // those of that many ports by themselves: Erlang's law, where each has one. (In the run of one
    // subscriber alone they are not: there it takes a block as soon as it needs one.)
    for (std::size_t s = 0; s < out.full.size(); ++s) {
        out.full[s].back() -= out.all;  // all of its ports taken, however they came to be
        for (std::size_t j = 0; j + 1 < out.full[s].size(); ++j)
            out.full[s][j] = out.held[j] + out.alone[s][j];
        out.offered[s] = out.held;
    }
    out.all = 0;
    return out;
}

}  // namespace natbound::calculator::detail
