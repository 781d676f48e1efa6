#pragma once
// The hashes by which NATs choose an address of their pool. A hash is part of a design: solver,
// calculator and simulator compute the same one.
#include <cstdint>
#include <string>

#include "natbound/model/address.hpp"
#include "natbound/model/design.hpp"

namespace natbound {

bool is_known_hash(const std::string& name);
std::string known_hashes();  // for messages

// The rank in the pool that `rule` picks for a flow, or pool_size where the hash is not known
// (rule.hash == "unknown"). Needs rule.choice == hash and 1 <= pool_size <= 2^32.
//   jhash2    Linux net/netfilter/nf_nat_core.c find_best_ips_proto: Bob Jenkins' lookup3 over the
//   source address, seeded with the destination
//             (of: source-and-destination) or 0 (of: source, the --persistent flag), scaled by
//             reciprocal_scale.
//   vpp-fold  VPP src/plugins/nat/nat44-ed/nat44_ed_in2out.c: the source address plus its three
//   right shifts by bytes, less one, modulo the pool.
std::uint64_t hashed_rank(const pool_rule& rule, ip_address source, ip_address destination,
                          std::uint64_t pool_size);

// lookup3 over 32-bit words, as include/linux/jhash.h has it.
std::uint32_t jhash2(const std::uint32_t* words, std::size_t length, std::uint32_t seed);

}  // namespace natbound
