// The events themselves, in the order of how often they happen.
#include "natbound/calculator/simulation.hpp"

#include <cmath>
#include <limits>

#include "natbound/calculator/variates.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator {

port simulation::next_port(const client_group& group, std::uint32_t client,
                           std::uint32_t destination, std::uint32_t& steps) {
    const auto pair =
        client * static_cast<std::uint32_t>(input_->table.destinations.size()) + destination;
    switch (group.law) {
        case source_port_law::uniform:
            return sockets_.uniform(pair, group.ports, random_);
        case source_port_law::sequential:
            return sockets_.next(pair, group.ports, cursors_[client]);
        case source_port_law::linux:
            return sockets_.second(pair, group.ports, cursors_[pair], steps);
    }
    return port_count;
}

std::uint32_t simulation::pick_destination(std::size_t s) {
    const auto& all = input_->streams[s].destinations;
    if (all.size() == 1) return all[0];
    return all[weights_[s].empty() ? random_.draw(all.size()) : pick(weights_[s], random_)];
}

// A connection of that stream is tried; no destination: any of the stream's. The flow, or none
// where it was refused or not offered.
std::uint32_t simulation::offer(std::size_t s, std::uint32_t destination) {
    const simulated_stream& stream = input_->streams[s];
    const client_group& group = input_->clients[stream.group];
    const auto client = group.first + static_cast<std::uint32_t>(random_.draw(group.count));
    if (destination == flow_table::none) destination = pick_destination(s);
    std::uint32_t steps = 0;
    const port source = next_port(group, client, destination, steps);
    if (source == port_count) {
        ++unoffered_;
        ++count_of(s, destination).unoffered;
        return flow_table::none;
    }
    const auto destinations = static_cast<std::uint32_t>(input_->table.destinations.size());
    const std::uint32_t pair = client * destinations + destination;
    if (group.law == source_port_law::sequential) {
        cursors_[client] = static_cast<std::uint32_t>(*group.ports.set().rank(source)) + 1;
    } else if (group.law == source_port_law::linux) {
        cursors_[pair] = after_second(cursors_[pair], group.ports, steps, random_);
    }
    ++offered_;
    kind_counts& count = count_of(s, destination);
    ++count.arrivals;
    const std::uint32_t id = attempt(s, client, destination, source);
    if (id != flow_table::none) {
        sockets_.take(pair, source);
    } else {
        ++count.refused;
        ++count.by[static_cast<std::size_t>(refused_by_)];
        first_refused_ = std::min(first_refused_, now_);
        if (retrying_) {
            sockets_.take(pair, source);
            wait_or_give_up({now_, now_, input_->retry->backoff, static_cast<std::uint32_t>(s),
                             client, destination, source, 1},
                            count);
        }
    }
    return id;
}

kind_counts& simulation::count_of(std::size_t s, std::uint32_t destination) {
    return counts_[input_->kind_of[input_->streams[s].group * input_->table.destinations.size() +
                                   destination]];
}

// Through the limits and the allocator; none where refused. The socket is the caller's to take.
std::uint32_t simulation::attempt(std::size_t s, std::uint32_t client, std::uint32_t destination,
                                  port source) {
    if (policing_ && !let_in(s)) {
        ++policed_;
        return flow_table::none;
    }
    const std::uint32_t rank = rank_of_->empty()
                                   ? flow_table::none
                                   : (*rank_of_)[client * std::size_t{input_->addresses} +
                                                 input_->table.destinations[destination].address];
    const table_outcome out = table_.open(client, destination, source, rank, random_,
                                          [this](std::uint32_t id) { gone(id); });
    if (out.refused != refusal::none) {
        refused_by_ = asked_of(out.refused);
        return flow_table::none;
    }
    if (out.cut_was_open) ++count_of(s, destination).cut;
    if (out.took_over) ++took_over_;
    if (table_.live() > most_live_) most_live_ = table_.live();
    table_.flow(out.id).group = static_cast<std::uint8_t>(group_of_[s]);
    return out.id;
}

void simulation::arrival() {
    const std::size_t stream = up_to_.size() > 1 ? pick(up_to_, random_) : 0;
    if (stream >= input_->streams.size()) {
        auto& world = switches_[stream - input_->streams.size()];
        const auto& ways = world.of->switching[world.state];
        double at = random_.unit() * world.rate;
        for (std::size_t next = 0; next < ways.size(); ++next)
            if ((at -= ways[next]) < 0) {
                world.state = next;
                return;
            }
        return;
    }
    const auto& arrives = input_->streams[stream].arrives;
    if (const double now = level(stream), most = arrives.peak(); now < most)
        if (now == 0 || !random_.chance(now / most)) return;
    if (arrives.law != arrival_law::batches) return open_offered(stream, flow_table::none);
    const std::uint32_t destination = pick_destination(stream);
    const double more = 1 - 1 / arrives.batch;  // the chance of one more
    const bool looked_at = before_ && random_.chance(look_chance_);
    for (bool any = true; any; any = random_.chance(more)) {
        if (looked_at) (*before_)(stream);
        open_offered(stream, destination);
    }
}

void simulation::open_offered(std::size_t stream, std::uint32_t destination) {
    const std::uint32_t id = offer(stream, destination);
    if (id != flow_table::none) begin_hold(stream, id);
}

void simulation::begin_hold(std::size_t stream, std::uint32_t id) {
    const open_group& group = groups_[group_of_[stream]];
    const bool any_time = group.law.law == hold_law::exponential;  // nothing needs to be drawn
    if (by_slots_ && any_time) return;
    open_for(id, any_time ? 0 : group.draws.whole(random_));
}

// The flow is open, and closes after so many seconds (exponential: at any time).
void simulation::open_for(std::uint32_t id, double seconds) {
    open_group& group = groups_[table_.flow(id).group];
    ++group.open;
    if (group.law.law == hold_law::exponential) {
        if (by_slots_) return;
        if (table_.setup().keeps_order) place_of(id) = static_cast<std::uint32_t>(group.ids.size());
        group.ids.push_back(id);
    } else if (group.law.law == hold_law::constant) {
        rings_[group.queue].push({now_ + seconds, id, serial(id)});
    } else {
        heap_.push({now_ + seconds, id, serial(id)});
    }
}

void simulation::depart(open_group& group, std::uint64_t place) {
    const std::uint32_t id = group.ids[place];
    const std::uint32_t last = group.ids.back();
    group.ids[place] = last;
    group.ids.pop_back();
    // only a full table that drops flows needs to find them again
    if (table_.setup().keeps_order) place_of(last) = static_cast<std::uint32_t>(place);
    end_open(id);
}

// Its users are done with it: it closes, and goes at once where the NAT keeps nothing.
void simulation::end_open(std::uint32_t id) {
    open_group& group = groups_[table_.flow(id).group];
    --group.open;
    const closing_phase* phase = drawn_phase(group.closing, random_);
    if (!phase || phase->seconds <= 0) return remove(id);
    close_for(id, *phase, phase->seconds);
}

// The entry is closing for so many seconds more.
void simulation::close_for(std::uint32_t id, const closing_phase& phase, double seconds) {
    table_.close(id, phase.cause);
    std::size_t q = 0;
    while (ring_seconds_[q] != phase.seconds) ++q;
    rings_[q].push({now_ + seconds, id, serial(id)});
}

void simulation::remove(std::uint32_t id) {
    const live_flow& flow = table_.flow(id);
    sockets_.release(flow.pair, flow.source);
    if (timed_) ++serial(id);
    table_.remove(id);
}

// The table makes room by removing this entry itself.
void simulation::gone(std::uint32_t id) {
    const live_flow& flow = table_.flow(id);
    sockets_.release(flow.pair, flow.source);
    if (timed_) ++serial(id);
    open_group& group = groups_[flow.group];
    if (flow.state != flow_state::open) return;
    --group.open;
    if (group.law.law != hold_law::exponential) return;
    // open flows are removed by full tables alone, and those use lists
    const std::uint32_t last = group.ids.back();
    group.ids[place_of(id)] = last;
    group.ids.pop_back();
    place_of(last) = place_of(id);
}

std::uint32_t& simulation::place_of(std::uint32_t id) {
    if (places_.size() <= id) places_.resize(table_.ids() + std::size_t{64});
    return places_[id];
}

std::uint32_t& simulation::serial(std::uint32_t id) {
    if (serials_.size() <= id) serials_.resize(id + std::size_t{1} + id / 2);
    return serials_[id];
}

double simulation::departures() const {
    if (by_slots_) return slots_ * fastest_;
    double sum = 0;
    for (const auto& group : groups_)
        sum += group.departure_rate * static_cast<double>(group.ids.size());
    return sum;
}

// An event drawn by its rate: `at` is uniform below the sum of all rates.
void simulation::random_event(double at) {
    for (auto& group : groups_) {
        const double here = group.departure_rate * static_cast<double>(group.ids.size());
        if (at < here) {
            const auto place = static_cast<std::uint64_t>(at / group.departure_rate);
            return depart(group, std::min<std::uint64_t>(place, group.ids.size() - 1));
        }
        at -= here;
    }
    arrival();
}

void simulation::step() {
    if (by_slots_) return step_slots();
    ++events_;
    random_event(random_.unit() * (departures() + arrival_rate_));
}

// A draw among all external ports and the arrivals: an open flow there may close.
void simulation::step_slots() {
    const double reach = slots_ + arrival_rate_ / fastest_;
    const double at = ahead_[ahead_at_] * reach;
    const double later = random_.unit();
    ahead_[ahead_at_] = later;
    ahead_at_ = (ahead_at_ + 1) % 8;
    if (later * reach < slots_) __builtin_prefetch(table_.flows() + slot(later * reach));
    if (at >= slots_) {
        ++events_;
        return arrival();
    }
    const std::uint32_t id = slot(at);
    if (!table_.is_open(id)) return;
    const double part = groups_[table_.flow(id).group].part;
    if (part < 1 && !random_.chance(part)) return;
    ++events_;
    end_open(id);
}

double simulation::next_deadline() {
    double first = heap_.empty() ? std::numeric_limits<double>::infinity() : heap_.front().at;
    for (const auto& ring : rings_)
        if (!ring.empty()) first = std::min(first, ring.front().at);
    if (!waiting_.empty()) first = std::min(first, waiting_.front().at);
    return first;
}

// Ends what is due now: an open flow closes, a closing entry goes, a back-off is over.
void simulation::expire() {
    const auto end = [this](const timed_flow& due) {
        if (serials_[due.id] != due.serial) return;  // made room for another since
        ++events_;
        if (table_.is_open(due.id))
            end_open(due.id);
        else
            remove(due.id);
    };
    while (!heap_.empty() && heap_.front().at <= now_) {
        const timed_flow due = heap_.front();
        heap_.pop();
        end(due);
    }
    for (std::size_t q = 0; q < rings_.size(); ++q)
        while (!rings_[q].empty() && rings_[q].front().at <= now_) {
            const timed_flow due = rings_[q].front();
            rings_[q].pop();
            end(due);
        }
    while (!waiting_.empty() && waiting_.front().at <= now_) try_again();
}

// One event of any sort, or the clock moves to `until` if nothing happens before.
void simulation::step_timed(double until) {
    const double total = departures() + arrival_rate_;
    const double next = now_ + exponential(random_) / total;
    const double due = next_deadline();
    if (policing_) packets_until(std::min({next, due, until}));
    if (due <= next && due <= until) {
        now_ = due;
        return expire();
    }
    if (next > until) {  // memoryless: what was drawn is forgotten
        now_ = until;
        return;
    }
    now_ = next;
    step();
}

void simulation::advance_to(double time) {
    while (now_ < time) step_timed(time);
}

void simulation::advance(double arrivals) {
    if (timed_) return advance_to(now_ + arrivals / mean_rate_);
    for (auto left = static_cast<std::uint64_t>(std::ceil(steps(arrivals))); left > 0; --left)
        step();
}

// Draws (of slots) or events that take about so many arrivals.
double simulation::steps(double arrivals) const {
    return by_slots_ ? arrivals * (arrival_rate_ / mean_rate_ + slots_ * fastest_ / mean_rate_)
                     : arrivals * (1 + arrival_rate_ / mean_rate_);
}

void simulation::advance(double arrivals, double chance,
                         const std::function<void(std::size_t)>& before) {
    before_ = &before;
    look_chance_ = chance;
    advance(arrivals);
    before_ = nullptr;
}

double simulation::span(double arrivals) const {
    return factor_ *
           (timed_ || by_slots_ ? arrivals / mean_rate_ : std::ceil(steps(arrivals)) * weight());
}

void simulation::arrive(std::uint64_t arrivals) {
    const std::uint64_t until = offered_ + arrivals;
    while (offered_ < until) {
        if (timed_)
            step_timed(std::numeric_limits<double>::infinity());
        else
            step();
    }
}

double simulation::weight() const {
    return timed_ || by_slots_ ? 1 : 1 / (departures() + arrival_rate_);
}

}  // namespace natbound::calculator
