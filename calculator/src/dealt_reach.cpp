// How rarely a NAT that deals port sets comes to refuse, where sets are plenty.
#include <algorithm>
#include <cmath>
#include <map>

#include "after_reach.hpp"
#include "dealt_simulation.hpp"
#include "logarithms.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double holds_before = 1e6;  // that sets may have been kept for

// Of one law of holds, of one subscriber towards one scope.
struct share_of_stream {
    open_time open;
    std::vector<closing_phase> closing;
    double rate = 0, hold = 0;
    double load() const { return rate * hold; }
};

struct both_sides {
    std::vector<share_of_stream> old, now;
    double rate() const {
        double before = 0, after = 0;
        for (const auto& s : old) before += s.rate;
        for (const auto& s : now) after += s.rate;
        return std::max(before, after);
    }
    double mean() const { return most_mean(old, now); }
};

}  // namespace

// A subscriber is dealt one more than j sets only when as many are live towards one destination as
// its own ports and these hold. Where all could have j, a refusal (for want of a set, or by the
// most of a subscriber) needs that, now or while a set was kept since: the mean number of arrivals
// that find it is no less than the chance that there is one.
double dealt_log_reach(const dealt_input& input, std::size_t before, double horizon) {
    const std::uint64_t each = std::min<std::uint64_t>(
        input.most, input.pool / std::max<std::uint32_t>(input.subscribers, 1));
    const auto room = static_cast<double>(input.own + each * input.block);
    std::map<std::pair<std::uint32_t, std::uint32_t>, both_sides> scopes;  // by first, and scope
    std::map<std::uint32_t, both_sides> clients;
    std::map<std::uint32_t, double> many;
    both_sides all;
    double longest = 0;
    for (std::size_t i = 0; i < input.streams.size(); ++i) {
        const auto& s = input.streams[i];
        const auto& law = input.laws[i];
        longest = std::max(longest, law.hold());
        const auto add = [&](both_sides& to, double rate) {
            (i < before ? to.old : to.now).push_back({law.open, law.closing, rate, law.hold()});
        };
        const double mine = s.rate / s.subscribers;
        many[s.first] = s.subscribers;
        add(all, s.rate);
        add(clients[s.first], mine);
        for (std::size_t k = 0; k < s.scopes.size(); ++k) {
            double part = 1 / static_cast<double>(s.scopes.size());
            if (!s.up_to.empty())
                part = (s.up_to[k] - (k > 0 ? s.up_to[k - 1] : 0)) / s.up_to.back();
            if (part > 0) add(scopes[{s.first, s.scopes[k]}], mine * part);
        }
    }
    const double span = holds_before * longest + horizon;
    double out = log_zero;
    const auto join = [&](double copies, const both_sides& of, double number) {
        const double rate = copies * of.rate();
        if (rate > 0) out = log_sum(out, std::log(rate * span) + log_reached(number, of.mean()));
    };
    for (const auto& [who, of] : scopes) join(many[who.first], of, room);
    if (input.table) join(1, all, static_cast<double>(*input.table));
    if (input.quota)
        for (const auto& [who, of] : clients)
            join(many[who], of, static_cast<double>(*input.quota));
    return out;
}

}  // namespace natbound::calculator::detail
