#pragma once
// A quota per subscriber (RFC 6888 REQ-4): at most Q connections of each client address at a NAT.
//
// From above: for every set A of client addresses no more fit than Q x |A| and what the others may
// have without a quota, so a certificate names A. Where each connection has a mapping of its own
// the best A is exact, for every shape: written out flow by flow the question is a network (source
// -> client address, Q -> its sockets towards each key, 1 -> external endpoints of the key, 1 ->
// sink), and addresses that lie in the same runs of sockets can be exchanged for one another, as
// can the sockets of a run, the keys of a group and the endpoints of an external class. So a
// maximum flow may be averaged over all exchanges, its sums flow through the network of classes,
// and any flow there, spread evenly, flows in the large one. Both have integer capacities, hence
// equal integer maxima, and a minimum cut of the small one takes or leaves whole atoms of
// addresses: that is A. With mappings that several connections share a few sets A are tried, and
// the answer may be bounds.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/classes.hpp"
#include "pair_demand.hpp"

namespace natbound {

class server_room;

// Q, where some client address inside could pass it.
std::optional<count> quota_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                              const std::vector<std::size_t>& inside);

// Addresses that are counted by their quota, and the others.
class capped_clients {
  public:
    capped_clients(const scenario& s, const std::vector<std::size_t>& inside, const count& quota)
        : quota_(quota), inside_(inside), sets_(s.clients.size()) {}

    void cap(std::size_t client, const address_set& addresses) {
        sets_[client] = sets_[client] | addresses;
    }
    // Puts a whole client set in, or takes it out.
    void toggle(const scenario& s, std::size_t client) {
        sets_[client] = sets_[client].empty() ? s.clients[client].addresses : address_set{};
    }
    bool any() const;
    count connections() const;  // Q of each
    // The scenario without them, and which client sets are still inside.
    std::pair<scenario, std::vector<std::size_t>> others(const scenario& s) const;
    boost::json::array json(const scenario& s, const boost::json::storage_ptr& memory) const;
    std::string names(const scenario& s) const;  // "the 3 addresses of A and B"
    std::string in_words(const scenario& s, const std::string& nat) const;

  private:
    count quota_;
    std::vector<std::size_t> inside_;
    std::vector<address_set> sets_;  // by client set
};

// A of a minimum cut; each connection has a mapping of its own.
capped_clients cut_of(const scenario& s, const std::vector<std::size_t>& inside, const count& quota,
                      const std::vector<group>& groups);

// As many connections as the network lets through, laid out; towards at most some thousands of
// keys, so it may be fewer than fit. `groups` of a reading by_pair where sockets keep ports that
// are not searched. With `room` no endpoint of a server has more than it has room for, where each
// is a key by itself.
std::vector<block> blocks_within(const std::vector<group>& groups, std::size_t nat,
                                 const count& quota, const server_room* room = nullptr);

// A demand by pairs whose client sets want no more than their quotas together: laid out where every
// class of `groups` (read by_pair) is of whole client sets, as it is unless a hash tells addresses
// apart. Addresses are then alike, so a flow by pairs is dealt to them as above, and none passes
// its quota. Nothing where it does not go through, or there are too many keys.
std::optional<std::vector<block>> pairs_within(const scenario& s, const std::vector<group>& groups,
                                               const std::vector<pair_demand>& pairs,
                                               std::size_t nat);

// The same clients with so few sockets and destinations that none can pass the quota, each as many
// as it allows: a bound from below where mappings are shared. Client sets and server sets are split
// (under the same names).
struct thinned {
    scenario s;
    reach_table reach;
    std::vector<std::size_t> inside;
    std::vector<std::size_t> client_of, server_of;  // in the scenario that was thinned

    std::vector<block> named_back(std::vector<block> blocks) const;
};
thinned thinned_to(const scenario& s, const reach_table& reach,
                   const std::vector<std::size_t>& inside, const count& quota);

// The same for a demand by pairs (of these client sets): for each pair a client set of its own,
// with as many ports as an even share towards each endpoint takes; or (shared: mappings carry
// several connections) one for each client set, whose ports may be used towards all that it
// reaches. `pairs` are named anew. Nothing where such shares, rounded up, pass the quota.
std::optional<thinned> thinned_to_pairs(const scenario& s, const reach_table& reach,
                                        const count& quota, bool shared,
                                        std::vector<pair_demand>& pairs);

// The same where mappings carry several connections, and such shares pass the quota: as few client
// addresses as have the sockets and the quotas, each with just its share of every pair.
std::optional<thinned> dealt_to_pairs(const scenario& s, const count& quota,
                                      std::vector<pair_demand>& pairs);

// A demand through one NAT by any of these: dealt to subscribers that are alike, or with so few
// sockets that no address can pass its quota. Nothing where this finds no placing.
std::optional<std::vector<block>> placed_within(const scenario& s, const reach_table& reach,
                                                const nat_plan& plan, std::size_t nat,
                                                const std::vector<std::size_t>& inside,
                                                const nat_reading& reading,
                                                const std::vector<pair_demand>& pairs,
                                                const count& quota);

}  // namespace natbound
