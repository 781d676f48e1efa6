// The law of one subscriber's blocks, of as many as its flows need, in closed form.
#include "held_by_one.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

#include "logarithms.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/model/error.hpp"
#include "poisson.hpp"
#include "subscriber_law.hpp"

namespace natbound::calculator::detail {
namespace {

// log P(N <= n)
double log_at_most(double n, double mean) {
    if (mean <= 0) return 0;
    // doubles are enough, and five times as fast
    using boost::math::policies::promote_double;
    constexpr boost::math::policies::policy<promote_double<false>> in_doubles;
    const double above = boost::math::gamma_p(n + 1, mean, in_doubles);
    if (above < 0.5) return std::log1p(-above);
    const double below = boost::math::gamma_q(n + 1, mean, in_doubles);
    constexpr double all_digits = 1e-280;
    // Erlang's formula is P(N = n) / P(N <= n)
    return below > all_digits ? std::log(below)
                              : log_poisson_weight(n, mean) - log_erlang_b(n, mean);
}

// log of the sum of mean^k / k! over k <= n < mean: each term is less than the one before it.
double log_terms(double n, double mean) {
    double sum = 1, term = 1;
    for (double k = n; k > 0 && term > 1e-18 * sum; --k) sum += term *= k / mean;
    return n * std::log(mean) - std::lgamma(n + 1) + std::log(sum);
}

// log(e^a - e^b) for a >= b
double log_difference(double a, double b) {
    if (b == log_zero) return a;
    return a <= b ? log_zero : a + std::log(-std::expm1(b - a));
}

// The ports that a scope keeps busy: Poisson's law, or that of its source ports.
class busy_ports {
  public:
    busy_ports(const port_scope& scope, std::uint64_t most, std::uint64_t quota) : scope_(scope) {
        if (scope.towards.empty()) {
            heavy_ = scope.load > static_cast<double>(most);
            return;
        }
        own_ = detail::law_of_subscriber(scope, most, quota);
        above_.assign(own_.used.size() + 1, log_zero);
        for (std::size_t u = own_.used.size(); u-- > 0;)
            above_[u] = log_sum(above_[u + 1], own_.used[u]);
        below_ = own_.used;
        for (std::size_t u = 1; u < below_.size(); ++u)
            below_[u] = log_sum(below_[u - 1], below_[u]);
    }

    bool written() const { return !scope_.towards.empty(); }
    std::size_t groups() const { return written() ? scope_.towards.size() : 1; }
    std::uint64_t most() const { return own_.used.size() - 1; }  // where it is written

    // All logarithms are larger by so much: of a load beyond the ports Poisson's e^-load would
    // leave few digits to what they differ by.
    double common() const { return heavy_ ? scope_.load : 0; }

    // log P(at most so many)
    double at_most(std::uint64_t n) const {
        if (heavy_) return log_terms(static_cast<double>(n), scope_.load);
        if (!written()) return log_at_most(static_cast<double>(n), scope_.load);
        if (n >= most()) return 0;
        const double above = above_[n + 1] - above_[0];
        return above < std::log(0.5) ? std::log1p(-std::exp(above)) : below_[n] - above_[0];
    }
    // Likewise, and the next connection of the group is offered, and needs another port.
    double fresh(std::size_t group, std::uint64_t n) const {
        if (heavy_) {
            const auto count = static_cast<double>(n);
            return count * std::log(scope_.load) - std::lgamma(count + 1);
        }
        if (!written()) return log_poisson_weight(static_cast<double>(n), scope_.load);
        return n <= most() ? own_.groups[group].fresh[n] - above_[0] : log_zero;
    }
    // log of the sum over first .. n of states in which it is offered, or finds its quota full.
    double offered(std::size_t group, std::uint64_t first, std::uint64_t n) const {
        return sum(own_.groups[group].offered, first, n);
    }
    double at_quota(std::size_t group, std::uint64_t first, std::uint64_t n) const {
        return sum(own_.groups[group].at_quota, first, n);
    }

  private:
    double sum(const std::vector<double>& of, std::uint64_t first, std::uint64_t n) const {
        double out = log_zero;
        for (auto u = first; u <= std::min(n, most()); ++u) out = log_sum(out, of[u]);
        return out - above_[0];
    }

    const port_scope& scope_;
    bool heavy_ = false;
    detail::subscriber_law own_;
    std::vector<double> below_, above_;  // logs of sums of own_.used, up to and from
};

}  // namespace

own_law needed_by_one(const block_dealing& what, const block_subscribers& who) {
    own_law out;
    std::vector<busy_ports> scopes;
    std::vector<std::size_t> first;  // of a scope's places in `full`
    std::size_t places = 0;
    double common = 0;
    for (const auto& s : who.scopes) {
        scopes.emplace_back(s, what.own + what.most * what.block, who.quota);
        first.push_back(places);
        common += s.copies * scopes.back().common();
        places += scopes.back().groups();
    }
    if (who.quota > 0 && (scopes.size() != 1 || !scopes[0].written() || who.scopes[0].copies != 1))
        throw domain_error("dealt_blocks: a quota is one of a subscriber with one scope");
    out.full.resize(places);
    out.alone.resize(places);
    out.offered.resize(places);
    out.at_quota.resize(places);
    double before_below = log_zero, before_above = 0;  // of no block at all: impossible
    std::vector<double> before_offered(places, log_zero);
    for (std::uint64_t j = 0; j <= what.most; ++j) {
        const std::uint64_t ports = what.own + j * what.block;
        const std::uint64_t from = j == 0 ? 0 : ports - what.block + 1;
        double below = 0;
        std::vector<double> here;
        for (std::size_t s = 0; s < scopes.size(); ++s) {
            here.push_back(scopes[s].at_most(ports));
            below += who.scopes[s].copies * here.back();
        }
        const double above = below < common ? std::log(-std::expm1(below - common)) : log_zero;
        // what lies between two steps, from the side on which they differ most
        double between = log_zero;
        if (j == 0)
            between = below;
        else if (before_above > std::log(0.5))
            between = before_below == log_zero
                          ? below
                          : below + std::log(-std::expm1(std::min(before_below - below, -0.0)));
        else
            between = before_above == log_zero || above >= before_above
                          ? log_zero
                          : before_above + std::log1p(-std::exp(above - before_above));
        out.held.push_back(between);
        if (between > log_zero) out.reached = j;
        for (std::size_t s = 0; s < scopes.size(); ++s)
            for (std::size_t g = 0; g < scopes[s].groups(); ++g) {
                const std::size_t at = first[s] + g;
                const double others = here[s] == log_zero ? log_zero : below - here[s];
                const double next = scopes[s].fresh(g, ports);
                out.full[at].push_back(next + others);
                out.alone[at].push_back(here[s] == log_zero ? 0 : next - here[s]);
                if (!scopes[s].written()) {
                    out.offered[at].push_back(between);
                    out.at_quota[at].push_back(log_zero);
                    continue;
                }
                out.at_quota[at].push_back(scopes[s].at_quota(g, from, ports));
                if (scopes.size() == 1 && who.scopes[0].copies == 1) {
                    out.offered[at].push_back(scopes[s].offered(g, from, ports));
                    continue;
                }
                // This one at most so far and offered, the others at most so far; less what was.
                const double now = scopes[s].offered(g, 0, ports) + others;
                out.offered[at].push_back(ports < who.scopes[s].sockets
                                              ? between
                                              : log_difference(now, before_offered[at]));
                before_offered[at] = now;
            }
        before_below = below;
        before_above = above;
        out.all = below;
    }
    return out;
}

}  // namespace natbound::calculator::detail
