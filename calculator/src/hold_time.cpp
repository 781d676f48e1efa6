#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/hold_time.hpp>
#include <string>
#include <utility>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

// exp(-x); what underflows takes the C library a multiple of the time.
double faded(double x) { return x > 746 ? 0 : std::exp(-x); }

void check_mean(double mean, const char* argument = "mean") {
    detail::require(mean > 0 && mean <= 1e300, "hold_time", argument, mean,
                    "must be above 0 and finite");
}

std::string indexed(const char* argument, std::size_t i) {
    return std::string(argument) + "[" + std::to_string(i) + "]";
}

double upper_normal(double z) { return 0.5 * std::erfc(z / 1.41421356237309504880); }

}  // namespace

hold_time::hold_time(shape form, double mean, double cv) : form_(form), mean_(mean) {
    check_mean(mean);
    detail::require(cv > 0 && cv <= 100, "hold_time", "cv", cv, "must be above 0 and at most 100");
    if (form == shape::lognormal) {
        const double variance = std::log1p(cv * cv);
        a_ = std::log(mean) - variance / 2;
        b_ = std::sqrt(variance);
    } else if (form == shape::gamma) {
        a_ = 1 / (cv * cv);
        b_ = mean * cv * cv;
    }
}

hold_time hold_time::exponential(double mean) { return hyperexponential({1}, {mean}); }
hold_time hold_time::constant(double mean) { return {shape::constant, mean, 1}; }
hold_time hold_time::lognormal(double mean, double cv) { return {shape::lognormal, mean, cv}; }
hold_time hold_time::gamma(double mean, double cv) { return {shape::gamma, mean, cv}; }

hold_time hold_time::hyperexponential(std::vector<double> weights, std::vector<double> means) {
    detail::require(!means.empty() && weights.size() == means.size(), "hold_time", "means",
                    static_cast<double>(means.size()),
                    "must be as many as the weights, at least 1");
    double total = 0, mean = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
        check_mean(means[i], indexed("means", i).c_str());
        detail::require(detail::finite_and_not_negative(weights[i]), "hold_time",
                        indexed("weights", i).c_str(), weights[i], detail::rule_not_negative);
        total += weights[i];
    }
    detail::require(total > 0, "hold_time", "weights", total, "must have a sum above 0");
    for (std::size_t i = 0; i < means.size(); ++i) {
        weights[i] /= total;
        mean += weights[i] * means[i];
    }
    hold_time out(shape::hyperexponential, mean, 1);
    out.weights_ = std::move(weights);
    out.means_ = std::move(means);
    return out;
}

hold_time hold_time::empirical(const std::vector<double>& samples,
                               const std::vector<double>& weights) {
    constexpr const char* name = "hold_time";
    detail::require(!samples.empty() && samples.size() <= 65536, name, "samples",
                    static_cast<double>(samples.size()), "must be at least 1 and at most 65,536");
    detail::require(weights.empty() || weights.size() == samples.size(), name, "weights",
                    static_cast<double>(weights.size()), "must be as many as the samples");
    std::vector<std::pair<double, double>> all;
    double total = 0, mean = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double weight = weights.empty() ? 1 : weights[i];
        detail::require(samples[i] >= 0 && samples[i] <= 1e100, name, indexed("samples", i).c_str(),
                        samples[i], "must be at least 0 and at most 1e100");
        detail::require(weight >= 0 && weight <= 1e100, name, indexed("weights", i).c_str(), weight,
                        "must be at least 0 and at most 1e100");
        all.emplace_back(samples[i], weight);
        total += weight;
    }
    detail::require(total > 0, name, "weights", total, "must have a sum above 0");
    std::sort(all.begin(), all.end());
    for (const auto& [sample, weight] : all) mean += weight / total * sample;
    hold_time out(shape::empirical, mean, 1);
    for (auto& moments : out.beyond_) moments.assign(all.size() + 1, 0);
    for (std::size_t i = all.size(); i-- > 0;) {
        double term = all[i].second / total;
        for (auto& moments : out.beyond_) {
            moments[i] = moments[i + 1] + term;
            term *= all[i].first;
        }
    }
    for (const auto& [sample, weight] : all) out.samples_.push_back(sample);
    return out;
}

hold_time hold_time::histogram(const std::vector<double>& edges,
                               const std::vector<double>& weights) {
    constexpr const char* name = "hold_time";
    detail::require(edges.size() >= 2 && edges.size() <= 4096, name, "edges",
                    static_cast<double>(edges.size()), "must be at least 2 and at most 4,096");
    detail::require(weights.size() == edges.size() - 1, name, "weights",
                    static_cast<double>(weights.size()), "must be one a bin");
    double total = 0, mean = 0;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const std::string edge = indexed("edges", i);
        detail::require(edges[i] >= (i == 0 ? 0 : edges[i - 1]) && edges[i] <= 1e100, name,
                        edge.c_str(), edges[i],
                        "must be at least 0 and the one before, at most 1e100");
        if (i == 0) continue;
        detail::require(edges[i] > edges[i - 1], name, edge.c_str(), edges[i], "must ascend");
        detail::require(weights[i - 1] >= 0 && weights[i - 1] <= 1e100, name,
                        indexed("weights", i - 1).c_str(), weights[i - 1],
                        "must be at least 0 and at most 1e100");
        total += weights[i - 1];
    }
    detail::require(total > 0, name, "weights", total, "must have a sum above 0");
    for (std::size_t i = 0; i < weights.size(); ++i)
        mean += weights[i] / total * (edges[i] + edges[i + 1]) / 2;
    hold_time out(shape::histogram, mean, 1);
    out.samples_ = edges;
    for (const double w : weights) out.weights_.push_back(w / total);
    return out;
}

// Of each bin the part beyond x, the smallest bins' rounding last.
double hold_time::bins_beyond(int order, double x) const {
    double sum = 0;
    for (std::size_t i = weights_.size(); i-- > 0 && samples_[i + 1] > x;) {
        const double low = samples_[i], high = samples_[i + 1], from = std::max(low, x);
        double mean = 1;  // of X^order in [from, high]
        if (order == 1) mean = (from + high) / 2;
        if (order == 2) mean = (from * from + from * high + high * high) / 3;
        sum += weights_[i] * (high - from) / (high - low) * mean;
    }
    return sum;
}

hold_time hold_time::of_parts(const std::vector<hold_part>& parts) {
    constexpr const char* name = "hold_time";
    double total = 0, mean = 0;
    for (const auto& p : parts) {
        detail::require(detail::finite_and_not_negative(p.weight), name, "weight", p.weight,
                        detail::rule_not_negative);
        detail::require(detail::finite_and_not_negative(p.kept), name, "kept", p.kept,
                        detail::rule_not_negative);
        total += p.weight;
    }
    detail::require(total > 0, name, "weights", total, "must have a sum above 0");
    for (const auto& p : parts) mean += p.weight / total * (p.open.mean() + p.kept);
    hold_time out(shape::parts, mean, 1);
    for (const auto& p : parts)
        if (p.weight > 0) out.parts_.push_back({p.weight / total, p.open, p.kept});
    return out;
}

double hold_time::sample_moment_beyond(int order, double x) const {
    const auto first = std::upper_bound(samples_.begin(), samples_.end(), x);
    return beyond_[static_cast<std::size_t>(order)]
                  [static_cast<std::size_t>(first - samples_.begin())];
}

double hold_time::moment_beyond(int order, double x) const {
    if (form_ == shape::empirical) return sample_moment_beyond(order, x);
    if (form_ == shape::histogram) return bins_beyond(order, x);
    const double k = order;
    if (form_ == shape::gamma) {
        double rising = 1;
        for (int i = 0; i < order; ++i) rising *= (a_ + i) * b_;
        return x <= 0 ? rising : rising * boost::math::gamma_q(a_ + k, x / b_);
    }
    const double all = std::exp(k * a_ + k * k * b_ * b_ / 2);
    return x <= 0 ? all : all * upper_normal((std::log(x) - a_) / b_ - k * b_);
}

double hold_time::survival(double x) const {
    if (form_ == shape::constant) return x < mean_ ? 1 : 0;
    double total = 0;
    for (const auto& p : parts_) total += p.weight * (x < p.kept ? 1 : p.open.survival(x - p.kept));
    if (form_ == shape::parts) return total;
    if (form_ != shape::hyperexponential) return moment_beyond(0, x);
    for (std::size_t i = 0; i < means_.size(); ++i) {
        total += weights_[i] * faded(std::max(x, 0.0) / means_[i]);
    }
    return total;
}

double hold_time::excess(double x) const {
    x = std::max(x, 0.0);
    if (form_ == shape::constant) return std::max(mean_ - x, 0.0);
    double total = 0;
    for (const auto& p : parts_)
        total += p.weight * (std::max(p.kept - x, 0.0) + p.open.excess(x - p.kept));
    if (form_ == shape::parts) return total;
    if (form_ != shape::hyperexponential) {
        return std::max(0.0, moment_beyond(1, x) - x * moment_beyond(0, x));
    }
    for (std::size_t i = 0; i < means_.size(); ++i) {
        total += weights_[i] * means_[i] * faded(x / means_[i]);
    }
    return total;
}

double hold_time::half_square(double x) const {
    x = std::max(x, 0.0);
    if (form_ == shape::constant) {
        const double left = std::max(mean_ - x, 0.0);
        return left * left / 2;
    }
    double total = 0;
    for (const auto& p : parts_) {
        const double sure = std::max(p.kept - x, 0.0);  // passes before it can close
        total += p.weight * (sure * (sure / 2 + p.open.mean()) + p.open.half_square(x - p.kept));
    }
    if (form_ == shape::parts) return total;
    if (form_ != shape::hyperexponential) {
        return std::max(
            0.0,
            (moment_beyond(2, x) - x * (2 * moment_beyond(1, x) - x * moment_beyond(0, x))) / 2);
    }
    for (std::size_t i = 0; i < means_.size(); ++i) {
        total += weights_[i] * means_[i] * means_[i] * faded(x / means_[i]);
    }
    return total;
}

double hold_time::ragged() const {
    double last = samples_.empty() ? mean_ : samples_.back();  // a mode is no higher than the mean
    if (form_ == shape::parts) last = 0;
    for (const auto& p : parts_) last = std::max(last, p.kept + p.open.ragged());
    return last;
}

}  // namespace natbound::calculator
