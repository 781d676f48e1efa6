// Paired pooling: systems of one pool, whose clients carry the load towards all keys to one
// address.
#include "paired_systems.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/calculator/erlang.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr std::size_t most_kinds = 64;    // of keys, by their load
constexpr double most_counted = 1 << 24;  // clients, addresses
constexpr double most_destinations = 1e9;
constexpr std::size_t most_systems = 4096;
constexpr double alike = 1e-9;

[[noreturn]] void unknown(const nat& n, const std::string& what) {
    throw unsupported("NAT " + n.name + ": the refusal probability under paired pooling" + what +
                      " is not modelled yet; simulate counts it");
}

// A client set's load towards a system's key, of one of its addresses.
std::map<std::size_t, double> loads_of(const system_split& all, const loss_system& system,
                                       double addresses) {
    std::map<std::size_t, double> out;
    for (const auto& part : system.parts)
        out[all.kinds[part.kind].clients] += part.load() * addresses / part.addresses;
    return out;
}

bool same(const std::map<std::size_t, double>& loads) {
    const double first = loads.begin()->second;
    return std::all_of(loads.begin(), loads.end(), [&](const auto& one) {
        return std::fabs(one.second - first) <= alike * first;
    });
}

void tell(const scenario& s, system_split& all, std::size_t nat, double clients, double addresses) {
    const auto fullest = clients_on_fullest(static_cast<std::uint64_t>(clients),
                                            static_cast<std::uint64_t>(addresses), bad_dealings);
    all.assumed.push_back(
        s.nats[nat].name + ": an average over how its " + grouped(count(clients)) +
        " clients happen to be dealt to " + grouped(count(addresses)) +
        " addresses, which changes only while a client has no connection: as long as clients stay "
        "busy a bad dealing lasts, and 5 % of the dealings give an address more than " +
        grouped(count(static_cast<double>(fullest))) + " clients");
}

}  // namespace

void refuse_pairing(const scenario& s, const nat_plan& plan, std::size_t clients) {
    const auto& pool = plan.design.pool;
    if (pool.fallback) unknown(*plan.of, " that goes on to an address with room");
    // these deal clients more evenly: down to a twentieth of what is refused where they are drawn
    if (pool.choice == pool_choice::round_robin)
        unknown(*plan.of, " whose addresses are taken round robin");
    if (pool.choice != pool_choice::random) unknown(*plan.of, " where a hash picks the address");
    if (!plan.holes.empty()) unknown(*plan.of, " beside static mappings");
    if (stage_of(s, clients) < s.nats.size()) unknown(*plan.of, " of another NAT's addresses");
}

void pair_systems(const scenario& s, system_split& all, std::size_t nat) {
    const double addresses = static_cast<double>(all.plans[nat].pool_size);
    std::vector<loss_system*> here;
    for (auto& system : all.systems)
        if (system.nat == nat) here.push_back(&system);
    if (here.empty()) return;
    if (here.size() > most_systems)
        unknown(s.nats[nat], " towards more than " + grouped(most_systems) + " destinations");
    std::map<std::size_t, double> sets;  // and their addresses
    for (const auto* system : here) {
        if (system->source_ports) unknown(s.nats[nat], " with classes of source ports");
        for (const auto& part : system->parts) sets[all.kinds[part.kind].clients] = part.addresses;
    }
    pairing with;
    with.addresses = addresses;
    for (const auto& [set, many] : sets) with.clients += many;
    if (with.clients > most_counted || addresses > most_counted)
        unknown(s.nats[nat],
                " of more than " + grouped(count(most_counted)) + " clients or addresses");
    std::map<double, double> keys;  // by load, how many
    for (const auto* system : here) {
        const auto loads = loads_of(all, *system, addresses);
        if (loads.size() != sets.size() || !same(loads)) refuse_unlike(s.nats[nat]);
        const double load = system->load(), copies = system->copies / addresses;
        const auto near = keys.lower_bound(load * (1 - alike));
        if (near != keys.end() && near->first <= load * (1 + alike))
            near->second += copies;
        else
            keys[load] = copies;
    }
    if (keys.size() > most_kinds)
        unknown(s.nats[nat],
                " towards destinations of more than " + grouped(most_kinds) + " different loads");
    for (const auto& [load, copies] : keys)
        if (copies > most_destinations)
            unknown(s.nats[nat], " towards more than " + grouped(count(most_destinations)) +
                                     " destinations that are alike");
    for (auto* system : here) {
        system->paired = with;
        bool own = false;
        for (const auto& [load, copies] : keys) {
            const bool mine = !own && std::fabs(load / system->load() - 1) <= alike;
            own = own || mine;
            if (const double others = copies - (mine ? 1 : 0); others > 0.5)
                system->paired->beside.emplace_back(mine ? 1 : load / system->load(),
                                                    std::round(others));
        }
    }
    tell(s, all, nat, with.clients, with.addresses);
}

bool pair_sets(const scenario& s, system_split& all, std::size_t nat) {
    const auto& n = s.nats[nat];
    if (!pairs_sets(n)) return false;
    const count clients = subscribers_of(s, n), addresses = n.external_ip_address_pool.size();
    // enough for all, whoever shares an address
    if (clients * n.port_set->port_sets_per_subscriber <= port_set_layout(n).on_an_address())
        return false;
    const auto& pool = n.design.pool;
    if (pool.choice != pool_choice::random)
        unknown(n, " of port sets whose addresses are not drawn");
    if (clients > count(most_counted) || addresses > count(most_counted))
        unknown(n, " of more than " + grouped(count(most_counted)) + " clients or addresses");
    tell(s, all, nat, static_cast<double>(clients), static_cast<double>(addresses));
    return true;
}

void refuse_unlike(const nat& n) { unknown(n, " of clients that differ in what they send"); }

paired_pool pool_of(const pairing& with, double load, double ports) {
    constexpr double most = 1e9;  // beyond, nearly all is refused, and a little more is no matter
    const double each = load * with.addresses / with.clients;
    paired_pool out{static_cast<std::uint64_t>(with.clients),
                    static_cast<std::uint64_t>(with.addresses),
                    {{std::min(each, most), ports, 1}}};
    for (const auto& [part, copies] : with.beside)
        out.keys.push_back({std::min(each * part, most), ports, copies});
    return out;
}

double load_if_badly_dealt(const pairing& with, double ports, double epsilon) {
    const auto pool = pool_of(with, 1, ports);
    const auto fullest =
        static_cast<double>(clients_on_fullest(pool.clients, pool.addresses, bad_dealings));
    // one address with so many clients
    const double full = load_for_paired(ports, 1, 1, epsilon);
    return full / fullest * with.clients / with.addresses;
}

}  // namespace natbound::calculator::detail
