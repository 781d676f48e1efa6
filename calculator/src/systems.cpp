// Endpoints by clash scope, clients by address of the pool.
#include "natbound/calculator/systems.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "natbound/model/error.hpp"
#include "natbound/model/hash.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/port_sets.hpp"
#include "paired_systems.hpp"
#include "port_sets.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator {
namespace {

constexpr std::size_t most_destinations = 4096;  // looked at one by one
constexpr std::size_t most_hashed = 4096;        // client addresses of a set that are hashed

struct destination {
    std::size_t servers;
    ip_address address;
    port at;
    double copies;  // so many endpoints are like this one
};

// Every k-th rank of `size`, at most `most` of them.
std::vector<std::uint64_t> sample(double size, std::size_t most) {
    const auto n = static_cast<std::size_t>(std::min(size, static_cast<double>(most)));
    std::vector<std::uint64_t> out(n);
    for (std::size_t i = 0; i < n; ++i)
        out[i] = static_cast<std::uint64_t>(
            std::floor(size / static_cast<double>(n) * static_cast<double>(i)));
    return out;
}

class splitter {
  public:
    splitter(const scenario& s, const filled_traffic& t, std::uint64_t assignment)
        : scenario_(s), traffic_(t), assignment_(assignment) {}

    system_split run() {
        for (const auto& n : scenario_.nats) {
            if (n.port_set) out_.own.push_back(detail::one_subscribers(n));
            out_.plans.emplace_back(n.port_set ? out_.own.back() : n);
        }
        out_.nat_load.assign(scenario_.nats.size(), 0);
        out_.load = traffic_.load();
        out_.rate = traffic_.rate();
        for (std::size_t v = 0; v < scenario_.servers.size(); ++v) endpoints(v);
        for (const auto& stream : traffic_.streams) add(stream);
        for (auto& [where, system] : systems_) out_.systems.push_back(std::move(system));
        for (std::size_t n = 0; n < out_.plans.size(); ++n) {
            if (out_.plans[n].pairs()) detail::pair_systems(scenario_, out_, n);
            const bool sets = detail::pair_sets(scenario_, out_, n);
            for (auto& system : out_.systems)
                if (system.nat == n) system.paired_sets = sets;
        }
        return std::move(out_);
    }

  private:
    static bool by_destination(const nat_plan& p) {
        return p.design.pool.choice == pool_choice::hash && !p.design.pool.fallback &&
               p.pool_size > 1 && p.design.pool.of == hash_input::source_and_destination;
    }

    // One endpoint stands for all of a server set, unless weights, a hash or the scope tell them
    // apart.
    void endpoints(std::size_t v) {
        const auto& set = scenario_.servers[v];
        const double addresses = static_cast<double>(set.addresses.size());
        const double ports = static_cast<double>(set.ports.size());
        bool weighted = false, hashed = false, wide = false;
        for (const auto& t : traffic_.streams)
            weighted = weighted || (t.servers == v && !t.weights.empty());
        for (const auto& p : out_.plans) {
            hashed = hashed || by_destination(p);
            wide = wide || p.design.clash_scope.destination != scope_destination::endpoint;
        }
        if ((weighted || wide) && addresses * ports > (wide ? most_destinations : 65536))
            throw unsupported("server set " + set.name +
                              " has more endpoints than can be told apart here (" +
                              std::to_string(wide ? most_destinations : 65536) + ")");
        const bool each = weighted || wide;
        const auto some = sample(addresses, each ? 65536 : hashed ? 256 : 1);
        const auto at = sample(ports, each ? 65536 : 1);
        first_.push_back(destinations_.size());
        for (const auto a : some)
            for (const auto p : at)
                destinations_.push_back(
                    {v, set.addresses.at(a), set.ports.at(p),
                     addresses * ports /
                         (static_cast<double>(some.size()) * static_cast<double>(at.size()))});
        if (hashed && static_cast<double>(some.size()) < addresses)
            out_.assumed.push_back("server set " + set.name + ": " + std::to_string(some.size()) +
                                   " of its addresses stand for all");
        even_.push_back(!each);
    }

    void add(const stream& t) {
        const nat* through = nat_of(scenario_, t.clients);
        const std::size_t first = first_[t.servers];
        const std::size_t end =
            t.servers + 1 < first_.size() ? first_[t.servers + 1] : destinations_.size();
        double all = 0;
        for (std::size_t d = first; d < end; ++d) all += destinations_[d].copies;
        if (through)
            out_.nat_load[static_cast<std::size_t>(through - scenario_.nats.data())] += t.load();
        for (std::size_t d = first; d < end; ++d) {
            const double rate = t.rate * (t.weights.empty() ? 1 / all : t.weights[d - first]);
            if (!(rate > 0)) continue;
            const std::size_t kind = kind_for(t, d, through);
            out_.kinds[kind].rate += rate;
            out_.kinds[kind].load += rate * t.hold();
            out_.kinds[kind].open += rate * t.open.mean;
            if (through && translates(*through))
                place(t, d, rate, kind, static_cast<std::size_t>(through - scenario_.nats.data()));
        }
    }

    std::size_t kind_for(const stream& t, std::size_t d, const nat* through) {
        const auto [it, fresh] = kind_of_.try_emplace({t.clients, d}, out_.kinds.size());
        if (fresh) {
            const auto& to = destinations_[d];
            traffic_kind k;
            k.clients = t.clients;
            k.servers = to.servers;
            if (through) k.nat = static_cast<std::size_t>(through - scenario_.nats.data());
            k.address = to.address;
            k.port = to.at;
            k.endpoints = to.copies;
            out_.kinds.push_back(k);
        }
        return it->second;
    }

    // Into the systems of the addresses that the stream's clients get.
    void place(const stream& t, std::size_t d, double rate, std::size_t kind, std::size_t n) {
        const nat_plan& plan = out_.plans[n];
        if (plan.pairs()) detail::refuse_pairing(scenario_, plan, t.clients);
        const auto& set = scenario_.clients[t.clients];
        const double clients = static_cast<double>(set.addresses.size());
        const auto& pool = plan.design.pool;
        const std::uint64_t size = saturated(plan.pool_size);
        const auto put_class = [&](std::optional<std::uint64_t> rank, double addresses, double part,
                                   double copies, std::optional<std::size_t> of) {
            auto& system = system_for(d, n, rank, pool.fallback ? size : 1, t.clients, of);
            system.copies = destinations_[d].copies * copies;
            std::uint32_t to = 0;
            auto& places = places_[&system];
            while (to < places.size() && places[to] != d) ++to;
            if (to == places.size()) {
                places.push_back(d);
                system.destinations.push_back(scenario_.servers[t.servers].protocol);
            }
            system_part p;
            p.kind = kind;
            p.destination = to;
            p.addresses = addresses;
            p.rate = rate * part;
            p.open = t.open;
            p.closing = t.closing;
            p.arrives = t.arrives.thinned(part);
            system.parts.push_back(std::move(p));
        };
        const auto by_class = classes_apart(plan, set);
        const auto put = [&](std::optional<std::uint64_t> rank, double addresses, double part,
                             double copies) {
            for (const auto& [of, share] : by_class)
                put_class(rank, addresses, part * share, copies, of);
        };
        if (scenario_.nats[n].port_set) {  // each client address by itself
            if (!dealt_on_demand(*scenario_.nats[n].port_set))
                say("the ports of one subscriber of " + set.name + " stand for those of all");
            return put(std::nullopt, 1, 1 / clients, clients);
        }
        if (pool.fallback || size == 1)
            return put(size == 1 ? std::optional<std::uint64_t>(0) : std::nullopt, clients, 1, 1);
        if (pool.choice == pool_choice::first) return put(0, clients, 1, 1);
        if (pool.choice == pool_choice::random || pool.choice == pool_choice::round_robin) {
            if (pool.choice == pool_choice::round_robin)
                say("addresses taken round robin are taken for drawn, which are refused no less");
            if (!plan.holes.empty() && plan.holes.alike().size() > 1)
                throw unsupported("NAT " + plan.of->name +
                                  ": the refusal probability where static mappings differ by "
                                  "address, and the address is drawn, is not modelled yet; "
                                  "simulate counts it");
            const auto n_addresses = static_cast<double>(plan.pool_size);
            return put(std::nullopt, clients, 1 / n_addresses, n_addresses);
        }
        const bool known = is_known_hash(pool.hash) && size <= UINT32_MAX;
        out_.unknown_hash = out_.unknown_hash || !known;
        std::map<std::uint64_t, double> here;  // a rank's client addresses
        const auto some = sample(clients, most_hashed);
        const ip_address to = pool.of == hash_input::source ? 0 : destinations_[d].address;
        for (const auto rank : some) {
            const ip_address source = set.addresses.at(rank);
            const auto at = known ? *plan.pool_rank(source, destinations_[d].address)
                                  : detail::mixed(source, to, assignment_) % size;
            here[at] += clients / static_cast<double>(some.size());
        }
        if (static_cast<double>(some.size()) < clients)
            say("client set " + set.name + ": " + std::to_string(some.size()) +
                " of its addresses are hashed and stand for all");
        for (const auto& [rank, addresses] : here) put(rank, addresses, addresses / clients, 1);
    }

    // The classes that a client set's source ports lie in, with their shares of them, where no two
    // classes of the NAT share an external port; else all together.
    std::vector<std::pair<std::optional<std::size_t>, double>> classes_apart(const nat_plan& plan,
                                                                             const client_set& c) {
        const auto& classes = plan.classes;
        bool apart = classes.size() > 1 && plan.design.first_choice != first_choice::preserve_any &&
                     c.source_ports.law == source_port_law::uniform;
        port_set seen;
        for (const auto& one : classes) {
            apart = apart && (seen & one.ports).empty();
            seen = seen | one.ports;
        }
        std::vector<std::pair<std::optional<std::size_t>, double>> out;
        const auto all = static_cast<double>(c.ports.size());
        for (std::size_t k = 0; apart && k < classes.size(); ++k)
            if (const auto own = static_cast<double>((c.ports & classes[k].source).size()); own > 0)
                out.emplace_back(k, own / all);
        if (out.size() < 2) return {{std::nullopt, 1}};
        say("client set " + c.name +
            ": its connections come from each class of source ports by its share of them");
        return out;
    }

    loss_system& system_for(std::size_t d, std::size_t n, std::optional<std::uint64_t> rank,
                            std::uint64_t ranks, std::size_t clients,
                            std::optional<std::size_t> of_class) {
        const auto& scope = out_.plans[n].design.clash_scope;
        const auto& to = destinations_[d];
        const bool address = scope.destination != scope_destination::none;
        const bool endpoint = scope.destination == scope_destination::endpoint;
        const key k{n,
                    scope.protocol ? static_cast<int>(scenario_.servers[to.servers].protocol) : -1,
                    address ? to.address : 0,
                    endpoint ? to.at : 0,
                    rank.value_or(UINT64_MAX),
                    scenario_.nats[n].port_set ? clients : 0,
                    of_class.value_or(SIZE_MAX)};
        auto [it, fresh] = systems_.try_emplace(k);
        if (fresh) {
            it->second.nat = n;
            const auto& sets = scenario_.nats[n].port_set;
            it->second.dealt = sets && dealt_on_demand(*sets);
            it->second.rank = rank;
            if (of_class) it->second.source_ports = out_.plans[n].classes[*of_class].source;
            it->second.ranks =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(ranks, UINT32_MAX));
        }
        return it->second;
    }

    void say(const std::string& sentence) {
        if (std::find(out_.assumed.begin(), out_.assumed.end(), sentence) == out_.assumed.end())
            out_.assumed.push_back(sentence);
    }

    using key =
        std::tuple<std::size_t, int, ip_address, port, std::uint64_t, std::size_t, std::size_t>;
    const scenario& scenario_;
    const filled_traffic& traffic_;
    std::uint64_t assignment_;
    system_split out_;
    std::vector<destination> destinations_;
    std::vector<std::size_t> first_;  // a server set's first destination
    std::vector<bool> even_;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> kind_of_;
    std::map<key, loss_system> systems_;
    std::map<const loss_system*, std::vector<std::size_t>> places_;  // a system's destinations
};

// Many clients are like any other number of many. The steps lie a little below the powers of two,
// about which a hash spreads the clients of a prefix over a pool.
double alike(double addresses) {
    return addresses <= 64 ? addresses : std::exp2(std::floor(std::log2(addresses) + 0.25));
}

}  // namespace

double system_part::load() const {
    double hold = open.mean;
    for (const auto& phase : closing) hold += phase.share * phase.seconds;
    return rate * hold;
}

double loss_system::load() const {
    double sum = 0;
    for (const auto& p : parts) sum += p.load();
    return sum;
}

system_split split(const scenario& s, const filled_traffic& traffic, std::uint64_t assignment) {
    return splitter(s, traffic, assignment).run();
}

std::vector<std::pair<double, std::uint64_t>> assignments_by_load(const scenario& s,
                                                                  const filled_traffic& traffic) {
    constexpr std::uint64_t assignments = 200;
    std::vector<std::pair<double, std::uint64_t>> out;
    for (std::uint64_t a = 0; a < assignments; ++a) {
        double most = 0;
        for (const auto& system : split(s, traffic, a).systems)
            most = std::max(most, system.load());
        out.emplace_back(most, a);
    }
    std::sort(out.begin(), out.end());
    return out;
}

table_setup table_of(const system_split& all, const loss_system& system) {
    if (system.ranks > 1024)
        throw unsupported("a search over more than 1,024 addresses can't be simulated");
    std::vector<destination_place> places;
    for (const auto protocol : system.destinations)
        places.push_back({0, static_cast<std::uint32_t>(places.size()), protocol});
    auto out = setup_for(all.plans[system.nat], std::move(places), 1, system.ranks);
    out.first_rank = system.rank.value_or(0);
    out.table.reset();  // limits of the whole NAT are another system's
    out.quota.reset();
    out.keeps_order = false;
    out.remembers = false;
    out.partners = false;  // loss_curve::choose: they change no odds, or there is no curve
    return out;
}

simulation_input input_for(const scenario& s, const system_split& all, const loss_system& system,
                           std::vector<std::size_t>& kinds) {
    simulation_input in;
    in.table = table_of(all, system);
    in.addresses = static_cast<std::uint32_t>(system.destinations.size());
    const double most = (1 << 20) / static_cast<double>(system.destinations.size());
    std::vector<std::pair<std::size_t, double>> groups;  // client set and addresses
    std::uint32_t first = 0;
    kinds.clear();
    for (const auto& part : system.parts) {
        const std::size_t set = all.kinds[part.kind].clients;
        std::size_t g = 0;
        while (g < groups.size() && groups[g] != std::pair{set, part.addresses}) ++g;
        if (g == groups.size()) {
            groups.emplace_back(set, part.addresses);
            const auto count = static_cast<std::uint32_t>(
                std::max(1.0, std::round(std::min(alike(part.addresses), most))));
            in.clients.push_back({set, first, count, port_list(system.ports_of(s.clients[set])),
                                  s.clients[set].source_ports.law});
            first += count;
        }
        simulated_stream stream;
        stream.group = static_cast<std::uint32_t>(g);
        stream.destinations = {part.destination};
        stream.rate = part.rate;
        stream.open = part.open;
        stream.closing = part.closing;
        stream.arrives = part.arrives;
        in.streams.push_back(std::move(stream));
    }
    in.kind_of.assign(in.clients.size() * system.destinations.size(), 0);
    for (std::size_t i = 0; i < system.parts.size(); ++i) {
        const auto& part = system.parts[i];
        const auto at = std::find(kinds.begin(), kinds.end(), part.kind);
        in.kind_of[in.streams[i].group * system.destinations.size() + part.destination] =
            static_cast<std::uint32_t>(at - kinds.begin());
        if (at == kinds.end()) kinds.push_back(part.kind);
    }
    in.kinds = static_cast<std::uint32_t>(kinds.size());
    return in;
}

std::string structure_key(const loss_system& system, const system_split& all) {
    std::vector<std::size_t> sets;
    std::string key = structure_key(system, all, sets) + "|" + std::to_string(system.nat);
    for (const auto set : sets) key += ":" + std::to_string(set);
    return key;
}

std::string structure_key(const loss_system& system, const system_split& all,
                          std::vector<std::size_t>& sets) {
    sets.clear();
    std::string key = std::to_string(system.ranks);
    for (const auto p : system.destinations) key += "," + std::to_string(static_cast<int>(p));
    // static mappings may differ by address
    if (system.rank && !all.plans[system.nat].holes.empty())
        key += "@" + std::to_string(*system.rank);
    if (system.paired) {
        key += "p" + shortest(system.paired->clients) + "/" + shortest(system.paired->addresses);
        for (const auto& [load, copies] : system.paired->beside)
            key += "+" + shortest(load) + "*" + shortest(copies);
    }
    if (system.source_ports) key += "#" + std::to_string(system.source_ports->at(0));
    const double load = system.load();
    const auto type = all.plans[system.nat].design.mapping_type;
    const bool meeting =
        system.destinations.size() > 1 && (type == mapping_type::eim || type == mapping_type::adm);
    for (const auto& p : system.parts) {
        if (meeting) key += ";" + shortest(p.addresses);  // where every socket counts
        const std::size_t set = all.kinds[p.kind].clients;
        auto place = std::find(sets.begin(), sets.end(), set);
        if (place == sets.end()) place = sets.insert(sets.end(), set);
        key += ";" + std::to_string(place - sets.begin()) + "/" + std::to_string(p.destination) +
               "/" + std::to_string(static_cast<long>(std::lround(alike(p.addresses)))) + "/" +
               std::to_string(std::lround(p.load() / load * 1e9)) + "/" +
               std::to_string(static_cast<int>(p.open.law)) + "/" + shortest(p.open.mean) + "/" +
               shortest(p.open.cv);
        for (const double x : p.open.samples) key += "/" + shortest(x);
        for (const double x : p.open.weights) key += "*" + shortest(x);
        if (p.arrives.law != arrival_law::poisson)
            key += "/" + shortest(p.arrives.batch) + "/" +
                   std::to_string(static_cast<int>(p.arrives.law)) + "/" +
                   std::to_string(p.arrives.source);
        for (const auto& c : p.closing)
            key += "/" + std::to_string(static_cast<int>(c.cause)) + ":" + shortest(c.share) + ":" +
                   shortest(c.seconds);
    }
    return key;
}

}  // namespace natbound::calculator
