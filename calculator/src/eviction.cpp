// Between two packets of an open connection three things compete: the next packet (at rate 1/gap,
// or the keep-alive), its end (at rate 1/life), and the cut after W = min(T, idle_timeout). All
// begin anew at each packet, as the laws have no memory.
//
// T is a mean: the age A of the entry that is next to go varies with the number of entries touched
// within x, which is nearly Poisson, of mean mu(x). Up to L, the shortest timeout, what was touched
// is still there, so that P(A < x) = P(Poisson(mu(x)) >= size), and the rate of cuts is an integral
// over A. Where fewer were touched within L, those that go are older and open, and then the balance
// of entries that come and go is Erlang's: table full with chance B(size, mean demand), where Che
// has its limit 1 - size/demand, or 0. That of the balance with all that go open is also the most.
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/eviction.hpp>
#include <utility>

#include "argument.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "evicting_table";

// What comes after a packet, if an idle entry goes after `patience`; just then with chance `share`
// where a keep-alive is due at that very time.
struct outcome {
    double cut = 0, end = 0;  // chances; else a packet
    double time = 0;          // mean until any of them
};

outcome after_packet(const connection_kind& kind, double patience, double share) {
    outcome out;
    const double rate = 1 / kind.gap + 1 / kind.life;
    const double limit = std::min(patience, kind.keep_alive);
    const double passed = std::isinf(limit) ? 1 : -std::expm1(-limit * rate);
    out.time = passed / rate;
    out.end = out.time / kind.life;
    if (kind.keep_alive >= patience && !std::isinf(patience)) {
        out.cut = std::exp(-patience * rate) * (kind.keep_alive == patience ? share : 1);
    }
    return out;
}

outcome after_packet_at(const connection_kind& kind, double time, double share) {
    // The idle timeout leaves nothing to chance: a keep-alive that is due with it is in time.
    return kind.idle_timeout <= time ? after_packet(kind, kind.idle_timeout, 0)
                                     : after_packet(kind, time, share);
}

// How often a connection's entry begins to idle, if an entry goes after `time`.
double intervals(const connection_kind& kind, double time, double share) {
    const auto next = after_packet_at(kind, time, share);
    return 1 / (next.cut + next.end);
}

// Mean time that an entry spends in the table having been touched within the last `recent`.
double stay(const connection_kind& kind, double time, double share, double recent) {
    const auto next = after_packet_at(kind, time, share);
    const double open = recent < time ? after_packet_at(kind, recent, 1).time : next.time;
    const double closed = std::min({recent, time, kind.closed_timeout});
    return intervals(kind, time, share) * (open + (next.end > 0 ? next.end * closed : 0));
}

double chance_cut(const outcome& next) { return next.cut / (next.cut + next.end); }

// Where f, which rises, reaches y within low .. high; high where it does not.
template <class F>
double reaches(double low, double high, double y, const F& f) {
    if (f(high) <= y) return high;
    for (int i = 0; i < 70 && high - low > 1e-15 * high; ++i) {
        const bool wide = low > 0 && high > 4 * low;
        const double middle = wide ? std::sqrt(low) * std::sqrt(high) : low + (high - low) / 2;
        (f(middle) < y ? low : high) = middle;
    }
    return high;
}

// The places and weights of an integral from first to last in so many parts, by Gauss.
std::vector<std::pair<double, double>> places(double first, double last, int parts) {
    using gauss = boost::math::quadrature::gauss<double, 20>;
    std::vector<std::pair<double, double>> out;
    const double half = (last - first) / parts / 2;
    for (int i = 0; i < parts; ++i)
        for (std::size_t j = 0; j < gauss::abscissa().size(); ++j)
            for (const int side : {-1, 1})
                out.emplace_back(first + half * (2 * i + 1 + side * gauss::abscissa()[j]),
                                 half * gauss::weights()[j]);
    return out;
}

constexpr double deviations = 9;  // beyond, a Poisson number is not

}  // namespace

evicting_table::evicting_table(double size, std::vector<connection_kind> kinds)
    : size_(size), kinds_(std::move(kinds)), time_(never) {
    detail::require(size >= 1 && size <= 1e12, name, "size", size,
                    "must be at least 1 and at most 1e12");
    detail::require(!kinds_.empty(), name, "kinds", 0, "must be at least one");
    const auto positive = [](const char* argument, double x, bool or_never) {
        // of shorter times the rates, of smaller rates the times, leave what a double holds
        detail::require(x >= 1e-100 && (x <= 1e100 || (or_never && std::isinf(x))), name, argument,
                        x,
                        or_never ? "must be at least 1e-100, and at most 1e100 or infinite"
                                 : "must be at least 1e-100 and at most 1e100");
    };
    for (const auto& kind : kinds_) {
        positive("rate", kind.rate, false);
        positive("life", kind.life, false);
        positive("gap", kind.gap, false);
        positive("keep_alive", kind.keep_alive, true);
        positive("idle_timeout", kind.idle_timeout, true);
        positive("closed_timeout", kind.closed_timeout, true);
    }
    for (const auto& kind : kinds_) {
        rate_ += kind.rate;
        young_ = std::min({young_, kind.closed_timeout, kind.idle_timeout});
    }
    demand_ = entries(never, 1, never);
    if (demand_ > size) find_time();
    find_cuts();
}

void evicting_table::find_time() {
    double low = 0, high = 1;  // the entries grow with the time
    while (entries(high, 1, high) < size_) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
        const double middle = 0.5 * (low + high);
        (entries(middle, 1, middle) < size_ ? low : high) = middle;
    }
    time_ = 0.5 * (low + high);
    // They jump where a keep-alive comes just in time. Within the jump, some come in time.
    for (const auto& kind : kinds_) {
        if (std::abs(kind.keep_alive - time_) > 1e-12 * time_) continue;
        time_ = kind.keep_alive;
        double few = 0, many = 1;
        for (int i = 0; i < 60; ++i) {
            share_ = 0.5 * (few + many);
            (entries(time_, share_, time_) > size_ ? few : many) = share_;
        }
        break;
    }
}

double evicting_table::entries(double time, double share, double recent) const {
    double total = 0;
    for (const auto& kind : kinds_) total += kind.rate * stay(kind, time, share, recent);
    return total;
}

double evicting_table::touched_within(double recent) const {
    detail::require(recent >= 0, name, "recent", recent, "must be at least 0");
    return recent == 0 ? 0 : entries(time_, share_, std::min(recent, time_));
}

// Entries touched within `idle`, were those as old as T still there.
double evicting_table::touched(double idle, const profile& as) const {
    double total = 0;
    for (const auto& kind : kinds_) {
        const auto next = after_packet_at(kind, idle, 1);
        const double ends = after_packet_at(kind, as.time, as.share).end;
        total += kind.rate * intervals(kind, as.time, as.share) *
                 (next.time + ends * std::min(idle, kind.closed_timeout));
    }
    return total;
}

// The rate at which open entries of a kind reach an age, their density by age.
double evicting_table::open_at(const connection_kind& kind, double age, const profile& as) const {
    if (age >= std::min(kind.keep_alive, kind.idle_timeout)) return 0;
    return kind.rate * intervals(kind, as.time, as.share) *
           std::exp(-age * (1 / kind.gap + 1 / kind.life));
}

// Of a unit of time, the connections of all kinds that are cut, were all entries to go at that age.
double evicting_table::cut_at(const profile& as) const {
    double total = 0;
    for (const auto& kind : kinds_)
        total += kind.rate * chance_cut(after_packet_at(kind, as.time, as.share));
    return total;
}

// Ages between which A varies, up to L.
std::pair<double, double> evicting_table::ages(const profile& as) const {
    const double width = deviations * std::sqrt(size_) + (deviations * deviations) / 2;
    const auto mean = [&](double idle) { return touched(idle, as); };
    double most = young_;
    if (std::isinf(most))
        for (most = std::fmin(as.time, 1e100); mean(most) < size_ + width && most < 1e150;)
            most *= 2;
    const double centre = std::min(size_, mean(most));
    const double first = reaches(0, most, std::max(0.0, centre - width), mean);
    return {first, reaches(first, most, size_ + width, mean)};
}

// Those cut at an age up to L.
double evicting_table::cut_young(const profile& as) const {
    auto [first, last] = ages(as);
    double slowest = 0;
    for (const auto& kind : kinds_) slowest = std::max(slowest, 1 / (1 / kind.gap + 1 / kind.life));
    last = std::min(last, first + 50 * slowest);  // beyond, none is open
    double sum = 0, from = first;
    for (const double part : {1.0 / 64, 1.0 / 16, 0.25, 0.5, 0.75, 1.0}) {
        const double to = first + part * (last - first);
        for (const auto& [age, weight] : places(from, to, 1)) {
            const double near = touched(age, as);
            if (near <= 0) continue;
            double open = 0;
            for (const auto& kind : kinds_) open += open_at(kind, age, as);
            sum += weight * boost::math::gamma_p_derivative(size_, near) * open;
        }
        from = to;
    }
    return sum * rate_;
}

// How often the oldest entry of a full table is open and older than L: of that many entries with
// independent ages, it is the oldest.
double evicting_table::oldest_open() const {
    const auto mean = [&](double age) { return entries(never, 1, age); };
    double slowest = 0;
    for (const auto& each : kinds_)
        slowest = std::max({slowest, 1 / (1 / each.gap + 1 / each.life),
                            std::isinf(each.closed_timeout) ? 0 : each.closed_timeout});
    const double far = young_ + 100 * slowest;
    const double least = std::exp(size_ * std::log(std::min(1.0, mean(young_) / demand_)));
    if (least >= 1) return 0;
    double sum = 0;
    for (const auto& [of_all, weight] : places(least, 1, 1)) {
        const double age = reaches(young_, far, demand_ * std::exp(std::log(of_all) / size_), mean);
        double open = 0, closed = 0;
        for (const auto& each : kinds_) {
            open += open_at(each, age, {never, 1});
            if (age < each.closed_timeout) closed += each.rate;
        }
        if (open > 0) sum += weight * open / (open + closed);
    }
    return sum;
}

// What is cut changes how many packets there are. So an age is sought at which as many would be cut
// as are by the law of A, given that so many are; and it says which.
void evicting_table::find_cuts() {
    const bool ends = std::isfinite(demand_);
    // far beyond the size nothing else is left of it
    const double full = !ends ? 1 : demand_ > 1e15 ? 1 - size_ / demand_ : erlang_b(size_, demand_);
    const double excess = ends ? std::max(0.0, full - std::max(0.0, 1 - size_ / demand_)) : 0;
    const double least = cut_at({never, 1});
    const double most = least + (rate_ - least) * full;
    const double old =
        cut_at({time_, share_}) + (excess > 0 ? (rate_ - least) * excess * oldest_open() : 0);
    double shortest = never, longest = 0;
    for (const auto& kind : kinds_) {
        shortest = std::min({shortest, kind.gap, kind.life});
        longest = std::max(longest, 800 / (1 / kind.gap + 1 / kind.life));
    }
    // No more are open than there are entries.
    const auto open = [&](double age) {
        double total = 0;
        for (const auto& kind : kinds_)
            total += kind.rate * kind.life * (1 - chance_cut(after_packet_at(kind, age, 1)));
        return total;
    };
    const double floor = std::min(
        most, open(longest) > size_ ? cut_at({reaches(0, longest, size_, open), 1}) : least);
    // Keep-alives that would be late mend themselves: more is cut, so that the next come in time.
    bool mended = false;
    if (const auto [first, last] = ages({time_, share_}); last > first)
        for (const auto& kind : kinds_)
            mended = mended || (kind.keep_alive >= first && kind.keep_alive <= last);
    const auto all = [&](profile as) {
        if (mended) as = mean_time();
        // the chance that fewer than fill the table were touched within L
        const double fewer =
            std::isinf(young_) ? 0 : boost::math::gamma_q(size_, touched(young_, as));
        const double young = fewer == 1 ? 0 : mended ? (1 - fewer) * cut_at(as) : cut_young(as);
        return std::clamp(young + fewer * old, floor, most);
    };
    // From the mean on, as next to no age all would be cut too, and be as many as are.
    const auto above = [&](double log_age) {
        const profile as{std::exp(log_age), 1};
        return std::log(std::max(cut_at(as), 1e-300)) - std::log(std::max(all(as), 1e-300));
    };
    double few = std::log(std::min(time_, longest)), many = few;
    while (above(few) <= 0 && few > std::log(shortest) - 40) few -= 0.5;
    while (above(many) > 0 && many < std::log(longest) + 1) many += 0.5;
    // Within a hair, and between both sides of it the rest, where a keep-alive or a timeout makes a
    // step.
    const double log_age = detail::falls_through(few, many, above, 1e-14);
    const profile younger{std::exp(log_age - 1e-13), 1}, older{std::exp(log_age + 1e-13), 1};
    const double low = cut_at(older), high = cut_at(younger);
    const double wanted = all({std::exp(log_age), 1});
    const double part = high > low ? std::clamp((wanted - low) / (high - low), 0.0, 1.0) : 0;
    for (const auto& kind : kinds_) {
        const double least_cut = chance_cut(after_packet_at(kind, older.time, 1));
        const double most_cut = chance_cut(after_packet_at(kind, younger.time, 1));
        cuts_.push_back(least_cut + part * (most_cut - least_cut));
        timed_out_.push_back(chance_cut(after_packet_at(kind, never, 1)));
    }
}

double evicting_table::cut(std::size_t kind) const {
    detail::require(kind < kinds_.size(), name, "kind", static_cast<double>(kind),
                    "must be below the number of kinds");
    return cuts_[kind];
}

// The idle timeout cuts those that come to it before they are evicted.
double evicting_table::cut_by_eviction(std::size_t kind) const {
    const double all = cut(kind), idle = kinds_[kind].idle_timeout;
    if (timed_out_[kind] == 0) return all;
    return std::max(
        0.0, all - timed_out_[kind] * boost::math::gamma_q(size_, touched(idle, mean_time())));
}

// From L on entries that were touched go too, and their number may reach the size again and again:
// at most so often as it comes to it from below.
double evicting_table::evicted_after(double idle) const {
    detail::require(idle >= 0, name, "idle", idle, "must be at least 0");
    if (idle == 0) return 0;
    if (std::isinf(idle)) return 1;
    double sum = boost::math::gamma_p(size_, touched(std::min(idle, young_), mean_time()));
    if (idle <= young_) return sum;
    std::vector<double> ends;
    const auto mean = [&](double age) { return touched(age, mean_time()); };
    for (int i = -5; i <= 5; ++i)
        ends.push_back(reaches(young_, idle, size_ + 2 * i * std::sqrt(size_), mean));
    for (const auto& kind : kinds_) {
        for (const double end : {kind.keep_alive, kind.idle_timeout, kind.closed_timeout})
            ends.push_back(end);
        for (double far = 0.25; far < 100; far *= 2)
            ends.push_back(young_ + far / (1 / kind.gap + 1 / kind.life));
    }
    for (double& end : ends) end = std::clamp(end, young_, idle);
    ends.push_back(idle);
    std::sort(ends.begin(), ends.end());
    double from = young_;
    for (const double to : ends) {
        if (to <= from) continue;
        for (const auto& [age, weight] : places(from, to, 1)) {
            double rises = 0;
            for (const auto& kind : kinds_) {
                // as many as close, and as come to the idle timeout, have gone
                const double ends_too = after_packet_at(kind, time_, share_).end;
                rises += kind.rate * intervals(kind, time_, share_) * ends_too;
                const double seen = std::min(age, kind.idle_timeout * (1 - 0x1p-52));
                rises += open_at(kind, seen, mean_time());
            }
            sum +=
                weight * rises * boost::math::gamma_p_derivative(size_, touched(age, mean_time()));
        }
        from = to;
    }
    return std::min(sum, 1.0);
}

double evicting_table::keep_alive_for(double target) const {
    detail::require(target > 0 && target < 1, name, "target", target,
                    "must be above 0 and below 1");
    double high = std::isinf(time_) ? kinds_.front().gap : time_;
    for (; evicted_after(high) <= target; high *= 2)
        if (high > 1e100) return never;
    const double silence = detail::falls_through(
        0, high, [&](double idle) { return std::log(target) - std::log(evicted_after(idle)); });
    return detail::a_hair_less(silence, [&](double x) { return evicted_after(x) <= target; });
}

}  // namespace natbound::calculator
