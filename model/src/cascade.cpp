// Writing a cascade as NATs side by side.
#include "natbound/model/cascade.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/plan.hpp"

namespace natbound {
namespace {

class unroller {
  public:
    explicit unroller(const scenario& s) : s_(s), out_(s), outer_(outer_of(s)) {
        for (std::size_t c = 0; c < s.clients.size(); ++c) client_[s.clients[c].name] = c;
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            for (const auto& name : s.nats[n].inside) inside_[name] = n;
    }

    scenario run() {
        for (const auto n : inner_first(s_))
            if (outer_[n] < s_.nats.size()) stand_in(n);
        for (const auto& t : s_.traffic) further_stages(t);
        return std::move(out_);
    }

  private:
    void stand_in(std::size_t n) {
        client_set stands;
        stands.name = s_.nats[n].name;
        stands.addresses = s_.nats[n].external_ip_address_pool;
        stands.ports = {};
        const nat_plan plan(s_.nats[n]);
        bool all = false;
        for (const auto& name : s_.nats[n].inside) {
            const auto& c = out_.clients[client_.at(name)];
            stands.ports = stands.ports | external_ports(plan, c.ports);
            all = all || c.reaches.empty();
            for (const auto& v : c.reaches)
                if (std::find(stands.reaches.begin(), stands.reaches.end(), v) ==
                    stands.reaches.end())
                    stands.reaches.push_back(v);
        }
        if (all) stands.reaches.clear();
        client_[stands.name] = out_.clients.size();
        out_.clients.push_back(std::move(stands));
    }

    // What the entry's clients send through NATs that are inside others, as traffic of these.
    void further_stages(const traffic_entry& t) {
        double all = 0;
        for (const auto& name : t.from) all += addresses(name);
        std::vector<double> through(s_.nats.size(), 0);
        for (const auto& name : t.from) {
            const auto it = inside_.find(name);
            for (std::size_t n = it == inside_.end() ? s_.nats.size() : it->second;
                 n < s_.nats.size() && outer_[n] < s_.nats.size(); n = outer_[n])
                through[n] += addresses(name) / all;
        }
        for (std::size_t n = 0; n < through.size(); ++n) {
            if (through[n] == 0) continue;
            traffic_entry one = t;
            one.from = {s_.nats[n].name};
            if (t.rate_per_client) one.rate = rate{t.rate_per_client->per_second * all};
            one.rate_per_client.reset();
            if (one.rate) one.rate->per_second *= through[n];
            if (one.live) *one.live *= through[n];
            out_.traffic.push_back(std::move(one));
        }
    }

    double addresses(const std::string& client) const {
        return static_cast<double>(s_.clients[client_.at(client)].addresses.size());
    }

    const scenario& s_;
    scenario out_;
    std::vector<std::size_t> outer_;
    std::map<std::string, std::size_t> client_, inside_;
};

}  // namespace

port_set external_ports(const nat_plan& plan, const port_set& sources) {
    port_set out;
    for (const auto& c : plan.classes) {
        const port_set own = sources & c.source;
        if (own.empty()) continue;
        if (!plan.rounds(c.size).empty()) out = out | c.ports;
        if (plan.design.first_choice == first_choice::preserve) out = out | (own & c.ports);
        if (plan.design.first_choice == first_choice::preserve_any) out = out | own;
    }
    return out;
}

bool is_cascade(const scenario& s) {
    const auto outer = outer_of(s);
    return std::any_of(outer.begin(), outer.end(), [&](auto n) { return n < s.nats.size(); });
}

std::vector<std::size_t> outer_of(const scenario& s) {
    std::map<std::string, std::size_t> index;
    for (std::size_t n = 0; n < s.nats.size(); ++n) index[s.nats[n].name] = n;
    std::vector<std::size_t> out(s.nats.size(), s.nats.size());
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        for (const auto& name : s.nats[n].inside)
            if (const auto it = index.find(name); it != index.end()) out[it->second] = n;
    return out;
}

std::vector<std::size_t> inner_first(const scenario& s) {
    const auto outer = outer_of(s);
    std::vector<std::size_t> depth(s.nats.size(), 0), out;
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        for (std::size_t m = outer[n]; m < s.nats.size(); m = outer[m]) ++depth[n];
        out.push_back(n);
    }
    std::stable_sort(out.begin(), out.end(), [&](auto a, auto b) { return depth[a] > depth[b]; });
    return out;
}

unsigned stages_of(const scenario& s) {
    const auto outer = outer_of(s);
    unsigned most = 0;
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        unsigned here = 0;
        for (std::size_t m = n; m < s.nats.size(); m = outer[m]) ++here;
        most = std::max(most, here);
    }
    return most;
}

std::size_t stage_of(const scenario& flat, std::size_t client) {
    std::size_t n = 0;
    while (n < flat.nats.size() && flat.nats[n].name != flat.clients[client].name) ++n;
    return n;
}

scenario side_by_side(const scenario& s) { return unroller(s).run(); }

}  // namespace natbound
