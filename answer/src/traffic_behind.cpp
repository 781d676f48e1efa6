#include "traffic_behind.hpp"

#include <algorithm>

namespace natbound {

traffic_behind::traffic_behind(const scenario& s) : s_(&s), ways_(s) {}

double traffic_behind::share(const nat& n, std::size_t clients) {
    const auto [it, fresh] = known_.try_emplace(n.name);
    if (fresh) it->second = ways_.through(n.name);
    const auto found = it->second.find(s_->clients[clients].name);
    return found == it->second.end() ? 0 : found->second;
}

passing_traffic traffic_behind::through(const nat& n, const calculator::filled_traffic& traffic) {
    passing_traffic out;
    double mean = 0, variance = 0, held = 0;
    for (const auto& t : traffic.streams) {
        const double part = share(n, t.clients);
        out.rate += t.rate * part;
        out.load += t.load() * part;
        if (t.packets == 0) continue;
        const double each = (t.packets - 1) / t.open.mean;
        out.packets.opening += t.rate * part;
        mean += t.rate * part * t.open.mean * each;
        variance += t.rate * part * t.open.mean * each * each;
        held += t.rate * part * t.open.mean * each * each * t.open.mean;
    }
    if (mean > 0) {
        out.packets.each = variance / mean;
        out.packets.hold = held / variance;
        out.packets.live = mean / out.packets.each;
    }
    return out;
}

double busiest_address(const server_set& v, const calculator::endpoint_amounts& of) {
    const auto ports = static_cast<std::size_t>(v.ports.size());
    const double even = of.even * static_cast<double>(ports);
    double most = even;
    for (std::size_t i = 0; i < of.uneven.size(); i += ports) {
        double here = even;
        for (std::size_t k = i; k < i + ports; ++k) here += of.uneven[k];
        most = std::max(most, here);
    }
    return most;
}

}  // namespace natbound
