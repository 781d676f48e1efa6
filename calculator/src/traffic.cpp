// Spreading each entry over its client and server sets, and finding the third of rate, hold and
// live.
#include "natbound/calculator/traffic.hpp"

#include <algorithm>

#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/traffic_shares.hpp"
#include "natbound/model/ways_out.hpp"
#include "unused_times.hpp"

namespace natbound::calculator {
namespace {

double number(const count& value) { return static_cast<double>(value); }
double addresses(const client_set& c) { return number(c.addresses.size()); }
double endpoints(const server_set& s) { return number(s.addresses.size() * s.ports.size()); }

template <class Set>
std::vector<std::size_t> places(const std::vector<Set>& sets,
                                const std::vector<std::string>& names) {
    std::vector<std::size_t> out;
    for (const auto& name : names)
        for (std::size_t i = 0; i < sets.size(); ++i)
            if (sets[i].name == name) out.push_back(i);
    return out;
}

// What the NAT keeps after the close. Only TCP's end shows on the wire: other flows fall silent.
std::vector<closing_phase> closing_of(const nat* n, const server_set& to, const traffic_entry& t) {
    if (!n) return {};
    if (to.protocol != transport::tcp) return {{close_cause::udp, 1, n->timer(close_cause::udp)}};
    const endings ends = t.ends.value_or(endings{});
    std::vector<closing_phase> out;
    for (const auto& [cause, part] :
         {std::pair{close_cause::tcp_fin, ends.fin}, std::pair{close_cause::tcp_rst, ends.rst},
          std::pair{close_cause::tcp_silence, ends.silence}})
        if (part.value > 0) out.push_back({cause, part.value, n->timer(cause)});
    return out;
}

class filler {
  public:
    explicit filler(const scenario& s) : scenario_(s) {}

    filled_traffic run() {
        out_.given = !scenario_.traffic.empty();
        // what is not modelled is refused before anything is counted
        for (std::size_t c = 0; c < scenario_.clients.size(); ++c) nat_of(scenario_, c);
        for (std::size_t i = 0; i < scenario_.traffic.size(); ++i) entry(i);
        if (!out_.given) even();
        out_.assumed.push_back(
            std::string(bursts_ == 0 ? "connections"
                        : bursts_ == scenario_.traffic.size()
                            ? "batches, and connections while an entry is on,"
                            : "batches, connections while an entry is on, and all others") +
            " arrive by Poisson processes, and none is tried again");
        for (const auto& c : scenario_.clients)
            if (c.source_ports.law == source_port_law::uniform)
                uniform_ports_ += (uniform_ports_.empty() ? "" : ", ") + c.name;
        if (!uniform_ports_.empty())
            out_.assumed.push_back("each connection of " + uniform_ports_ +
                                   " takes any free port of its client with equal chance");
        for (auto& text : detail::unused_times(scenario_, out_.streams))
            out_.assumed.push_back(std::move(text));
        return std::move(out_);
    }

  private:
    void entry(std::size_t index) {
        const auto& t = scenario_.traffic[index];
        const std::string name = "traffic[" + std::to_string(index) + "]";
        const auto from = places(scenario_.clients, t.from);
        const auto to = places(scenario_.servers, t.to);
        double all_clients = 0, all_endpoints = 0;
        for (const auto c : from) all_clients += addresses(scenario_.clients[c]);
        for (const auto v : to) all_endpoints += endpoints(scenario_.servers[v]);
        const auto weights = endpoint_shares(t, all_endpoints);
        const std::size_t first = out_.streams.size();
        for (const auto c : from) {
            std::size_t at = 0;
            for (const auto v : to) {
                stream next;
                next.clients = c;
                next.servers = v;
                next.packets = t.packets.value_or(0);
                wait(next, t);
                const double many = endpoints(scenario_.servers[v]);
                double part = many / all_endpoints;
                if (!weights.empty()) {
                    const auto end = at + static_cast<std::size_t>(many);
                    next.weights.assign(weights.begin() + static_cast<std::ptrdiff_t>(at),
                                        weights.begin() + static_cast<std::ptrdiff_t>(end));
                    at = end;
                    part = 0;
                    for (const double w : next.weights) part += w;
                    for (double& w : next.weights) w /= part > 0 ? part : 1;
                }
                next.rate = addresses(scenario_.clients[c]) / all_clients * part;
                if (next.rate > 0) out_.streams.push_back(std::move(next));
            }
        }
        if (t.top_share && t.top_share->least != t.top_share->most)
            out_.assumed.push_back(name + ": the busiest destination has " +
                                   to_string(t.top_share->most) +
                                   " of it, the most of its range: the other end refuses less");
        times(t, name, first);
        waits(t, name, first);
        if (t.arrivals) arrivals(*t.arrivals, name, index, first);
        double rate = t.rate ? t.rate->per_second : 0;
        if (t.rate_per_client) rate = t.rate_per_client->per_second * all_clients;
        if (rate == 0) {  // from live: each stream's rate is still its share of 1
            double hold = 0;
            for (auto i = first; i < out_.streams.size(); ++i) hold += out_.streams[i].load();
            rate = *t.live / hold;
        }
        for (auto i = first; i < out_.streams.size(); ++i) out_.streams[i].rate *= rate;
        if (!t.hold && !t.life) {
            out_.assumed.push_back(name +
                                   ": holds are exponential with the mean that live and "
                                   "rate give, " +
                                   shortest(*t.live / rate) + "s");
            for (auto i = first; i < out_.streams.size(); ++i)
                out_.streams[i].open = {hold_law::exponential, *t.live / rate, 0};
        }
    }

    // UDP has no TIME-WAIT.
    void wait(stream& next, const traffic_entry& t) const {
        const bool tcp = scenario_.servers[next.servers].protocol == transport::tcp;
        next.fin = tcp ? t.ends.value_or(endings{}).fin.value : 0;
        next.client_closes = t.client_closes.value_or(share{1}).value;
        if (const auto& wait = scenario_.clients[next.clients].time_wait; wait && tcp)
            next.time_wait = wait->seconds;
    }

    void waits(const traffic_entry& t, const std::string& name, std::size_t first) {
        bool any = false, inside = false;
        for (auto i = first; i < out_.streams.size(); ++i) {
            const bool server = scenario_.servers[out_.streams[i].servers].time_wait.has_value();
            any = any || server || out_.streams[i].time_wait;
            inside = inside || (out_.streams[i].time_wait &&
                                nat_of(scenario_, out_.streams[i].clients) && !t.life);
        }
        if (any && !t.client_closes)
            out_.assumed.push_back(name + ": the clients close first, so that TIME-WAIT is theirs");
        if (inside)
            out_.assumed.push_back(name +
                                   ": the clients' time-wait is counted from the hold's end, no "
                                   "sooner than it begins; life would tell them apart");
    }

    void arrivals(const arrival_rule& a, const std::string& name, std::size_t index,
                  std::size_t first) {
        if (a.law == arrival_law::poisson) return;
        ++bursts_;
        arrival_process p;
        p.law = a.law;
        p.batch = a.mean_batch.value_or(1);
        if (a.law != arrival_law::batches) p.source = index;
        if (a.law == arrival_law::on_off)
            follow(p, {{1, *a.on, {}}, {0, *a.off, {}}});
        else if (a.law == arrival_law::mmpp)
            follow(p, a.states);
        for (auto i = first; i < out_.streams.size(); ++i) out_.streams[i].arrives = p;
        if (a.law == arrival_law::batches)
            out_.assumed.push_back(name +
                                   ": each batch goes to one endpoint, each connection of it " +
                                   "from any address of its client set; sizes are geometric");
        else
            out_.assumed.push_back(
                name + (a.law == arrival_law::on_off
                            ? ": all of it is on and off together, for exponential times"
                            : ": all of it is in one state together, for exponential times"));
    }

    // The states' chain, with its share of time in each by elimination without subtractions (W. K.
    // Grassmann, M. I. Taksar, D. P. Heyman, Operations Research 33 (1985) 1107).
    static void follow(arrival_process& p, const std::vector<arrival_state>& states) {
        const std::size_t n = states.size();
        p.switching.assign(n, std::vector<double>(n));
        for (std::size_t i = 0; i < n; ++i) {
            double ways = 0;
            for (const double w : states[i].next) ways += w;
            for (std::size_t j = 0; j < n; ++j) {
                const double part = states[i].next.empty() ? (j == (i + 1) % n ? 1.0 : 0.0)
                                                           : states[i].next[j] / ways;
                p.switching[i][j] = i == j ? 0 : part / states[i].mean.seconds;
            }
        }
        auto left = p.switching;
        for (std::size_t k = n - 1; k > 0; --k) {
            double out = 0;
            for (std::size_t j = 0; j < k; ++j) out += left[k][j];
            for (std::size_t i = 0; i < k; ++i) left[i][k] /= out;
            for (std::size_t i = 0; i < k; ++i)
                for (std::size_t j = 0; j < k; ++j)
                    if (i != j) left[i][j] += left[i][k] * left[k][j];
        }
        p.shares.assign(n, 0);
        p.shares[0] = 1;
        double all = 1, mean = 0;
        for (std::size_t k = 1; k < n; ++k) {
            for (std::size_t i = 0; i < k; ++i) p.shares[k] += p.shares[i] * left[i][k];
            all += p.shares[k];
        }
        for (std::size_t i = 0; i < n; ++i) {
            p.shares[i] /= all;
            mean += p.shares[i] * states[i].weight;
        }
        for (const auto& one : states) p.levels.push_back(one.weight / mean);
    }

    // How long the entry's flows are open and closing.
    void times(const traffic_entry& t, const std::string& name, std::size_t first) {
        const auto& given = t.hold ? t.hold : t.life;
        if (!given) return;
        for (auto i = first; i < out_.streams.size(); ++i) {
            auto& s = out_.streams[i];
            s.open = {law_of(*given), given->mean.seconds, given->cv.value_or(0)};
            for (const auto* list : {&given->samples, &given->means, &given->edges})
                for (const auto& x : *list) s.open.samples.push_back(x.seconds);
            s.open.weights = given->weights;
            if (t.life)
                s.closing =
                    closing_of(nat_of(scenario_, s.clients), scenario_.servers[s.servers], t);
        }
        if (t.hold) {
            out_.assumed.push_back(name +
                                   ": what part of a hold follows the close is not known, "
                                   "so no closing entry is taken over");
        } else if (!t.ends) {
            out_.assumed.push_back(name +
                                   ": every TCP connection ends by FIN, every other flow by "
                                   "falling silent; the NAT's timer follows");
        }
    }

    void even() {
        double all = 0;
        for (std::size_t c = 0; c < scenario_.clients.size(); ++c) {
            const auto& set = scenario_.clients[c];
            double reached = 0;
            for (const auto& v : scenario_.servers)
                if (reaches(set, v)) reached += endpoints(v);
            for (std::size_t v = 0; v < scenario_.servers.size(); ++v) {
                if (!reaches(set, scenario_.servers[v])) continue;
                stream next;
                next.clients = c;
                next.servers = v;
                next.open.mean = 60;
                wait(next, {});
                next.rate = addresses(set) * endpoints(scenario_.servers[v]) / reached;
                all += next.load();
                out_.streams.push_back(std::move(next));
            }
        }
        for (auto& s : out_.streams) s.rate /= all;
        out_.assumed.push_back(
            "no traffic is given: connections are spread evenly over client "
            "addresses and server endpoints, and held exponentially");
    }

    const scenario& scenario_;
    filled_traffic out_;
    std::string uniform_ports_;
    std::size_t bursts_ = 0;  // entries that are not Poisson
};

}  // namespace

arrival_process arrival_process::thinned(double chance) const {
    arrival_process out = *this;
    out.batch = 1 + chance * (batch - 1);
    return out;
}

double arrival_process::peak() const {
    double most = levels.empty() ? 1 : 0;
    for (const double level : levels) most = std::max(most, level);
    return most;
}

double arrival_process::longest_memory() const {
    double cycle = 0, rate = 0;
    for (const auto& row : switching) {
        double out = 0;
        for (const double x : row) out += x;
        cycle += 1 / out;
        rate += out;
    }
    if (levels.empty()) return 0;
    return levels.size() == 2 ? 1 / rate : cycle / 2;  // of two it is exact
}

double stream::hold() const {
    double sum = open.mean;
    for (const auto& phase : closing) sum += phase.share * phase.seconds;
    return sum;
}

double stream::socket_hold() const {
    return time_wait ? open.mean + fin * client_closes * *time_wait : hold();
}

double filled_traffic::rate() const {
    double sum = 0;
    for (const auto& s : streams) sum += s.rate;
    return sum;
}

bool filled_traffic::bursty() const {
    return std::any_of(streams.begin(), streams.end(),
                       [](const auto& s) { return s.arrives.law != arrival_law::poisson; });
}

double filled_traffic::load() const {
    double sum = 0;
    for (const auto& s : streams) sum += s.load();
    return sum;
}

void need_traffic(const scenario& s, const std::string& what) {
    if (s.traffic.empty())
        throw input_error("traffic", "", what + ", and the scenario has none",
                          "add traffic: [{from: ..., to: ..., rate: 500/s, hold: 60s}]");
}

filled_traffic fill_traffic(const scenario& s) { return filler(s).run(); }

void refuse_clashes(const scenario& s) {
    for (const auto& v : s.servers)
        if (v.backends && v.addresses.size() * v.ports.size() > 1)
            throw unsupported(
                "server set " + v.name +
                ": how often two connections of one external endpoint are sent to one "
                "backend is not modelled; with one endpoint none are");
    if (const auto clash = clash_in_words(s))
        throw unsupported(*clash + "; a clash is no refusal, and no odds of it are worked out");
}

const nat* nat_of(const scenario& s, std::size_t clients) {
    const nat* found = nullptr;
    for (const auto& n : s.nats) {
        for (const auto& name : n.inside)
            if (name == s.clients[clients].name) found = &n;
    }
    return found;
}

}  // namespace natbound::calculator
