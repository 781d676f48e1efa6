#pragma once
// Paired pooling (RFC 4787 REQ-2): all live mappings of one client address have one external
// address. Which client addresses share one is bin packing: the bins are the pool's addresses, each
// with its ports towards every destination.
//
// From above: what fits without pairing; and alike client addresses bring no more than they would
// with the whole pool to themselves, dealt to it as evenly as can be (`dealt_worth`). From below:
// client addresses are dealt out, and each external address by itself is filled as a pool of one.
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/classes.hpp"
#include "pair_demand.hpp"
#include "quota.hpp"

namespace natbound {

// Client addresses that one external address carries, by client set.
using bin = std::vector<address_set>;

// Pools of more addresses are not dealt out one by one.
constexpr std::uint64_t most_bins = 4096;

// Each client set spread evenly over the pool; nothing for a pool of more than most_bins.
std::vector<bin> dealt_evenly(const scenario& s, const std::vector<std::size_t>& inside,
                              const count& pool);

// The scenario of one external address after the other: the pool is its address number `rank`, the
// clients are those of the bin; `inside` becomes the sets that are left (the others stay as the
// last bin had them). One copy serves all bins: there may be hundreds of sets and of bins.
class behind_one {
  public:
    behind_one(const scenario& s, std::size_t nat)
        : one_(s), pool_(s.nats[nat].external_ip_address_pool), nat_(nat) {}
    const scenario& at(std::uint64_t rank, const bin& clients, std::vector<std::size_t>& inside);

  private:
    scenario one_;
    address_set pool_;
    std::size_t nat_;
};

// The most connections that client addresses bring, were only alike ones (of the same ports,
// towards the same servers) on one external address. What n of them bring there is concave in n:
// under each key its heaviest mappings, one for each port that their ports may be given, and in all
// no more than their quotas. So of all dealings to the pool the even one brings the most.
class dealt_worth {
  public:
    dealt_worth(const scenario& s, const reach_table& reach, std::size_t nat,
                const std::vector<std::size_t>& inside, const nat_reading& reading,
                const std::optional<count>& quota);
    count of(const std::vector<bool>& chosen) const;  // by client set

  private:
    struct key_family {
        count keys;
        count room;                                     // ports of the widest external address
        std::vector<std::pair<count, count>> mappings;  // weight and number, the heaviest first
    };
    struct alike {
        std::vector<std::pair<std::size_t, count>> members;  // client set, its addresses
        std::vector<key_family> families;
    };
    count on_one(const alike& kind, const count& clients) const;

    std::vector<alike> kinds_;
    count pool_;
    std::optional<count> quota_;
};

// Client sets of one address each, with what they want towards each server set, packed: first fit
// and best fit by falling size; nothing where neither finds a place for all. The others are dealt
// evenly before. A guess: whether a bin really holds its demand is for a flow to say.
std::vector<bin> packed(const scenario& s, const nat_plan& plan,
                        const std::vector<std::size_t>& inside,
                        const std::vector<pair_demand>& demand);

// As a solver says: single address c on external address number at[c], where there is one.
std::vector<bin> dealt_as(const scenario& s, const nat_plan& plan,
                          const std::vector<std::size_t>& inside,
                          const std::vector<std::uint64_t>& at);

// The parts of a demand that fall to the clients of each bin: shares of client sets of several
// addresses by numbers of addresses, rounded so that they add up.
std::vector<demand_list> shares_of(const scenario& s, const std::vector<bin>& bins,
                                   const demand_list& demand);

// The same by what each bin has room for, a maximum flow for each server set: three clients on one
// external address may want more in all than it carries, and the two on another may have the rest.
// Nothing where some part has no room. (The quota is looked at for each server set by itself.)
std::vector<demand_list> shares_by_room(const scenario& s, const nat_plan& plan,
                                        const std::vector<std::size_t>& inside,
                                        const std::vector<bin>& bins, const demand_list& demand,
                                        const std::optional<count>& quota);

// A bound on the number of pool addresses that the demands of single addresses towards one server
// set need (L2 of Martello and Toth 1990), where it passes the pool: certificate and words.
struct too_few_bins {
    boost::json::object packing;  // {"server", "threshold"}
    std::string in_words;
};
std::optional<too_few_bins> needs_more_bins(const scenario& s, const nat_plan& plan,
                                            const std::vector<pair_demand>& demand);

}  // namespace natbound
