// The network of subscribers, and what it says from above.
#include "quota.hpp"

#include <algorithm>

#include "quota_network.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

std::optional<count> quota_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                              const std::vector<std::size_t>& inside) {
    if (!plan.quota) return std::nullopt;
    for (const auto c : inside)
        if (s.clients[c].ports.size() * endpoints_reached(s, reach, c) > *plan.quota)
            return *plan.quota;
    return std::nullopt;
}

bool capped_clients::any() const {
    return std::any_of(sets_.begin(), sets_.end(), [](const auto& a) { return !a.empty(); });
}

count capped_clients::connections() const {
    count addresses = 0;
    for (const auto& a : sets_) addresses += a.size();
    return addresses * quota_;
}

std::pair<scenario, std::vector<std::size_t>> capped_clients::others(const scenario& s) const {
    std::pair<scenario, std::vector<std::size_t>> out{s, {}};
    for (const auto c : inside_) {
        auto& left = out.first.clients[c].addresses;
        left = left - sets_[c];
        if (!left.empty()) out.second.push_back(c);
    }
    return out;
}

bj::array capped_clients::json(const scenario& s, const bj::storage_ptr& memory) const {
    bj::array out(memory);
    for (std::size_t c = 0; c < sets_.size(); ++c) {
        if (sets_[c].empty()) continue;
        bj::object item(memory);
        item.emplace("client", s.clients[c].name);
        item.emplace("addresses", json_set(sets_[c], memory));
        out.emplace_back(std::move(item));
    }
    return out;
}

std::string capped_clients::names(const scenario& s) const {
    std::vector<std::string> sets;
    count addresses = 0;
    for (std::size_t c = 0; c < sets_.size(); ++c)
        if (!sets_[c].empty()) {
            sets.push_back(s.clients[c].name);
            addresses += sets_[c].size();
        }
    return "the " + grouped(addresses) + (addresses == 1 ? " address of " : " addresses of ") +
           listed(sets);
}

std::string capped_clients::in_words(const scenario& s, const std::string& nat) const {
    std::vector<std::string> names;
    count addresses = 0;
    bool whole = true;
    for (std::size_t c = 0; c < sets_.size(); ++c)
        if (!sets_[c].empty()) {
            whole = whole && sets_[c] == s.clients[c].addresses;
            names.push_back(s.clients[c].name);
            addresses += sets_[c].size();
        }
    return (addresses == 1 ? "the one address of " + listed(names)
                           : (whole ? "each of the " : "each of ") + grouped(addresses) +
                                 " addresses of " + listed(names)) +
           " may have " + grouped(quota_) + " connections (quota of " + nat + ")";
}

capped_clients cut_of(const scenario& s, const std::vector<std::size_t>& inside, const count& quota,
                      const std::vector<group>& groups) {
    capped_clients out(s, inside, quota);
    quota_network network(groups, quota, std::vector<std::optional<count>>(groups.size()));
    network.run();
    for (const auto& atom : network.cut()) out.cap(atom.client, atom.addresses);
    return out;
}

}  // namespace natbound
