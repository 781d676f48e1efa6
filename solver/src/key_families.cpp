// Sorting destinations by clash-scope key.
#include "key_families.hpp"

#include <map>
#include <unordered_map>

#include "natbound/model/work.hpp"
#include "overlay.hpp"

namespace natbound {
namespace {

struct slice {
    destination_item item;
    transport protocol = transport::tcp;
    std::size_t place = 0;
};

class sorter {
  public:
    sorter(const scenario& s, const reach_table& reach, const std::vector<std::size_t>& inside,
           const family_question& question)
        : s_(s), reach_(reach), inside_(inside), question_(question) {
        reached_.resize(s.servers.size());
    }

    std::vector<key_family> run() {
        for (std::size_t v = 0; v < s_.servers.size(); ++v) {
            bool any = false;
            auto& by = reached_[v];
            by.reserve(inside_.size());
            for (const auto c : inside_) {
                by.push_back(reach_[c][v]);
                any = any || by.back();
            }
            if (any)
                slices_.push_back({{v, s_.servers[v].addresses, s_.servers[v].ports},
                                   s_.servers[v].protocol,
                                   slices_.size()});
        }
        if (question_.places || question_.scope.destination == scope_destination::address)
            split_by_overlap();
        if (question_.single_addresses) split_to_addresses();
        switch (question_.scope.destination) {
            case scope_destination::endpoint:
                by_endpoint();
                break;
            case scope_destination::address:
                by_address();
                break;
            case scope_destination::none:
                in_all();
                break;
        }
        return std::move(out_);
    }

  private:
    // Each slice then lies in one atom of all addresses; its place is the atom.
    void split_by_overlap() {
        std::vector<const address_set*> sets;
        for (const auto& x : slices_) sets.push_back(&x.item.addresses);
        std::vector<slice> split;
        std::size_t place = 0;
        for (auto& o : overlay<ip_address>(sets)) {
            for (const auto i : o.sets)
                split.push_back({{slices_[i].item.server, o.atom, slices_[i].item.ports},
                                 slices_[i].protocol,
                                 place});
            ++place;
        }
        slices_ = std::move(split);
    }

    void split_to_addresses() {
        std::vector<slice> split;
        std::map<ip_address, std::size_t> places;
        for (const auto& x : slices_)
            for (const auto& part : x.item.addresses.parts())
                for (ip_address a = part.first;; ++a) {
                    poll();
                    if (question_.destinations && places.size() >= *question_.destinations &&
                        places.count(a) == 0)
                        break;
                    const std::size_t place = places.try_emplace(a, places.size()).first->second;
                    split.push_back({{x.item.server, {a, a}, x.item.ports}, x.protocol, place});
                    if (a == part.last) break;
                }
        slices_ = std::move(split);
    }

    key_part part_of(const slice& x) const {
        return {{x.item}, reached_[x.item.server], x.protocol, x.place};
    }

    // Each endpoint is a key. Without the protocol, sets of several protocols may share one.
    void by_endpoint() {
        if (question_.scope.protocol) {
            for (const auto& x : slices_) add({x.item.size(), {part_of(x)}});
        } else {
            std::vector<const address_set*> sets;
            for (const auto& x : slices_) sets.push_back(&x.item.addresses);
            for (const auto& where : overlay<ip_address>(sets)) {
                std::vector<const port_set*> ports;
                for (const auto i : where.sets) ports.push_back(&slices_[i].item.ports);
                for (const auto& at : overlay<port>(ports)) {
                    key_family f{where.atom.size() * at.atom.size(), {}};
                    for (const auto j : at.sets) {
                        auto x = slices_[where.sets[j]];
                        x.item.addresses = where.atom;
                        x.item.ports = at.atom;
                        f.parts.push_back(part_of(x));
                    }
                    add(std::move(f));
                }
            }
        }
    }

    // Keys that the same clients reach, part by part, with the same protocols, are alike: one
    // family.
    void add(key_family f) {
        poll();
        std::vector<std::vector<bool>> signature;
        for (const auto& p : f.parts) {
            signature.push_back(p.reached);
            signature.push_back(bits(static_cast<std::size_t>(p.protocol)));
            if (question_.by_server) signature.push_back(bits(p.to.front().server));
            // the hash looks at the address: only keys of one address are alike
            if (question_.single_addresses) signature.push_back(bits(p.place));
        }
        const auto [it, fresh] = found_.try_emplace(std::move(signature), out_.size());
        if (fresh) {
            out_.push_back(std::move(f));
            return;
        }
        auto& same = out_[it->second];
        same.keys += f.keys;
        for (std::size_t i = 0; i < f.parts.size(); ++i)
            same.parts[i].to.push_back(std::move(f.parts[i].to.front()));
    }

    static std::vector<bool> bits(std::size_t value) {
        std::vector<bool> out;
        for (; value != 0; value >>= 1U) out.push_back((value & 1U) != 0);
        return out;
    }

    // Each address is a key, with all the ports there.
    void by_address() {
        std::map<std::pair<int, std::size_t>, key_family> found;
        for (const auto& x : slices_) {
            auto& f =
                found[{question_.scope.protocol ? static_cast<int>(x.protocol) : -1, x.place}];
            f.keys = x.item.addresses.size();
            f.parts.push_back(part_of(x));
        }
        for (auto& [key, f] : found) out_.push_back(std::move(f));
    }

    // One key, or one a protocol.
    void in_all() {
        std::map<int, key_family> found;
        for (const auto& x : slices_) {
            auto& f = found[question_.scope.protocol ? static_cast<int>(x.protocol) : -1];
            f.keys = 1;
            f.parts.push_back(part_of(x));
        }
        for (auto& [key, f] : found) out_.push_back(std::move(f));
    }

    const scenario& s_;
    const reach_table& reach_;
    const std::vector<std::size_t>& inside_;
    const family_question& question_;
    std::vector<std::vector<bool>> reached_;
    std::vector<slice> slices_;
    std::map<std::vector<std::vector<bool>>, std::size_t> found_;
    std::vector<key_family> out_;
};

}  // namespace

std::vector<key_family> key_families(const scenario& s, const reach_table& reach,
                                     const std::vector<std::size_t>& inside,
                                     const family_question& question) {
    return sorter(s, reach, inside, question).run();
}

reach_table reaches_of(const scenario& s) {
    std::unordered_map<std::string, std::size_t> index;
    for (std::size_t v = 0; v < s.servers.size(); ++v) index[s.servers[v].name] = v;
    reach_table out;
    for (const auto& c : s.clients) {
        poll();
        auto& row = out.emplace_back(s.servers.size(), c.reaches.empty());
        for (const auto& name : c.reaches) row[index.at(name)] = true;
    }
    return out;
}

count endpoints_reached(const scenario& s, const reach_table& reach, std::size_t client) {
    count total = 0;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (reach[client][v]) total += s.servers[v].addresses.size() * s.servers[v].ports.size();
    return total;
}

count endpoints(const destination_list& list) {
    count total = 0;
    for (const auto& item : list) total += item.size();
    return total;
}

}  // namespace natbound
