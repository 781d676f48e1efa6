// Windows, sweeps, draws and walks over a state's bits.
#include "natbound/calculator/search_odds.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bit_rows.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator {

using detail::row;

namespace {

// Where every walk of that many probes runs into one circle and goes round it: the circle, and the
// other ranks, ordered by their distance. Else nothing.
void find_circle(const std::vector<std::uint32_t>& next, std::uint64_t probes,
                 std::vector<std::uint32_t>& circle, std::vector<std::uint32_t>& inwards) {
    constexpr std::uint32_t unknown = UINT32_MAX;
    std::uint32_t rank = 0;
    for (std::size_t i = 0; i < next.size(); ++i) rank = next[rank];
    std::vector<std::uint32_t> distance(next.size(), unknown), path;
    for (; distance[rank] == unknown; rank = next[rank]) {
        distance[rank] = 0;
        circle.push_back(rank);
    }
    std::uint32_t farthest = 0;
    for (std::uint32_t start = 0; start < next.size(); ++start) {
        path.clear();
        for (rank = start; distance[rank] == unknown && path.size() <= probes; rank = next[rank])
            path.push_back(rank);
        if (distance[rank] == unknown) {
            circle.clear();
            return;
        }
        for (auto from = distance[rank]; !path.empty(); path.pop_back())
            distance[path.back()] = ++from;
        farthest = std::max(farthest, distance[start]);
    }
    if (farthest + circle.size() > probes) {
        circle.clear();
        return;
    }
    for (std::uint32_t r = 0; r < next.size(); ++r)
        if (distance[r] > 0) inwards.push_back(r);
    std::stable_sort(inwards.begin(), inwards.end(),
                     [&](auto a, auto b) { return distance[a] < distance[b]; });
}

}  // namespace

search_odds::search_odds(const nat_plan& plan, const port_range_plan& range, bool plain,
                         bool counted)
    : range_(&range), wants_plain_(plain), wants_counted_(counted) {
    std::uint64_t skipped = plan.design.search.first_choice_counts ? 1 : 0;
    for (const auto& round : plan.rounds(range.size)) {
        reader r;
        r.round = round;
        r.probes = probe_count(round, range.size);
        r.from_counted = std::min(skipped, r.probes);
        skipped = 0;
        if (round.start == start_kind::own_port) {
            starts_at_own_ = true;
            const bool run = round.step == step_kind::ascend && !round.bits &&
                             (!round.offset_bits ||
                              range.size + r.probes <= std::uint64_t{1} << *round.offset_bits);
            if (!run || (round.take_over_last > 0 && !plan.design.reuse.take_over.empty()))
                throw unsupported(
                    "the odds of a search that starts at the client's own port are worked out for "
                    "plain ascending runs without take-over only");
        }
        if (round.step == step_kind::scaled) {
            r.ways.resize(range.size);
            for (std::uint64_t rank = 0; rank < range.size; ++rank)
                r.next.push_back(static_cast<std::uint32_t>(
                    probed_rank<std::uint64_t>(round, 0, 1, rank, range.size, range.lowest)));
            r.draws = draw_count(round, range.size);
            for (std::uint64_t d = 0; d < r.draws; ++d)
                ++r.ways[probed_rank<std::uint64_t>(round, d, 0, 0, range.size, range.lowest)];
            r.even = std::all_of(r.ways.begin(), r.ways.end(),
                                 [&](auto ways) { return ways == r.ways[0]; });
            find_circle(r.next, r.probes, r.circle, r.inwards);
        }
        longest_ = std::max(longest_, std::min(r.probes, range.size));
        readers_.push_back(std::move(r));
    }
    // The product has no order: shorter windows come first, since longer ones are built upon them;
    // of walks the longest, which is the likeliest to be 0.
    std::stable_sort(readers_.begin(), readers_.end(), [](const reader& a, const reader& b) {
        const bool walk_a = a.round.step == step_kind::scaled,
                   walk_b = b.round.step == step_kind::scaled;
        if (walk_a != walk_b) return walk_a;
        return walk_a ? a.probes > b.probes : a.probes < b.probes;
    });
}

void search_odds::read(const port_bits& bits, take_over_rule reuse) {
    const std::uint64_t size = range_->size;
    const std::size_t words = (size + longest_ + 1) / 64 + 2;
    const auto gather = [&](const port_words& from, row& to) {
        to.assign(words, 0);
        std::uint64_t filled = 0;
        for (const auto& part : range_->ports.parts())
            detail::append(to, filled, from.data(), part.first, part.last - part.first + 1);
        detail::append(to, filled, to.data(), 0, std::min(longest_ + 1, size));
    };
    gather(bits.busy_words(), busy_);
    any_closing_ = reuse.allowed && bits.any_closing();
    if (any_closing_) gather(bits.closing_words(), closing_);
    window_length_ = 0;
    plain_ = counted_ = 1;
    if (starts_at_own_) {
        own_plain_.fill(~std::uint64_t{0});
        own_counted_.fill(~std::uint64_t{0});
    }
    for (const auto& r : readers_) {
        if (r.round.start == start_kind::own_port) {
            if (wants_plain_) own_windows(r, 0, own_plain_);
            if (wants_counted_) own_windows(r, r.from_counted, own_counted_);
            continue;
        }
        const bool counted = wants_counted_ && counted_ > 0, plain = wants_plain_ && plain_ > 0;
        const double first = counted ? odds(r, r.from_counted, reuse) : 1;
        counted_ *= first;
        if (plain) plain_ *= counted && r.from_counted == 0 ? first : odds(r, 0, reuse);
    }
}

double search_odds::odds(const reader& r, std::uint64_t from, take_over_rule reuse) {
    if (from >= r.probes) return 1;
    const bool matters = any_closing_ && r.round.take_over_last > 0;
    const auto& round = r.round;
    switch (round.step) {
        case step_kind::ascend:
            if (!round.offset_bits || r.probes <= std::uint64_t{1} << *round.offset_bits)
                return run_odds(r, from, reuse);
            break;
        case step_kind::ascend_then_descend:
            if (from == 0 && !matters && is_drawn(round)) return sweep_odds(r);
            break;
        case step_kind::independent:
            return independent_odds(r, from);
        case step_kind::scaled:
            return scaled_odds(r, from, reuse);
    }
    return walked_odds(r, from, reuse);
}

// All windows of that length; the bits past the range's end are those that go round.
const row& search_odds::windows(std::uint64_t length) {
    if (window_length_ == 0 || window_length_ > length) {
        windows_ = busy_;
        window_length_ = 1;
    }
    while (window_length_ < length) {
        const std::uint64_t by = std::min(window_length_, length - window_length_);
        window_length_ += by;
        if (!detail::and_shifted(windows_, by)) break;
    }
    window_length_ = length;  // once there are none, there are none that are longer
    return windows_;
}

double search_odds::run_odds(const reader& r, std::uint64_t from, take_over_rule reuse) {
    const std::uint64_t size = range_->size;
    const std::uint64_t draws = draw_count(r.round, size);
    // Draws so high that the offset wraps within the window are looked at one by one.
    std::uint64_t plain = draws;
    if (r.round.offset_bits)
        plain = std::min(draws, (std::uint64_t{1} << *r.round.offset_bits) - r.probes + 1);
    const std::uint64_t each = plain / size,
                        more = plain % size;  // draws that start at a rank, and at a low one
    const row& all_busy = windows(r.probes - from);
    double sum = 0;
    if (!any_closing_ || r.round.take_over_last == 0) {
        if (each > 0) sum += static_cast<double>(each * detail::ones(all_busy.data(), from, size));
        sum += static_cast<double>(detail::ones(all_busy.data(), from, more));
    } else {
        const double pass = 1 - reuse.chance;  // of a closing entry that is not taken over
        const std::uint64_t tail = std::min<std::uint64_t>(r.round.take_over_last, r.probes - from);
        std::array<double, 65> powers{};
        for (std::size_t i = 0; i < powers.size(); ++i)
            powers[i] = std::pow(pass, static_cast<double>(i));
        const std::uint64_t begin = r.probes - from - tail;
        const auto one = [&](std::uint64_t at) {
            if (tail <= 64) {
                const auto word =
                    detail::word_at(closing_.data(), at + begin) & detail::low_bits(tail);
                return powers[detail::ones_of(word)];
            }
            return std::pow(pass,
                            static_cast<double>(detail::ones(closing_.data(), at + begin, tail)));
        };
        double low = 0, all = 0;
        detail::for_ones(all_busy.data(), from, more, [&](std::uint64_t at) { low += one(at); });
        if (each > 0) {
            all = low;
            detail::for_ones(all_busy.data(), from + more, size - more,
                             [&](std::uint64_t at) { all += one(at); });
        }
        sum = static_cast<double>(each) * all + low;
    }
    if (plain < draws) sum += wrapped_windows(r, from, draws, reuse);
    return sum / static_cast<double>(draws);
}

// Starts whose offset reaches its width within the window: j probes up to the last offset, the
// others from rank 0.
double search_odds::wrapped_windows(const reader& r, std::uint64_t from, std::uint64_t draws,
                                    take_over_rule reuse) const {
    const std::uint64_t size = range_->size, width = std::uint64_t{1} << *r.round.offset_bits;
    const std::uint64_t end = (width - 1) % size;
    std::uint64_t before = 0, after = 0;  // busy ranks up to the last offset's, and from 0
    while (before < r.probes && busy((end + size - before % size) % size)) ++before;
    while (after < r.probes && busy(after % size)) ++after;
    const bool matters = any_closing_ && r.round.take_over_last > 0;
    const std::uint64_t tail = std::min<std::uint64_t>(r.round.take_over_last, r.probes - from);
    // Closing entries among the first i ranks down from the last offset's, and up from rank 0: what
    // lies in a window's tail is a difference of two.
    std::vector<std::uint32_t> down(1), up(1);
    std::vector<double> powers(1, 1);
    const std::uint64_t last = r.probes - tail;  // the tail's first probe
    for (std::uint64_t i = 0; matters && i < r.probes; ++i) {
        down.push_back(down.back() + (closing((end + size - i % size) % size) ? 1 : 0));
        up.push_back(up.back() + (closing(i % size) ? 1 : 0));
        powers.push_back(powers.back() * (1 - reuse.chance));
    }
    double sum = 0;
    for (std::uint64_t j = 1; j < r.probes; ++j) {
        if (width - j >= draws) continue;
        if ((j > from && j - from > before) || r.probes - std::max(j, from) > after) continue;
        if (!matters)
            sum += 1;
        else
            sum += powers[down[j > last ? j - last : 0] + up[r.probes - j] -
                          up[last > j ? last - j : 0]];
    }
    return sum;
}

// Up from the start, then down from below it: near the top the window is the range's last ports.
double search_odds::sweep_odds(const reader& r) {
    const std::uint64_t size = range_->size;
    const row& all_busy = windows(r.probes);
    const std::uint64_t last = size - r.probes;  // the highest start that does not turn round
    const bool top = detail::ones(all_busy.data(), last, 1) != 0;
    const auto sum = detail::ones(all_busy.data(), 0, last) + (top ? r.probes : 0);
    return static_cast<double>(sum) / static_cast<double>(size);
}

double search_odds::independent_odds(const reader& r, std::uint64_t from) const {
    const std::uint64_t size = range_->size, draws = draw_count(r.round, size);
    const auto sum = (draws / size) * detail::ones(busy_.data(), 0, size) +
                     detail::ones(busy_.data(), 0, draws % size);
    return std::pow(static_cast<double>(sum) / static_cast<double>(draws),
                    static_cast<double>(r.probes - from));
}

// A walk that goes where it likes, rank by rank until something is free.
double search_odds::scaled_odds(const reader& r, std::uint64_t from, take_over_rule reuse) const {
    const double pass = 1 - reuse.chance;
    const auto walk = [&](std::uint64_t rank) {
        double odds = 1;
        for (std::uint64_t i = from; i < r.probes; ++i, rank = r.next[rank]) {
            if (!busy(rank)) return 0.0;
            if (any_closing_ && r.probes - i <= r.round.take_over_last && closing(rank))
                odds *= pass;
        }
        return odds;
    };
    if (from > 0) return walk(r.next[0]);
    for (const auto rank : r.circle)
        if (!busy(rank)) return 0;
    if (!r.circle.empty() && (!any_closing_ || r.round.take_over_last == 0)) return circled_odds(r);
    double sum = 0;
    if (r.probes == 1 && r.even && (!any_closing_ || r.round.take_over_last == 0)) {
        sum = static_cast<double>(detail::ones(busy_.data(), 0, range_->size)) * r.ways[0];
    } else {
        detail::for_ones(busy_.data(), 0, range_->size, [&](std::uint64_t rank) {
            if (r.ways[rank] > 0) sum += r.ways[rank] * walk(rank);
        });
    }
    return sum / static_cast<double>(r.draws);
}

// All of the circle is busy: a walk fails if the ranks on its way there are, too.
double search_odds::circled_odds(const reader& r) const {
    row failing((range_->size + 63) / 64);
    std::uint64_t sum = 0;
    const auto fails = [&](std::uint32_t rank) {
        failing[rank / 64] |= std::uint64_t{1} << (rank % 64);
        sum += r.ways[rank];
    };
    for (const auto rank : r.circle) fails(rank);
    for (const auto rank : r.inwards) {
        const std::uint32_t to = r.next[rank];
        if (busy(rank) && (failing[to / 64] >> (to % 64) & 1U) != 0) fails(rank);
    }
    return static_cast<double>(sum) / static_cast<double>(r.draws);
}

// Any round, draw by draw.
double search_odds::walked_odds(const reader& r, std::uint64_t from, take_over_rule reuse) const {
    const std::uint64_t size = range_->size, draws = draw_count(r.round, size);
    const double pass = 1 - reuse.chance;
    double sum = 0;
    for (std::uint64_t draw = 0; draw < draws; ++draw) {
        double odds = 1;
        for (std::uint64_t i = from; i < r.probes && odds > 0; ++i) {
            const auto rank = probed_rank<std::uint64_t>(r.round, draw, static_cast<unsigned>(i), 0,
                                                         size, range_->lowest);
            if (!busy(rank))
                odds = 0;
            else if (any_closing_ && r.probes - i <= r.round.take_over_last && closing(rank))
                odds *= pass;
        }
        sum += odds;
    }
    return sum / static_cast<double>(draws);
}

// Leaves those source ports whose run from their own rank is busy throughout.
void search_odds::own_windows(const reader& r, std::uint64_t from, port_words& out) {
    if (from >= r.probes) return;
    const std::uint64_t size = range_->size;
    const row& all_busy = windows(r.probes - from);
    const auto keep = [&](port p, std::uint64_t rank) {
        const std::uint64_t at = (rank + from) % size;
        if ((all_busy[at / 64] >> (at % 64) & 1U) == 0)
            out[p / 64] &= ~(std::uint64_t{1} << (p % 64));
    };
    port done = 0;  // source ports outside the range start below its lowest port
    std::uint64_t rank = 0;
    const auto outside = [&](port until) {
        if (done >= until) return;
        const std::uint64_t at = (size - 1 + from) % size;
        const bool all = (all_busy[at / 64] >> (at % 64) & 1U) != 0;
        for (port p = done; !all && p < until; ++p) out[p / 64] &= ~(std::uint64_t{1} << (p % 64));
    };
    for (const auto& part : range_->ports.parts()) {
        outside(part.first);
        for (port p = part.first; p <= part.last; ++p) keep(p, rank++);
        done = part.last + 1;
    }
    outside(port_count);
}

}  // namespace natbound::calculator
