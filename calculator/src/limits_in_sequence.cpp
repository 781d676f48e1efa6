#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/finite_queue.hpp>
#include <natbound/calculator/limits_in_sequence.hpp>
#include <string>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

// Blocks that so many connections take.
std::uint64_t blocks_of(std::uint64_t connections, std::uint64_t block) {
    return (connections + block - 1) / block;
}

constexpr const char* name = "limits_in_sequence";
constexpr double most_steps = 2e10;

void check(const limit_sequence& x) {
    const auto count = [](const char* argument, std::uint64_t value, std::uint64_t most,
                          const char* rule) {
        detail::require(value >= 1 && value <= most, name, argument, static_cast<double>(value),
                        rule);
    };
    count("classes", x.classes.size(), 32, "must be at least 1 and at most 32");
    for (std::size_t k = 0; k < x.classes.size(); ++k) {
        const auto& c = x.classes[k];
        const std::string at = "classes[" + std::to_string(k) + "].";
        count((at + "subscribers").c_str(), c.subscribers, 1000000,
              "must be at least 1 and at most 1e6");
        count((at + "quota").c_str(), c.quota, 1U << 20U, "must be at least 1 and at most 2^20");
        detail::require(c.load >= 1e-200 && c.load <= 1e9, name, (at + "load").c_str(), c.load,
                        "must be at least 1e-200 and at most 1e9");
        detail::require(c.hold >= 1e-100 && c.hold <= 1e12, name, (at + "hold").c_str(), c.hold,
                        "must be at least 1e-100 and at most 1e12");
    }
    count("block", x.block, 65536, "must be at least 1 and at most 65,536");
    if (x.pool) count("pool", *x.pool, 1U << 22U, "must be at least 1 and at most 2^22");
    if (x.table) count("table", *x.table, 1U << 26U, "must be at least 1 and at most 2^26");
    if (x.rate)
        detail::require(*x.rate > 0 && *x.rate <= 1e12, name, "rate", *x.rate,
                        "must be above 0 and at most 1e12");
    count("burst", x.burst, 1U << 20U, "must be at least 1 and at most 2^20");
}

// The law of blocks and flows that some subscribers hold together, as far as it fits; a dimension
// that no limit counts is left out. Up to a factor.
class held {
  public:
    held(std::size_t blocks, std::size_t flows) : blocks_(blocks), flows_(flows) {
        p_.assign((blocks + 1) * (flows + 1), 0);
        p_[0] = 1;
    }

    // Another subscriber, with these chances of n flows.
    void add(const std::vector<double>& chances, std::uint64_t block) {
        std::vector<double> out(p_.size(), 0);
        for (std::size_t n = 0; n < chances.size(); ++n) {
            const std::size_t b = blocks_ > 0 ? (n + block - 1) / block : 0, f = flows_ > 0 ? n : 0;
            if (b > blocks_ || f > flows_) break;
            for (std::size_t i = 0; i + b <= std::min(blocks_, most_blocks_ + b); ++i) {
                const double* from = &p_[i * (flows_ + 1)];
                double* to = &out[(i + b) * (flows_ + 1) + f];
                const std::size_t end = std::min(flows_ - f, most_flows_);
                for (std::size_t j = 0; j <= end; ++j) to[j] += chances[n] * from[j];
            }
        }
        const std::size_t top = chances.size() - 1;
        if (blocks_ > 0) most_blocks_ = std::min(blocks_, most_blocks_ + (top + block - 1) / block);
        if (flows_ > 0) most_flows_ = std::min(flows_, most_flows_ + top);
        const double largest = *std::max_element(out.begin(), out.end());
        for (double& x : out) x /= largest;  // overload would underflow
        p_.swap(out);
    }

    double at(std::size_t blocks, std::size_t flows) const {
        return p_[blocks * (flows_ + 1) + flows];
    }
    std::size_t blocks() const { return blocks_; }
    std::size_t flows() const { return flows_; }

  private:
    std::size_t blocks_, flows_;                    // limits, 0 where there is none
    std::size_t most_blocks_ = 0, most_flows_ = 0;  // that can be held so far
    std::vector<double> p_;
};

// Chances of n = 0 .. quota flows of a subscriber that meets its quota alone.
std::vector<double> alone(double load, std::uint64_t quota) {
    std::vector<double> p(quota + 1);
    const auto mode = static_cast<std::size_t>(std::min(std::floor(load), double(quota)));
    p[mode] = 1;
    for (std::size_t n = mode; n > 0; --n) p[n - 1] = p[n] * (static_cast<double>(n) / load);
    for (std::size_t n = mode; n < quota; ++n)
        p[n + 1] = p[n] * (load / static_cast<double>(n + 1));
    double total = 0;
    for (const double x : p) total += x;
    for (double& x : p) x /= total;
    return p;
}

// What the pool and the table can bind: 0 where they can't.
struct binding {
    std::size_t blocks = 0, flows = 0;

    explicit binding(const limit_sequence& x) {
        double most_blocks = 0, most_flows = 0, subscribers = 0, quotas = 0;
        for (const auto& c : x.classes) {
            const auto s = static_cast<double>(c.subscribers);
            most_blocks += s * static_cast<double>(blocks_of(c.quota, x.block));
            most_flows += s * static_cast<double>(c.quota);
            subscribers += s;
            quotas = std::max(quotas, static_cast<double>(c.quota));
        }
        if (x.pool && static_cast<double>(*x.pool) < most_blocks) blocks = *x.pool;
        if (x.table && static_cast<double>(*x.table) < most_flows) flows = *x.table;
        if (blocks > 0 && flows >= blocks * x.block) flows = 0;
        if (x.block == 1 && blocks > 0 && flows > 0) blocks = 0;  // the table is the smaller
        const double cells = static_cast<double>(blocks + 1) * static_cast<double>(flows + 1);
        const double steps =
            cells * subscribers * (quotas + 1) * static_cast<double>(x.classes.size());
        if (blocks + flows > 0)
            detail::require(steps <= most_steps && cells <= 1e8, name, "classes", steps,
                            "(classes x subscribers x pool x table x quota) must be at most 2e10");
    }
};

// Far beyond a limit the states that fit are so rare among those without it that they underflow.
// So each flow (where flows are not counted, each block) weighs less by a factor, which is taken
// back when all are added up: what is counted in all decides it.
double lighter(const limit_sequence& x, const binding& most, double let_in) {
    double wanted = 0;
    for (const auto& c : x.classes) wanted += static_cast<double>(c.subscribers) * c.load * let_in;
    if (most.flows > 0) return std::min(1.0, static_cast<double>(most.flows) / wanted);
    if (most.blocks == 0) return 1;
    const auto block = static_cast<double>(x.block);
    return std::pow(std::min(1.0, static_cast<double>(most.blocks) * block / wanted), block);
}

// The three limits that have a product form, where the bucket lets in that part.
std::vector<sequence_refusals> first_three(const limit_sequence& x, const binding& most,
                                           double let_in) {
    std::vector<std::vector<double>> laws;
    const double factor = lighter(x, most, let_in);
    for (const auto& c : x.classes) {
        // a flow's weight is its load; a block's comes on top
        laws.push_back(alone(c.load * let_in * (most.flows > 0 ? factor : 1), c.quota));
        if (most.flows == 0 && factor < 1)
            for (std::size_t n = 0; n < laws.back().size(); ++n)
                laws.back()[n] *= std::pow(factor, static_cast<double>(blocks_of(n, x.block)));
    }
    const std::size_t counted = most.flows > 0 ? most.flows : most.blocks;
    std::vector<double> taken_back(counted + 1, 1);
    for (std::size_t i = counted; i-- > 0;) taken_back[i] = taken_back[i + 1] * factor;
    std::vector<sequence_refusals> out;
    for (std::size_t k = 0; k < x.classes.size(); ++k) {
        held others(most.blocks, most.flows);
        if (most.blocks + most.flows > 0)
            for (std::size_t i = 0; i < x.classes.size(); ++i)
                for (auto left = x.classes[i].subscribers - (i == k ? 1 : 0); left > 0; --left)
                    others.add(laws[i], x.block);
        sequence_refusals r;
        double total = 0;
        for (std::size_t n = 0; n < laws[k].size(); ++n) {
            const std::size_t b = most.blocks > 0 ? (n + x.block - 1) / x.block : 0;
            const std::size_t f = most.flows > 0 ? n : 0;
            if (b > most.blocks || f > most.flows) break;
            double fits = 0, no_block = 0, no_entry = 0;
            for (std::size_t i = 0; i + b <= most.blocks; ++i)
                for (std::size_t j = 0; j + f <= most.flows; ++j) {
                    const double here =
                        others.at(i, j) * taken_back[most.flows > 0 ? j + f : i + b];
                    fits += here;
                    if (most.blocks > 0 && n % x.block == 0 && i + b == most.blocks)
                        no_block += here;
                    else if (most.flows > 0 && j + f == most.flows)
                        no_entry += here;
                }
            total += laws[k][n] * fits;
            if (n + 1 == laws[k].size()) {
                r.by_quota += laws[k][n] * fits;
            } else {
                r.by_pool += laws[k][n] * no_block;
                r.by_table += laws[k][n] * no_entry;
            }
        }
        detail::require(total > 0, name, "load", x.classes[k].load,
                        "is so far beyond the limits that nothing can be said");
        r.by_quota /= total;
        r.by_pool /= total;
        r.by_table /= total;
        out.push_back(r);
    }
    return out;
}

// What a bucket refuses of a Poisson stream of that rate; beyond a hundredfold it is always empty.
double dropped_of(const limit_sequence& x, double reach) {
    if (reach <= 0) return 0;
    const double load = reach / *x.rate;
    return load > 100 ? 1 - 1 / load : finite_queue(service::constant, x.burst, load).loss;
}

// Connections a second of each class, and of all.
struct arrival_rates {
    std::vector<double> each;
    double all = 0;

    explicit arrival_rates(const limit_sequence& x) {
        for (const auto& c : x.classes) {
            each.push_back(static_cast<double>(c.subscribers) * c.load / c.hold);
            all += each.back();
        }
    }
};

// Bounds of out.all, from what each limit would refuse alone; `without`: without the bucket.
void bound(const limit_sequence& x, const binding& most, const arrival_rates& rates,
           const std::vector<sequence_refusals>& without, sequence_answer& out) {
    double load = 0, joint = 0;
    auto& high = out.high.by;
    bool one_hold = true;
    for (std::size_t k = 0; k < x.classes.size(); ++k) {
        const auto& c = x.classes[k];
        load += static_cast<double>(c.subscribers) * c.load;
        high.by_quota += rates.each[k] / rates.all * erlang_b(static_cast<double>(c.quota), c.load);
        joint += rates.each[k] / rates.all * without[k].refusal();
        one_hold = one_hold && c.hold == x.classes[0].hold;
    }
    const auto ports = [&](std::uint64_t limit) {
        return erlang_b(static_cast<double>(limit), load);
    };
    if (most.blocks > 0) high.by_pool = x.block == 1 ? ports(*x.pool) : joint;
    if (most.flows > 0) high.by_table = ports(*x.table);
    high.by_rate = dropped_of(x, rates.all);
    double least = std::max(high.by_quota, high.by_rate);
    if (one_hold) least = std::max({least, high.by_table, x.block == 1 ? high.by_pool : 0.0});
    out.low.refusal = std::min(least, out.all.refusal());
    out.high.refusal = std::max(std::min(1.0, high.refusal()), out.all.refusal());
    const double together = high.refusal();
    for (const auto part : {&sequence_refusals::by_quota, &sequence_refusals::by_pool,
                            &sequence_refusals::by_table, &sequence_refusals::by_rate}) {
        out.low.by.*part = std::clamp(least - (together - high.*part), 0.0, out.all.*part);
    }
    for (const auto part : {&sequence_refusals::by_quota, &sequence_refusals::by_pool,
                            &sequence_refusals::by_table, &sequence_refusals::by_rate})
        high.*part = std::max(high.*part, out.all.*part);
}

}  // namespace

sequence_answer limits_in_sequence(const limit_sequence& x) {
    check(x);
    const binding most(x);
    const arrival_rates arrive(x);
    const auto& rates = arrive.each;
    const double all = arrive.all;
    sequence_answer out;
    out.exact = !x.rate;
    double dropped = 0;  // of what reaches the bucket
    out.classes = first_three(x, most, 1);
    const auto without = out.classes;
    // The more is dropped, the less is live, and the more reaches the bucket: from below.
    for (int i = 0; x.rate && i < 100; ++i) {
        double reach = 0;
        for (std::size_t k = 0; k < rates.size(); ++k)
            reach += rates[k] * (1 - out.classes[k].refusal());
        detail::require(reach / *x.rate <= 100, name, "rate", *x.rate,
                        "must be at least a hundredth of what the other limits let in");
        const double before = dropped;
        dropped = dropped_of(x, reach);
        if (std::fabs(dropped - before) <= 1e-13 * dropped) break;
        out.classes = first_three(x, most, 1 - dropped);
    }
    for (std::size_t k = 0; k < rates.size(); ++k) {
        auto& r = out.classes[k];
        r.by_rate = (1 - r.by_quota - r.by_pool - r.by_table) * dropped;
        const double part = rates[k] / all;
        out.all.by_quota += part * r.by_quota;
        out.all.by_pool += part * r.by_pool;
        out.all.by_table += part * r.by_table;
        out.all.by_rate += part * r.by_rate;
    }
    if (x.rate)
        bound(x, most, arrive, without, out);
    else
        out.low = out.high = {out.all, out.all.refusal()};
    return out;
}

}  // namespace natbound::calculator
