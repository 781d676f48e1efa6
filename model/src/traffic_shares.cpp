#include "natbound/model/traffic_shares.hpp"

#include <cmath>

#include "natbound/model/error.hpp"

namespace natbound {

std::vector<double> endpoint_shares(const traffic_entry& t, double endpoints) {
    if (!t.zipf && t.weights.empty() && !t.top_share) return {};
    constexpr double most = 1 << 20;
    if (endpoints > most)
        throw unsupported("zipf, weights and top-share need at most 1,048,576 endpoints");
    std::vector<double> out = t.weights;
    if (t.top_share) {  // the worst that was guessed
        const double top = t.top_share->most.value;
        out.assign(static_cast<std::size_t>(endpoints),
                   endpoints > 1 ? (1 - top) / (endpoints - 1) : 0);
        out.front() = endpoints > 1 ? top : 1;
    }
    if (t.zipf)
        for (int i = 1; i <= static_cast<int>(endpoints); ++i) out.push_back(std::pow(i, -*t.zipf));
    double sum = 0;
    for (const double w : out) sum += w;
    for (double& w : out) w /= sum;
    return out;
}

way_shares::way_shares(const scenario& s) {
    for (const auto& n : s.nats) {
        nats_[n.name] = &n;
        for (const auto& name : n.inside) ++ways_[name];
    }
}

std::map<std::string, double> way_shares::through(const std::string& name) const {
    std::map<std::string, double> out;
    gather(name, out);
    return out;
}

void way_shares::gather(const std::string& name, std::map<std::string, double>& out) const {
    const auto it = nats_.find(name);
    if (it == nats_.end()) {
        out[name] += 1 / ways_.at(name);
        return;
    }
    for (const auto& inner : it->second->inside) gather(inner, out);
}

}  // namespace natbound
