#pragma once
// Which addresses of a NAT's pool are open to which client addresses, by the design's pool rule as
// it is read.
#include <map>
#include <tuple>
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

// Client addresses that may use the same addresses of the pool (numbers of pool_split::spots,
// ascending).
struct pool_share {
    address_set clients;
    std::vector<std::uint32_t> spots;
};

class pool_split {
  public:
    pool_split(const nat_plan& plan, const nat_reading& reading);

    // Addresses of the pool that are alike, each number one class of them.
    const std::vector<address_set>& spots() const { return spots_; }

    // The split of a client set's addresses, for flows of a protocol towards these destination
    // addresses (looked at only where a hash needs them).
    const std::vector<pool_share>& shares(std::size_t client, const address_set& addresses,
                                          transport protocol, const address_set& towards);

  private:
    std::vector<pool_share> split(const address_set& addresses, const address_set& towards);
    void spots_of(ip_address source, const address_set& towards, std::vector<std::uint32_t>& spots);
    std::uint32_t spot(std::uint64_t rank);

    const nat_plan& plan_;
    const nat_reading& reading_;
    bool by_source_ = false;  // the hash does not look at the destination
    std::uint64_t size_ = 1;
    std::vector<address_set> spots_;
    std::map<std::uint64_t, std::uint32_t> spot_of_;
    std::map<std::tuple<std::size_t, transport, ip_address>, std::vector<pool_share>> known_;
};

}  // namespace natbound
