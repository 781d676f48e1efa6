// Dealing the ports of a client set (or its addresses, where it has fewer ports than NATs) evenly.
#include "parted_clients.hpp"

#include <algorithm>

#include "nat_capacity.hpp"

namespace natbound {
namespace {

// Part number k of n.
template <class Set>
Set dealt(const Set& all, std::size_t k, std::size_t n) {
    const count size = all.size();
    const count from = size * k / n, to = size * (k + 1) / n;
    return from == to ? Set{} : all.slice(static_cast<u128>(from), to - from);
}

}  // namespace

parted_clients::parted_clients(const scenario& given) : s(given) {
    const auto all = inside_of(given);
    const auto reached = reaches_of(given);
    s.clients.clear();
    inside.resize(all.size());
    for (std::size_t c = 0; c < given.clients.size(); ++c) {
        std::vector<std::size_t> through;
        for (std::size_t n = 0; n < all.size(); ++n)
            if (std::find(all[n].begin(), all[n].end(), c) != all[n].end()) through.push_back(n);
        for (std::size_t k = 0; k < through.size(); ++k) {
            client_set part = given.clients[c];
            if (part.ports.size() >= through.size())
                part.ports = dealt(part.ports, k, through.size());
            else
                part.addresses = dealt(part.addresses, k, through.size());
            if (part.addresses.empty()) continue;
            inside[through[k]].push_back(s.clients.size());
            client_of.push_back(c);
            reach.push_back(reached[c]);
            s.clients.push_back(std::move(part));
        }
    }
}

std::vector<block> parted_clients::named_back(std::vector<block> blocks) const {
    for (auto& b : blocks) b.client = client_of[b.client];
    return blocks;
}

}  // namespace natbound
