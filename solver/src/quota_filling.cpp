// One client address opens flow after flow, towards one destination after the other, until its
// quota refuses it.
#include "aiming.hpp"
#include "filling.hpp"
#include "trace.hpp"

namespace natbound::detail {
namespace {

constexpr std::uint64_t most_stepped = 300'000;

class subscriber {
  public:
    subscriber(const scenario& s, const nat_plan& plan, const client_set& c)
        : s_(s), plan_(plan), client_(c), table_(plan), aim_(plan) {}

    std::optional<filling> run() {
        for (const auto& v : s_.servers) {
            if (!reaches(client_, v)) continue;
            for (const auto& part : v.addresses.parts())
                for (ip_address a = part.first;; ++a) {
                    for (const auto& at : v.ports.parts())
                        for (port q = at.first; q <= at.last; ++q)
                            if (const auto over = towards(v, {a, q}))
                                return *over ? found() : std::nullopt;
                    if (a == part.last) break;
                }
        }
        return std::nullopt;
    }

  private:
    // Whether the quota refused a flow; false: something else did; nothing: all were let in.
    std::optional<bool> towards(const server_set& v, const endpoint& to) {
        const actor who{&client_, client_.addresses.at(0), &v, to};
        for (const auto& part : client_.ports.parts())
            for (port p = part.first; p <= part.last; ++p) {
                const flow f = who.at(p);
                const std::uint64_t n = plan_.class_of(p).size;
                aim_.aim(f, table_.live() % n, table_.live() / n % saturated(plan_.pool_size));
                const opened got = table_.open(f, aim_);
                if (!got.failed()) {
                    writer_.open(who, p, aim_.drawn);
                    continue;
                }
                out_.who = who;
                out_.source = p;
                return got.refused == refusal::quota;
            }
        return std::nullopt;
    }

    std::optional<filling> found() {
        out_.live = table_.live();
        out_.trace = writer_.take();
        return std::move(out_);
    }

    const scenario& s_;
    const nat_plan& plan_;
    const client_set& client_;
    nat_table table_;
    aiming aim_;
    trace_writer writer_;
    filling out_;
};

}  // namespace

std::optional<filling> fill_quota(const scenario& s, const nat_plan& plan, const client_set& c) {
    if (*plan.quota > most_stepped) return std::nullopt;
    return subscriber(s, plan, c).run();
}

}  // namespace natbound::detail
