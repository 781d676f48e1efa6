// The chain of all states, banded.
#include "natbound/calculator/reserved_sizes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "argument.hpp"
#include "scaled.hpp"

namespace natbound::calculator {
namespace {

using detail::scaled;

constexpr const char* name = "reserved_sizes";
constexpr std::uint64_t too_many = 1ULL << 40;
constexpr double log_rarest = -575.6;  // paths that are rarer underflow

// All numbers of live connections of each class that are reached, in the order of the first class,
// then of the second, and so on. The class with the most levels comes first, for the others make
// the band.
class live_states {
  public:
    live_states(std::uint64_t ports, const std::vector<size_class>& classes) : ports_(ports) {
        for (std::size_t k = 0; k < classes.size(); ++k)
            if (classes[k].load > 0 && classes[k].size + classes[k].reserved <= ports)
                order_.push_back(k);
        std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
            return levels(classes[a]) > levels(classes[b]);
        });
        for (const auto k : order_) offered_.push_back(classes[k]);
    }

    std::uint64_t levels(const size_class& c) const { return (ports_ - c.reserved) / c.size + 1; }
    const std::vector<std::size_t>& order() const { return order_; }

    // States with so many of the first class live, over all others; none beyond too_many.
    reserved_states count() const {
        if (order_.empty()) return {1, 0};
        double product = 1;
        for (const auto& c : offered_) product *= static_cast<double>(levels(c));
        // not even counted
        if (product > 1e8) return {too_many, too_many};
        std::vector<std::uint64_t> live(offered_.size(), 0);
        std::uint64_t states = 0, here = 0, most = 0, level = 0;
        visit(live, 0, 0, [&] {
            if (live[0] != level) {
                most = std::max(most, here);
                here = 0;
                level = live[0];
            }
            ++here;
            ++states;
        });
        return {states, std::max(most, here)};
    }

    // each(): with `live` set, in order.
    template <class Each>
    void visit(std::vector<std::uint64_t>& live, std::size_t k, std::uint64_t taken,
               const Each& each) const {
        if (k == offered_.size()) return each();
        const auto& c = offered_[k];
        // what is refused where too few would stay free is still not reached with too few free
        for (live[k] = 0; taken + live[k] * c.size <= ports_; ++live[k]) {
            if (live[k] * c.size + c.reserved > ports_) break;
            visit(live, k + 1, taken + live[k] * c.size, each);
        }
        live[k] = 0;
    }

  private:
    std::uint64_t ports_;
    std::vector<std::size_t> order_;
    std::vector<size_class> offered_;
};

// Rates from each state to those at most `reach` before and after it.
class band {
  public:
    band(std::size_t states, std::size_t reach)
        : states_(states), reach_(reach), rates_(states * (2 * reach + 1)) {}

    double& at(std::size_t from, std::size_t to) {
        return rates_[from * (2 * reach_ + 1) + to + reach_ - from];
    }

    // Weights of the stationary law, of the first state 1.
    std::vector<scaled> stationary() {
        for (std::size_t n = states_ - 1; n > 0; --n) {
            const std::size_t first = n > reach_ ? n - reach_ : 0;
            const double* row = &at(n, first);
            const double out = std::accumulate(row, row + (n - first), 0.0);
            for (std::size_t i = first; i < n; ++i) {
                double& into = at(i, n);
                if (into == 0) continue;
                into /= out;
                double* to = &at(i, first);
                const double share = into;
                for (std::size_t j = 0; j < n - first; ++j) to[j] += share * row[j];
                at(i, i) = 0;
            }
        }
        std::vector<scaled> out(states_);
        out[0] = scaled(1);
        for (std::size_t n = 1; n < states_; ++n)
            for (std::size_t i = n > reach_ ? n - reach_ : 0; i < n; ++i)
                if (const double share = at(i, n); share > 0) out[n] += out[i] * share;
        return out;
    }

  private:
    std::size_t states_, reach_;
    std::vector<double> rates_;
};

}  // namespace

reserved_states states_of_reserved(std::uint64_t ports, const std::vector<size_class>& classes) {
    return live_states(ports, classes).count();
}

kaufman_roberts_answer reserved_sizes(std::uint64_t ports, const std::vector<size_class>& classes,
                                      const std::vector<double>& holds) {
    kaufman_roberts(0, classes);  // refuses bad classes
    detail::require(holds.empty() || holds.size() == classes.size(), name, "holds",
                    static_cast<double>(holds.size()), "must be one for each class");
    for (std::size_t k = 0; k < holds.size(); ++k)
        detail::require(holds[k] >= 1e-100 && holds[k] <= 1e100, name,
                        ("holds[" + std::to_string(k) + "]").c_str(), holds[k],
                        "must lie within 1e-100 and 1e100");
    const live_states all(ports, classes);
    const auto size = all.count();
    const auto states = static_cast<double>(size.states), reach = static_cast<double>(size.reach);
    detail::require(
        states * reach <= most_reserved_memory && states * reach * reach <= most_reserved_work,
        name, "ports", static_cast<double>(ports),
        "has more states with these classes than are gone through (states x reach^2 at most 4e9); "
        "kaufman_roberts has an approximation");

    // Taken ports and live connections, by state.
    const auto& order = all.order();
    std::vector<std::vector<std::uint64_t>> live;
    std::vector<std::uint64_t> now(order.size(), 0), taken;
    all.visit(now, 0, 0, [&] {
        live.push_back(now);
        std::uint64_t sum = 0;
        for (std::size_t k = 0; k < order.size(); ++k) sum += now[k] * classes[order[k]].size;
        taken.push_back(sum);
    });
    const auto place = [&](const std::vector<std::uint64_t>& where) {
        return static_cast<std::size_t>(std::lower_bound(live.begin(), live.end(), where) -
                                        live.begin());
    };
    struct step {
        std::size_t from, to;
        double rate;
    };
    std::size_t far = 0;  // the farthest one
    std::vector<step> steps;
    const auto lead = [&](std::size_t from, const std::vector<std::uint64_t>& where, double rate) {
        const std::size_t to = place(where);
        far = std::max(far, to > from ? to - from : from - to);
        steps.push_back({from, to, rate});
    };
    for (std::size_t i = 0; i < live.size(); ++i)
        for (std::size_t k = 0; k < order.size(); ++k) {
            const auto& c = classes[order[k]];
            const double hold = holds.empty() ? 1 : holds[order[k]];
            auto next = live[i];
            if (next[k] > 0) {
                --next[k];
                lead(i, next, static_cast<double>(live[i][k]) / hold);
                ++next[k];
            }
            if (taken[i] + c.size + c.reserved > ports) continue;
            ++next[k];
            lead(i, next, c.load / hold);
        }
    band chain(live.size(), far);
    for (const auto& one : steps) chain.at(one.from, one.to) += one.rate;
    const auto weights = chain.stationary();

    kaufman_roberts_answer out;
    out.exact = true;
    scaled sum, ports_taken;
    std::vector<scaled> refused(classes.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        sum += weights[i];
        ports_taken += weights[i] * static_cast<double>(taken[i]);
        for (std::size_t k = 0; k < classes.size(); ++k)
            if (taken[i] + classes[k].size + classes[k].reserved > ports) refused[k] += weights[i];
    }
    out.mean = detail::quotient(ports_taken, sum);
    for (const auto& r : refused) {
        const double log = detail::log_quotient(r, sum);
        detail::require(log >= log_rarest || log == -std::numeric_limits<double>::infinity(), name,
                        "ports", static_cast<double>(ports),
                        "refuses less often than 1e-250, where the chain loses its digits; "
                        "kaufman_roberts has an approximation");
        out.refusal.push_back(detail::quotient(r, sum));
        out.log_refusal.push_back(log);
    }
    return out;
}

}  // namespace natbound::calculator
