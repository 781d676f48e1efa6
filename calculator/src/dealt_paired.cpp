// Each number of subscribers on an address has the law of so many with the blocks of one address;
// dealing.hpp takes the mean over these numbers.
#include "dealt_paired.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "dealing.hpp"
#include "least.hpp"
#include "logarithms.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator::detail {
namespace {

class by_number {
  public:
    by_number(const block_dealing& what, kept_laws& seen)
        : one_(what),
          clients_(what.kinds.front().count),
          addresses_(what.addresses),
          seen_(seen),
          all_(clients_, addresses_,
               [this](std::uint64_t k) { return k == 0 ? 0 : on_address(k).log_fits; }) {}

    // The law of k subscribers on an address.
    const dealt_answer& on_address(std::uint64_t k) {
        const auto [it, fresh] = known_.try_emplace(k);
        if (fresh) {
            one_.addresses = 1;
            one_.kinds.front().count = k;
            it->second = dealt_blocks(one_, seen_);
        }
        return it->second;
    }

    dealt_answer unpaired() {
        block_dealing all = one_;
        all.addresses = 1;
        all.pool *= addresses_;
        all.kinds.front().count = clients_;
        return dealt_blocks(all, seen_);
    }

    dealt_answer run() {
        // fewer never hold all blocks of an address
        const std::uint64_t enough = one_.pool / one_.most + 1;
        const dealt_answer typical = on_address(dealing::even(clients_, addresses_));
        dealt_answer out;
        out.log_error = typical.log_error;
        // a first flow goes on until all addresses are full, as if any could give any block
        const dealt_answer everywhere = one_.fallback ? unpaired() : dealt_answer();
        auto& refused = out.refused.emplace_back();
        for (std::size_t s = 0; s < typical.refused.front().size(); ++s) {
            const auto share = [&](double dealt_refusal::*part, std::uint64_t least) {
                return mean([&](const auto& a) { return a.refused.front()[s].*part; }, least);
            };
            dealt_refusal one{share(&dealt_refusal::by_quota, 1), log_zero,
                              share(&dealt_refusal::by_flows, 1)};
            one.by_pool_first = one_.fallback ? everywhere.refused.front()[s].by_pool_first
                                              : share(&dealt_refusal::by_pool_first, enough);
            one.by_pool_later = share(&dealt_refusal::by_pool_later, enough);
            one.by_pool = std::min(0.0, log_sum(one.by_pool_first, one.by_pool_later));
            refused.push_back(one);
        }
        out.log_exhausted = mean([](const auto& a) { return a.log_exhausted; }, enough);
        out.mean_blocks =
            static_cast<double>(clients_) * std::exp(all_.log_mean([&](std::uint64_t k) {
                return std::log(on_address(k).mean_blocks / static_cast<double>(k));
            }));
        return out;
    }

  private:
    // The mean of a chance that fewer than `few` subscribers on an address never meet.
    template <class Chance>
    double mean(Chance of, std::uint64_t few) {
        const auto chance = [&](std::uint64_t k) { return of(on_address(k)); };
        // where subscribers can't hold all that they may, somewhat more of them; or none do
        const std::uint64_t first = least_from(
            few - 1, [&](std::uint64_t k) { return k >= clients_ || chance(k) > log_zero; });
        if (first > clients_ || chance(first) == log_zero) return log_zero;
        return std::min(0.0, all_.log_mean(chance, first));
    }

    block_dealing one_;
    std::uint64_t clients_, addresses_;
    kept_laws& seen_;
    std::map<std::uint64_t, dealt_answer> known_;
    dealing all_;
};

}  // namespace

dealt_answer dealt_paired(const block_dealing& what, kept_laws& seen) {
    if (what.kinds.size() != 1)
        throw domain_error("dealt_blocks: under paired pooling subscribers are of one kind");
    if (what.kinds.front().count > 1) return by_number(what, seen).run();
    block_dealing one = what;
    one.addresses = 1;
    return dealt_blocks(one, seen);
}

}  // namespace natbound::calculator::detail
