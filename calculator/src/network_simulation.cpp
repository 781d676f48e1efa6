// The events of a network: arrivals, closes, sockets that come free, further tries.
#include "network_simulation.hpp"

#include <algorithm>
#include <cmath>

#include "after_kept.hpp"
#include "back_off.hpp"
#include "natbound/calculator/variates.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "simulation_memory.hpp"

namespace natbound::calculator::detail {

namespace {

// What the client's own socket goes through.
simulated_stream socket_law(const network_stream& s) {
    simulated_stream out = s.law;
    if (s.time_wait) out.closing = {{close_cause::tcp_fin, s.fin * s.client_closes, *s.time_wait}};
    return out;
}

}  // namespace

double network_input::load() const {
    double sum = 0;
    for (const auto& s : streams) sum += s.law.rate * s.taken();
    return sum;
}

double network_input::rate() const {
    double sum = 0;
    for (const auto& s : streams) sum += s.law.rate;
    return sum;
}

network_simulation::network_simulation(const network_input& input, std::uint64_t seed)
    : input_(&input), random_(seed), counts_(input.kinds.size()) {
    const scenario& s = *input.of;
    for (const auto& n : s.nats) {
        auto& one = stages_.emplace_back();
        one.of = &n;
        one.drops = n.design.pressure != pressure_kind::refuse;
        if (const nat* was = input.before ? carried_from(*input.before, n) : nullptr) {
            one.was = *was;
            for (const auto& cause : {close_cause::tcp_fin, close_cause::tcp_rst,
                                      close_cause::tcp_silence, close_cause::udp})
                one.was->timers[json_io::name_of(cause)].seconds = n.timer(cause);
            one.drops = one.drops || was->design.pressure != pressure_kind::refuse;
        }
        const nat& first = one.was ? *one.was : n;
        if (translates(n)) {
            one.table.emplace(s, first);
        } else {
            one.wall.limits = first.connection_limits;
        }
    }
    for (const auto& one : input.streams)
        if (!one.way.empty()) stages_[one.way.back()].outermost = true;
    for (const auto& c : s.clients) ports_.emplace_back(c.ports);
    servers_.resize(s.servers.size());
    for (const auto& one : input.streams) {
        draws_.emplace_back(one.law.open);
        closings_.push_back(one.closings());
        taken_.push_back(one.taken());
        weights_.emplace_back();
        double sum = 0;
        for (const double w : one.weights) weights_.back().push_back(sum += w);
    }
    scale(1);
}

network_simulation::stage& network_simulation::at(std::size_t nat) {
    stage& here = stages_[nat];
    if (here.table && here.passed < now_) {
        here.table->pass(now_ - here.passed);
        here.passed = now_;
    }
    return here;
}

std::uint64_t network_simulation::live() const {
    std::uint64_t sum = routed_;
    for (const auto& one : stages_)
        if (one.outermost) sum += one.table ? one.table->live() : one.wall.live;
    return sum;
}

void network_simulation::scale(double factor) {
    factor_ = factor;
    rates(std::vector<double>(input_->streams.size(), 1));
}

void network_simulation::rates(const std::vector<double>& factors) {
    factors_ = factors;
    up_to_.clear();
    rate_ = 0;
    for (std::size_t i = 0; i < factors.size(); ++i)
        up_to_.push_back(rate_ += input_->streams[i].law.rate * factor_ * factors[i]);
    next_arrival_ =
        rate_ > 0 ? now_ + exponential(random_) / rate_ : std::numeric_limits<double>::infinity();
}

// Of connections that are closed nothing is asked any more.
void network_simulation::offer(std::uint32_t stream) {
    if (const auto id = admit(stream)) begin(*id, draws_[stream].whole(random_));
}

// A new connection; none where it has no port of its own or is refused.
std::optional<std::uint32_t> network_simulation::admit(std::uint32_t stream) {
    const auto& s = input_->streams[stream];
    const auto& clients = input_->of->clients[s.clients];
    const auto& servers = input_->of->servers[s.servers];
    const ip_address client =
        clients.addresses.at(random_.draw(saturated(clients.addresses.size())));
    const std::uint64_t ports = saturated(servers.ports.size());
    const std::uint64_t rank =
        weights_[stream].empty()
            ? random_.draw(saturated(servers.addresses.size() * servers.ports.size()))
            : pick(weights_[stream], random_);
    const endpoint to{servers.addresses.at(rank / ports), servers.ports.at(rank % ports)};
    const std::uint32_t pair = pair_of(client, servers.protocol, to);
    const port source = source_for(s, client, pair);
    if (source == port_count) {
        ++unoffered_;
        ++counts_[s.kind].unoffered;
        return std::nullopt;
    }
    const flow first{servers.protocol, {client, source}, to};
    ++offered_;
    sockets_.take(pair, source);
    kind_counts& count = counts_[s.kind];
    ++count.arrivals;
    if (const auto id = attempt(stream, pair, first)) return id;
    ++count.refused;
    first_refused_ = std::min(first_refused_, now_);
    ++count.by[static_cast<std::size_t>(refused_by_)];
    if (retrying_)
        wait_or_give_up({stream, pair, 1, first, now_, input_->retry->backoff}, count);
    else
        sockets_.release(pair, source);
    return std::nullopt;
}

// Through all NATs on the way and to the server; none where it is refused.
std::optional<std::uint32_t> network_simulation::attempt(std::uint32_t stream, std::uint32_t pair,
                                                         const flow& f) {
    const auto& s = input_->streams[stream];
    std::uint32_t id = static_cast<std::uint32_t>(connections_.size());
    if (!free_.empty()) {
        id = free_.back();
        free_.pop_back();
    } else {
        connections_.emplace_back();
    }
    connection c = std::move(connections_[id]);
    c.stream = stream;
    c.pair = pair;
    c.source = f.source.port;
    c.at.clear();
    c.server = f.destination;
    c.open = c.socket = true;
    flow seen = f;
    bool in = true;
    for (std::size_t k = 0; in && k < s.way.size(); ++k)
        in = through(at(s.way[k]), c, seen, counts_[s.kind]);
    if (in) in = served(s.servers, c.server);
    if (!in) back_out(c);
    c.outside = seen.source;
    if (in && !kept_.empty())
        if (const auto it = kept_.find({c.server, c.outside}); it != kept_.end()) {
            if (it->second > now_) ++met_time_wait_;
            kept_.erase(it);
        }
    for (std::size_t k = 0; in && k < s.way.size(); ++k)
        if (auto& here = stages_[s.way[k]]; here.table && here.drops) here.owner[c.at[k]] = id;
    connections_[id] = std::move(c);
    if (!in) {
        free_.push_back(id);
        return std::nullopt;
    }
    if (s.way.empty()) ++routed_;
    most_live_ = std::max(most_live_, live());
    return id;
}

bool network_simulation::through(stage& here, connection& c, flow& f, kind_counts& count) {
    if (!here.table) {
        if (here.wall.kept.erase(f) > 0) {  // used again as it is
            c.at.push_back(f);
            return true;
        }
        if (here.wall.full(f.protocol)) {
            refused_by_ = asked::table;
            return false;
        }
        here.wall.add(f.protocol, true);
        c.at.push_back(f);
        return true;
    }
    if (here.table->is_live(f)) {  // an entry that its timer keeps: used again as it is
        here.table->reopen(f);
        c.at.push_back(f);
        f.source = *here.table->external_of(f);
        return true;
    }
    const opened out = here.table->open(f, random_);
    if (out.refused != refusal::none) {
        refused_by_ = asked_of(out.refused);
        return false;
    }
    c.at.push_back(f);
    if (out.cut) {
        if (out.cut_was_open) ++count.cut;
        if (const auto it = here.owner.find(*out.cut); it != here.owner.end()) {
            const auto id = it->second;
            here.owner.erase(it);
            // its users see it end, and the other NATs keep what they have until it is idle
            if (out.cut_was_open) close(id);
        }
    }
    f.source = out.external;
    return true;
}

void network_simulation::forget(stage& here, const flow& f) {
    if (!here.table) {
        here.wall.add(f.protocol, false);
        return;
    }
    here.owner.erase(f);
    if (here.table->is_live(f)) here.table->remove(f);
}

// What a firewall keeps after the close.
void network_simulation::keep(std::size_t nat, const flow& f, double seconds) {
    auto& wall = stages_[nat].wall;
    const double until = now_ + seconds;
    wall.kept[f] = until;
    wall.ends.emplace(until, f);
    events_due_.push({until, what::entry, static_cast<std::uint32_t>(nat), 0});
}

void network_simulation::entries_end(firewall& here) {
    while (!here.ends.empty() && here.ends.begin()->first <= now_) {
        const auto [until, f] = *here.ends.begin();
        here.ends.erase(here.ends.begin());
        const auto it = here.kept.find(f);
        if (it == here.kept.end() || it->second != until) continue;  // used again since
        here.kept.erase(it);
        here.add(f.protocol, false);
    }
}

void network_simulation::back_out(const connection& c) {
    const auto& way = input_->streams[c.stream].way;
    for (std::size_t k = 0; k < c.at.size(); ++k) forget(stages_[way[k]], c.at[k]);
}

void network_simulation::begin(std::uint32_t id, double open_for) {
    events_due_.push({now_ + open_for, what::close, id, connections_[id].serial});
}

void network_simulation::close(std::uint32_t id) {
    const auto& s = input_->streams[connections_[id].stream];
    const closing_phase* phase = drawn_phase(s.law.closing, random_);
    const auto happens = [&](double share) {  // draws where it is open
        return share >= 1 || (share > 0 && random_.chance(share));
    };
    const bool fin = phase ? phase->cause == close_cause::tcp_fin : happens(s.fin);
    close_as(id, phase, fin, fin && happens(s.client_closes));
}

// Each NAT keeps its entry for its own timer of one common cause.
void network_simulation::close_as(std::uint32_t id, const closing_phase* phase, bool fin,
                                  bool first) {
    connection& c = connections_[id];
    const auto& s = input_->streams[c.stream];
    unserved(s.servers, c.server);
    c.open = false;
    ++c.serial;
    double longest = 0;
    for (std::size_t k = 0; k < c.at.size(); ++k) {
        stage& here = at(s.way[k]);
        const double kept = phase ? here.of->timer(phase->cause) : 0;
        if (kept <= 0) {
            forget(here, c.at[k]);
        } else if (!here.table) {
            keep(s.way[k], c.at[k], kept);
            longest = std::max(longest, kept);
        } else if (here.table->is_live(c.at[k])) {
            here.table->close(c.at[k], phase->cause);
            longest = std::max(longest, kept);
        }
    }
    const double socket = waits(s, fin, first, longest);
    if (fin && !first) keeps_tuple(c, s);
    if (socket == 0) free_socket(c);
    if (socket > 0 && socket < longest)
        events_due_.push({now_ + socket, what::socket, id, c.serial});
    if (longest == 0 && s.way.empty()) --routed_;
    if (const double last = std::max(longest, socket); last > 0)
        events_due_.push({now_ + last, what::release, id, c.serial});
    else
        release(id);
}

void network_simulation::release(std::uint32_t id) {
    connection& c = connections_[id];
    const auto& way = input_->streams[c.stream].way;
    for (std::size_t k = 0; k < c.at.size(); ++k) {
        auto& owner = stages_[way[k]].owner;
        if (const auto it = owner.find(c.at[k]); it != owner.end() && it->second == id)
            owner.erase(it);
    }
    free_socket(c);
    ++c.serial;
    free_.push_back(id);
}

void network_simulation::wait_or_give_up(next_try next, kind_counts& count) {
    const auto wait = next_wait(*input_->retry, next.refused, next.wait, random_);
    if (!wait) {
        ++count.gave_up;
        return sockets_.release(next.pair, next.first.source.port);
    }
    std::uint32_t id = static_cast<std::uint32_t>(waiting_.size());
    if (!free_waiting_.empty()) {
        id = free_waiting_.back();
        free_waiting_.pop_back();
        waiting_[id] = next;
    } else {
        waiting_.push_back(next);
    }
    events_due_.push({now_ + *wait, what::again, id, 0});
}

void network_simulation::try_again(std::uint32_t id) {
    next_try next = waiting_[id];
    free_waiting_.push_back(id);
    kind_counts& count = counts_[input_->streams[next.stream].kind];
    ++count.again;
    if (const auto in = attempt(next.stream, next.pair, next.first)) {
        count.waited += now_ - next.since;
        return begin(*in, draws_[next.stream].whole(random_));
    }
    ++count.refused_again;
    ++next.refused;
    wait_or_give_up(next, count);
}

void network_simulation::step() {
    if (!events_due_.empty() && events_due_.top().at < next_arrival_) return take_due();
    ++events_;
    now_ = next_arrival_;
    next_arrival_ = now_ + exponential(random_) / rate_;
    offer(static_cast<std::uint32_t>(pick(up_to_, random_)));
}

void network_simulation::take_due() {
    ++events_;
    const event due = events_due_.top();
    events_due_.pop();
    now_ = due.at;
    if (due.kind == what::again) return try_again(due.id);
    if (due.kind == what::entry) return entries_end(stages_[due.id].wall);
    if (connections_[due.id].serial != due.serial) return;  // cut since
    if (due.kind == what::close)
        close(due.id);
    else if (due.kind == what::socket)
        free_socket(connections_[due.id]);
    else
        release(due.id);
}

void network_simulation::advance(double arrivals) {
    const double until = now_ + arrivals / rate_;
    while (now_ < until) step();
}

void network_simulation::advance_to(double time) {
    while (std::min(next_arrival_, events_due_.empty() ? next_arrival_ : events_due_.top().at) <=
           time)
        step();
    now_ = std::max(now_, time);
}

void network_simulation::arrive(std::uint64_t arrivals) {
    for (const auto until = offered_ + arrivals; offered_ < until;) step();
}

void network_simulation::clear_counts() {
    counts_.assign(counts_.size(), {});
    unoffered_ = met_time_wait_ = 0;
    first_refused_ = std::numeric_limits<double>::infinity();
    most_live_ = live();
}

double network_simulation::memory() const {
    double most = 0;
    for (const auto& s : input_->streams)
        most = std::max({most, holds_remembered(s.law), holds_remembered(socket_law(s))});
    return most;
}

double network_simulation::forgets() const {
    double longest = input_->load() / input_->rate();
    for (const auto& s : input_->streams)
        longest = std::max({longest, seen_hold(s.law), seen_hold(socket_law(s))});
    return longest + (input_->retry ? all_backoffs(*input_->retry) : 0);
}

double network_simulation::likely_cluster(double beyond_mean) const {
    return 1 + rate_ * forgets() / std::max(beyond_mean, 1.0);
}

}  // namespace natbound::calculator::detail
