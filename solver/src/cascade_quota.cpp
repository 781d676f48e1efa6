// Address by address: whole units while the quota lasts, then one towards fewer endpoints.
#include "cascade_quota.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "cascade_view.hpp"
#include "natbound/model/work.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_rows = 200'000;

}  // namespace

std::vector<block> within_each_quota(const std::vector<block>& blocks, const count& quota) {
    std::map<ip_address, count> used;
    std::vector<block> out;
    std::size_t rows = 0;
    for (const auto& spread : blocks)
        for (const auto& b : unspread(spread)) {
            const count ports = b.ports.size();
            for (count done = 0; done < b.size;) {
                poll();
                if (++rows > most_rows) return out;
                const count at = b.first + done;
                const count here = std::min<count>(b.size - done, ports - at % ports);
                auto& so_far = used[b.addresses.at(static_cast<u128>(count(at / ports)))];
                const count whole =
                    std::min<count>(here, (quota - so_far) / count(b.to->endpoints));
                if (whole > 0) out.push_back(part_of(b, b.to, done, whole));
                so_far += whole * b.to->endpoints;
                if (const count left = quota - so_far; whole < here && left > 0) {
                    auto to = std::make_shared<const target>(
                        target{slice_endpoints(b.to->list, 0, left), left});
                    out.push_back(part_of(b, std::move(to), done + whole, 1));
                    so_far = quota;
                }
                done += here;
            }
        }
    return out;
}

}  // namespace natbound
