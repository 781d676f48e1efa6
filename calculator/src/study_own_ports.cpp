// What a study says of clients that run out of ports of their own, TIME-WAIT included. Such a
// connection is offered to no NAT; who asks how many connections there can be meets it all the
// same.

#include "natbound/model/integer.hpp"
#include "study_state.hpp"

namespace natbound::calculator {

std::vector<own_ports> loss_study::state::waiting() const {
    auto out = own_ports_of(scenario_, traffic_);
    std::erase_if(out, [](const own_ports& one) { return !one.waits; });
    return out;
}

std::optional<refusing_limit> loss_study::state::short_of_own_ports(double scale) const {
    std::optional<refusing_limit> out;
    for (const auto& one : waiting()) {
        const double log = one.log_refusal(scale);
        if (!out || log > out->log) out = {"sockets", scenario_.clients[one.clients].name, log};
    }
    return out;
}

likely_result loss_study::state::with_own_ports(likely_result out) const {
    std::optional<own_ports> soonest;
    for (auto& one : waiting()) {
        const double load = one.scale_for(out.epsilon) * sums_->all().load;
        if (out.load && *out.load <= load) continue;
        out.load = load;
        soonest = std::move(one);
    }
    if (!soonest) return out;
    out.low = out.high = *out.load;
    out.exact = true;
    out.extrapolated = false;
    out.average.reset();
    out.worst_assignment.reset();
    out.method = "Erlang's formula of the " + grouped(count(soonest->ports)) +
                 " ports of each address of " + scenario_.clients[soonest->clients].name +
                 " towards " + soonest->destination + ", TIME-WAIT included, which run out first";
    return out;
}

likely_result loss_study::with_own_ports(likely_result nats) const {
    return cascade_ ? nats : state_->with_own_ports(std::move(nats));
}
std::optional<refusing_limit> loss_study::short_of_own_ports(double scale) const {
    return cascade_ ? std::nullopt : state_->short_of_own_ports(scale);
}

}  // namespace natbound::calculator
