// How a simulation begins: its tables of laws, and a stationary number of flows.
#include <algorithm>
#include <cmath>
#include <limits>

#include "natbound/calculator/simulation.hpp"
#include "natbound/calculator/variates.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator {
namespace {

std::uint32_t clients_of(const simulation_input& input) {
    const auto& last = input.clients.back();
    return last.first + last.count;
}

}  // namespace

double simulated_stream::hold() const {
    double sum = open.mean;
    for (const auto& phase : closing) sum += phase.share * phase.seconds;
    return sum;
}

double simulation_input::load() const {
    double sum = 0;
    for (const auto& s : streams) sum += s.rate * s.hold();
    return sum;
}

simulation::simulation(const simulation_input& input, std::uint64_t seed)
    : input_(&input),
      rank_of_(&input.rank_of),
      table_(input.table),
      sockets_(clients_of(input) * static_cast<std::uint32_t>(input.table.destinations.size())),
      random_(seed),
      counts_(input.kinds) {
    const auto ring = [&](double seconds) {
        for (std::uint32_t q = 0; q < ring_seconds_.size(); ++q)
            if (ring_seconds_[q] == seconds) return q;
        ring_seconds_.push_back(seconds);
        rings_.emplace_back();
        return static_cast<std::uint32_t>(rings_.size() - 1);
    };
    for (const auto& s : input.streams) {
        std::size_t g = 0;
        const double packet_rate =
            input.packets.per_second > 0 && s.packets > 1 ? (s.packets - 1) / s.open.mean : 0;
        while (g < groups_.size() &&
               !(groups_[g].law == s.open && groups_[g].closing == s.closing &&
                 groups_[g].packet_rate == packet_rate))
            ++g;
        if (g == groups_.size()) {
            if (g == 255)
                throw unsupported("a simulation is limited to 255 different laws of holds");
            open_group next(s);
            next.packet_rate = packet_rate;
            if (s.open.law == hold_law::exponential) next.departure_rate = 1 / s.open.mean;
            if (s.open.law == hold_law::constant) next.queue = ring(s.open.mean);
            timed_ = timed_ || s.open.law != hold_law::exponential;
            for (const auto& phase : s.closing) {
                if (phase.seconds <= 0) continue;
                ring(phase.seconds);
                timed_ = true;
            }
            groups_.push_back(std::move(next));
        }
        group_of_.push_back(static_cast<std::uint32_t>(g));
        weights_.emplace_back();
        double sum = 0;
        for (const double w : s.weights) weights_.back().push_back(sum += w);
    }
    // buckets need a clock
    timed_ = timed_ || input.connections.per_second > 0 || input.packets.per_second > 0;
    timed_ = timed_ || (input.retry && input.retry->tries > 1) || input.clock;
    connections_level_ = {input.connections.depth, 0};
    packets_level_ = {input.packets.depth, 0};
    for (const auto& s : input.streams) {
        const auto& a = s.arrives;
        switch_of_.push_back(none_);
        if (!a.changes()) continue;
        std::size_t w = 0;
        while (w < switches_.size() && switches_[w].of->source != a.source) ++w;
        if (w == switches_.size()) {
            double soonest = 0;
            for (const auto& row : a.switching) {
                double out = 0;
                for (const double x : row) out += x;
                soonest = std::max(soonest, out);
            }
            switches_.push_back({&a, soonest, 0});
        }
        switch_of_.back() = w;
    }
    for (const auto& group : groups_) fastest_ = std::max(fastest_, group.departure_rate);
    for (auto& group : groups_) group.part = fastest_ > 0 ? group.departure_rate / fastest_ : 0;
    bool cursors = false;
    for (const auto& c : input.clients) cursors = cursors || c.law != source_port_law::uniform;
    if (cursors)
        for (std::uint32_t p = 0; p < sockets_.pairs(); ++p)
            cursors_.push_back(static_cast<std::uint32_t>(random_.draw(port_count)));
    scale(1);
}

void simulation::scale(double factor) {
    rates(std::vector<double>(input_->streams.size(), factor));
    factor_ = factor;
}

void simulation::rates(const std::vector<double>& factors) {
    up_to_.clear();
    arrival_rate_ = 0;
    mean_rate_ = 0;
    factors_ = factors;
    for (std::size_t i = 0; i < input_->streams.size(); ++i) {
        const auto& s = input_->streams[i];
        const double rate = s.rate * factors[i];
        mean_rate_ += rate;
        up_to_.push_back(arrival_rate_ += rate * s.arrives.peak() / s.arrives.batch);
    }
    for (const auto& s : switches_) up_to_.push_back(arrival_rate_ += s.rate);
}

void simulation::go_on_as(std::size_t stream, std::size_t other) {
    auto& from = groups_[group_of_[stream]];
    const auto& to = groups_[group_of_[other]];
    from.closing = to.closing;
    if (from.law.law != hold_law::exponential || to.law.law != hold_law::exponential) return;
    from.departure_rate = to.departure_rate;
    from.part = to.part;
}

void simulation::change(bool cut) {
    if (!input_->later) return;
    table_.move_to(*input_->later);
    rank_of_ = &input_->later_rank_of;
    for (std::uint32_t id = 0; cut && id < table_.ids(); ++id) {
        const live_flow& flow = table_.flow(id);
        if (flow.state == flow_state::gone || !table_.is_away(id)) continue;
        if (flow.state == flow_state::open) --groups_[flow.group].open;
        remove(id);
    }
    for (auto& group : groups_) {
        std::erase_if(group.ids, [&](std::uint32_t id) { return !table_.is_open(id); });
        if (!table_.setup().keeps_order) continue;
        for (std::uint32_t i = 0; i < group.ids.size(); ++i) place_of(group.ids[i]) = i;
    }
}

// Slots are worth it where one of five draws or more finds an open flow.
void simulation::use_slots() {
    const auto& setup = input_->table;
    const auto& later = input_->later;
    if (setup.keeps_order || (later && later->keeps_order)) return;
    if (table_.shares() || fastest_ == 0) return;
    if (input_->connections.per_second > 0 || input_->packets.per_second > 0) return;
    port lowest = port_count, highest = 0;
    for (const auto& c : input_->clients)
        for (const auto& part : c.ports.set().parts())
            for (port p = part.first; p <= part.last; ++p) {
                const auto add = [&](const nat_plan& plan) {
                    const auto& range = plan.class_of(p);
                    const bool own = plan.preserves(p);
                    lowest = std::min({lowest, range.lowest, own ? p : lowest});
                    highest =
                        std::max({highest, range.ports.parts().back().last, own ? p : highest});
                };
                add(*setup.plan);
                if (later) add(*later->plan);
            }
    double departures = 0;
    for (std::size_t i = 0; i < input_->streams.size(); ++i)
        if (input_->streams[i].open.law == hold_law::exponential)
            departures += input_->streams[i].rate * factors_[i];
    first_slot_ = lowest;
    span_ = highest - lowest + 1;
    cells_ = setup.scopes * std::max(setup.columns, setup.ranks);
    slots_ = static_cast<double>(span_) * cells_;
    by_slots_ = departures > 0.2 * slots_ * fastest_;
    for (double& u : ahead_) u = random_.unit();
}

void simulation::fill(std::optional<std::uint64_t> flows) {
    use_slots();
    for (auto& s : switches_) {
        double left = random_.unit();
        for (s.state = 0; s.state + 1 < s.of->shares.size(); ++s.state)
            if ((left -= s.of->shares[s.state]) < 0) break;
    }
    std::vector<double> loads;
    double sum = 0;
    // offered many times over, all that there is is full: more offers change nothing but the time
    const double most =
        2.0 * static_cast<double>(input_->table.scopes) * input_->table.ranks * port_count;
    for (std::size_t i = 0; i < input_->streams.size(); ++i) {
        const auto& s = input_->streams[i];
        loads.push_back(sum += std::min(s.rate * s.hold() * factors_[i], most));
    }
    for (auto left = flows ? *flows : about_poisson(sum, random_); left > 0; --left) {
        // flows that are live at one moment come from the streams by their loads
        const std::size_t stream = pick(loads, random_);
        const std::uint32_t id = offer(stream, flow_table::none);
        if (id != flow_table::none) place_by_glance(id, input_->streams[stream]);
    }
    for (auto& ring : rings_) ring.sort();
    policing_ = input_->connections.per_second > 0 || input_->packets.per_second > 0;
    retrying_ = input_->retry.has_value();
    clear_counts();
}

// The phase in which a glance at any moment finds a flow, and what is then left of it.
void simulation::place_by_glance(std::uint32_t id, const simulated_stream& stream) {
    double at = random_.unit() * stream.hold();
    if (at < stream.open.mean || stream.closing.empty()) {
        return open_for(id, groups_[table_.flow(id).group].draws.left(random_));
    }
    at -= stream.open.mean;
    const closing_phase* phase = nullptr;
    for (const auto& p : stream.closing) {
        if (p.share * p.seconds <= 0) continue;
        phase = &p;
        if ((at -= p.share * p.seconds) < 0) break;
    }
    if (!phase) return open_for(id, 0);
    close_for(id, *phase, random_.unit() * phase->seconds);
}

void simulation::clear_counts() {
    counts_.assign(counts_.size(), {});
    unoffered_ = took_over_ = 0;
    policed_ = packets_ = packets_lost_ = 0;
    first_refused_ = std::numeric_limits<double>::infinity();
    most_live_ = table_.live();
}

double simulation::share_displaced() const {
    std::uint64_t displaced = unoffered_ + took_over_, all = unoffered_;
    for (const auto& c : counts_) {
        displaced += c.failed();
        all += c.arrivals;
    }
    return all == 0 ? 0 : static_cast<double>(displaced) / static_cast<double>(all);
}

double simulation::mean_hold() const { return input_->load() * factor_ / mean_rate_; }

}  // namespace natbound::calculator
