// A trace of the abstract steps on the concrete step function. The trace's endpoints are any: so it
// is tried on a few ports, from source ports inside and outside of them, with many seeds, and the
// first history that matches stands.
#include <map>

#include "natbound/solver/unique.hpp"

namespace natbound {

namespace {

constexpr std::uint64_t seeds = 200;
constexpr port first_port = 20000;

// A NAT of that design with one address and so many ports for all.
nat small_nat(const design& d, port ports) {
    nat out;
    out.design = d;
    out.design.port_classes = {{all_ports(), {first_port, first_port + ports - 1}}};
    out.external_ip_address_pool = {parse_address("203.0.113.1"), parse_address("203.0.113.1")};
    // closing flows must stay for the trace's next steps
    for (const auto& cause : {"tcp-fin", "tcp-rst", "tcp-silence", "udp"}) out.timers[cause] = {1};
    return out;
}

close_cause cause_of_close(const design& d) {
    return d.reuse.take_over.empty() ? close_cause::tcp_fin : d.reuse.take_over.front();
}

// The number of steps that went as the trace says.
std::size_t steps_matched(const nat_plan& plan, const unique_trace& trace, port source,
                          std::uint64_t seed) {
    nat_table table(plan);
    random_bits random(seed);
    std::map<endpoint, endpoint> found;  // the trace's endpoint -> the table's, one to one
    const auto matches = [&](const endpoint& said, const endpoint& got) {
        const auto [at, is_new] = found.emplace(said, got);
        if (!is_new) return at->second == got;
        std::size_t uses = 0;
        for (const auto& [s, g] : found) uses += g == got ? 1 : 0;
        return uses == 1;
    };
    for (std::size_t i = 0; i < trace.steps.size(); ++i) {
        const auto& step = trace.steps[i];
        flow f = step.flow;
        f.source.port = source;
        if (step.what == table_step::kind::end) {
            table.remove(f);
        } else if (step.what == table_step::kind::start_closing) {
            table.close(f, cause_of_close(plan.design));
        } else {
            const auto out = table.open(f, random);
            const bool took_over = out.taken_over.has_value();
            if (out.refused != refusal::none ||
                took_over != (step.what == table_step::kind::take_over) ||
                !matches(step.external, out.external))
                return i;
        }
    }
    return trace.steps.size();
}

}  // namespace

std::string replay(const design& d, const unique_trace& trace) {
    std::size_t best = 0;
    const auto most = static_cast<port>(std::max<std::size_t>(trace.steps.size(), 1));
    for (port ports = 1; ports <= most; ++ports) {
        const nat n = small_nat(d, ports);
        const nat_plan plan(n);
        for (const port source : {first_port, first_port - 1})
            for (std::uint64_t seed = 0; seed < seeds; ++seed) {
                best = std::max(best, steps_matched(plan, trace, source, seed));
                if (best == trace.steps.size()) return {};
            }
    }
    return "step " + std::to_string(best + 1) + ": " + to_string(trace.steps[best]);
}

}  // namespace natbound
