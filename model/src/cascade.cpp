// Writing a cascade as NATs side by side.
#include "natbound/model/cascade.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/plan.hpp"
#include "stage_parts.hpp"

namespace natbound {
namespace {

class unroller {
  public:
    explicit unroller(const scenario& s)
        : s_(s),
          traffic_(s.traffic.empty() ? even_traffic(s) : s.traffic),
          out_(s),
          outer_(outer_of(s)) {
        out_.traffic = traffic_;
        for (std::size_t c = 0; c < s.clients.size(); ++c) client_[s.clients[c].name] = c;
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            for (const auto& name : s.nats[n].inside) inside_[name] = n;
    }

    scenario parts() {
        part();
        return std::move(out_);
    }

    scenario run() {
        if (is_spread(s_)) part();
        for (const auto n : inner_first(s_))
            if (outer_[n] < s_.nats.size()) stand_in(n);
        for (const auto& t : traffic_) further_stages(t);
        return std::move(out_);
    }

  private:
    // One client set for each NAT that it is spread over.
    void part() {
        std::map<std::string, std::vector<std::size_t>> nats;
        for (std::size_t n = 0; n < s_.nats.size(); ++n)
            for (const auto& name : s_.nats[n].inside) nats[name].push_back(n);
        std::map<std::string, std::vector<std::string>> parts;
        out_.clients.clear();
        out_.traffic.clear();
        for (const auto& c : s_.clients) {
            const auto& ways = nats[c.name];
            if (ways.size() < 2) {
                out_.clients.push_back(c);
                continue;
            }
            for (const auto n : ways) {
                out_.clients.push_back(c);
                auto& name = out_.clients.back().name;
                name = part_through(c.name, s_.nats[n].name);
                parts[c.name].push_back(name);
                auto& inside = out_.nats[n].inside;
                *std::find(inside.begin(), inside.end(), c.name) = name;
            }
        }
        for (const auto& t : traffic_) part_traffic(t, parts);
    }

    // Each set of the entry by itself, or its parts, so that each keeps its addresses' share.
    void part_traffic(const traffic_entry& t,
                      const std::map<std::string, std::vector<std::string>>& parts) {
        double all = 0;
        for (const auto& name : t.from) all += addresses(name);
        for (const auto& name : t.from) {
            const auto it = parts.find(name);
            const auto names = it == parts.end() ? std::vector<std::string>{name} : it->second;
            const double share = addresses(name) / all / static_cast<double>(names.size());
            for (const auto& part : names) out_.traffic.push_back(a_part(t, part, share, all));
        }
    }

    void stand_in(std::size_t n) {
        auto stands = sent_by(s_, n, [&](const std::string& name) -> const client_set& {
            return out_.clients[client_.at(name)];
        });
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
            out_.traffic.push_back(a_part(t, s_.nats[n].name, through[n], all));
        }
    }

    double addresses(const std::string& client) const {
        return addresses_of(s_.clients[client_.at(client)]);
    }

    const scenario& s_;
    std::vector<traffic_entry> traffic_;
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

bool is_spread(const scenario& s) {
    std::map<std::string, int> times;
    for (const auto& n : s.nats)
        for (const auto& name : n.inside) ++times[name];
    return std::any_of(times.begin(), times.end(), [](const auto& x) { return x.second > 1; });
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
        for (std::size_t m = n; m < s.nats.size(); m = outer[m])
            here += s.nats[m].connection_limits.limit_per_protocol ? 2 : 1;
        most = std::max(most, here);
    }
    return most;
}

std::size_t stage_of(const scenario& flat, std::size_t client) {
    std::size_t n = 0;
    while (n < flat.nats.size() && flat.nats[n].name != flat.clients[client].name) ++n;
    return n;
}

scenario parted(const scenario& s) { return unroller(s).parts(); }

scenario side_by_side(const scenario& s) {
    if (has_gates(s)) return gates_beside(s);
    if (is_cascade(s) && is_spread(s))
        throw unsupported(
            "clients that are spread over several NATs, and a NAT inside another: not "
            "settled together in this version");
    return unroller(s).run();
}

}  // namespace natbound
