// Sorting sets by what static mappings keep of them, and subscribers by their sets.
#include "port_set_layers.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "natbound/model/error.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/work.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_looked_at = 400'000;  // sets, one by one

port_set moved(const port_set& ports, port to) {
    port_set out;
    for (const auto& part : ports.parts()) out.append(part.first - to, part.last - to);
    return out;
}

// What is kept of the set that begins there, by protocol.
std::vector<port_set> kept_of(const hole_list& holes, ip_address address, port first,
                              std::uint64_t size) {
    const port_set all(first, first + static_cast<port>(size - 1));
    std::vector<port_set> out;
    for (const auto p : all_transports) out.push_back(moved(holes.at(p, address) & all, first));
    return out;
}

// By parts, so that it can be a key.
using pattern = std::vector<std::vector<std::pair<port, port>>>;
pattern pattern_of(const std::vector<port_set>& kept) {
    pattern out;
    for (const auto& one : kept) {
        out.emplace_back();
        for (const auto& part : one.parts()) out.back().emplace_back(part.first, part.last);
    }
    return out;
}

std::vector<std::shared_ptr<const alike_sets>> sorted(const nat& n, const std::vector<port>& firsts,
                                                      std::uint64_t size) {
    const hole_list holes(n, n.design.clash_scope.protocol);
    std::vector<std::shared_ptr<const alike_sets>> out;
    if (holes.empty()) {
        alike_sets all;
        all.addresses = n.external_ip_address_pool;
        all.firsts = firsts;
        all.size = size;
        out.push_back(std::make_shared<const alike_sets>(std::move(all)));
        return out;
    }
    const auto parts = holes.alike();
    if (parts.size() * firsts.size() > most_looked_at)
        throw unsupported("NAT " + n.name +
                          ": static mappings beside that many port sets are not settled in this "
                          "version");
    for (const auto& part : parts) {
        std::map<pattern, alike_sets> found;
        for (const auto first : firsts) {
            poll();
            const auto kept = kept_of(holes, part.at(0), first, size);
            auto& one = found[pattern_of(kept)];
            one.firsts.push_back(first);
            if (one.firsts.size() > 1) continue;
            one.addresses = part;
            one.size = size;
            for (std::size_t k = 0; k < all_transports.size(); ++k)
                if (!kept[k].empty()) one.kept.push_back({{}, kept[k], all_transports[k]});
        }
        for (auto& [key, one] : found)
            out.push_back(std::make_shared<const alike_sets>(std::move(one)));
    }
    return out;
}

std::vector<port> own_firsts(const nat& n) {
    const port_set_layout layout(n);
    std::vector<port> out;
    for (std::uint64_t k = 0; k < layout.on_an_address(); ++k) out.push_back(layout.at(k).first);
    return out;
}

}  // namespace

std::vector<numbered_addresses> numbered_subscribers(const scenario& s, const nat& n) {
    std::vector<numbered_addresses> out;
    count next = 0;
    const auto add = [&](const address_set& addresses) {
        out.push_back({addresses, next});
        next += addresses.size();
    };
    for (const auto& name : n.inside) {
        const auto client = std::find_if(s.clients.begin(), s.clients.end(),
                                         [&](const auto& c) { return c.name == name; });
        if (client != s.clients.end()) {
            add(client->addresses);
            continue;
        }
        for (const auto& m : s.nats)
            if (m.name == name) add(m.external_ip_address_pool);
    }
    return out;
}

std::uint64_t alike_sets::left_to(transport protocol) const {
    std::uint64_t out = size;
    for (const auto& h : kept)
        if (h.protocol == protocol) out -= static_cast<std::uint64_t>(h.ports.size());
    return out;
}

std::uint64_t alike_sets::usable() const {
    std::uint64_t most = 0;
    for (const auto p : all_transports) most = std::max(most, left_to(p));
    return most;
}

std::vector<subscriber_class> with_own_sets(const nat& n,
                                            const std::vector<numbered_addresses>& numbers,
                                            const address_set& subscribers) {
    const auto firsts = own_firsts(n);
    const auto rank_of = [&](port first) {
        return static_cast<std::size_t>(std::lower_bound(firsts.begin(), firsts.end(), first) -
                                        firsts.begin());
    };
    std::vector<subscriber_class> out;
    std::size_t looked_at = 0;
    const auto too_many = [&](std::size_t more) {
        poll();
        looked_at += more;
        if (looked_at > most_looked_at)
            throw unsupported("NAT " + n.name +
                              ": static mappings beside that many subscribers with port sets are "
                              "not settled in this version");
    };
    for (const auto& of : sorted(n, firsts, n.port_set->port_set_size)) {
        const bool all =
            of->firsts.size() == firsts.size() && of->addresses == n.external_ip_address_pool;
        for (const auto& span : numbers) {
            const auto here = subscribers & span.addresses;
            for (const auto& part : here.parts()) {
                // subscribers of consecutive numbers
                const count first = span.first + to_count(span.addresses.rank(part.first).value());
                const count many = to_count(part.last - part.first) + 1;
                if (all) {
                    out.push_back({{part.first, part.last}, {{of, first}}});
                    continue;
                }
                subscriber_class one;
                count before = 0;
                for (const auto& on : of->addresses.parts())
                    for (ip_address a = on.first;; ++a) {
                        const count row =
                            to_count(n.external_ip_address_pool.rank(a).value()) * firsts.size();
                        if (row >= first + many) break;
                        too_many(1);
                        if (row + firsts.size() <= first) {
                            before += of->firsts.size();
                        } else {
                            too_many(of->firsts.size());
                            for (const auto f : of->firsts) {
                                const count number = row + rank_of(f);
                                if (number < first) ++before;
                                if (number < first || number >= first + many) continue;
                                const auto who =
                                    part.first + static_cast<ip_address>(count(number - first));
                                one.addresses.append(who, who);
                            }
                        }
                        if (a == on.last) break;
                    }
                if (one.addresses.empty()) continue;
                one.layers.push_back({of, before});
                out.push_back(std::move(one));
            }
        }
    }
    return out;
}

shared_sets::shared_sets(const nat& n) {
    const auto& rule = *n.port_set;
    if (!rule.deterministic) {
        all_ = sorted(n, own_firsts(n), rule.port_set_size);
    } else if (rule.dynamic) {
        all_ = sorted(n, port_set_layout(n).dynamic_firsts(), rule.dynamic->port_set_size);
    }
    std::stable_sort(all_.begin(), all_.end(),
                     [](const auto& a, const auto& b) { return a->usable() > b->usable(); });
    while (!all_.empty() && all_.back()->usable() == 0) all_.pop_back();
}

count shared_sets::left() const {
    count out = 0;
    for (std::size_t k = at_; k < all_.size(); ++k) out += all_[k]->sets();
    return out - used_;
}

subscriber_class shared_sets::take(subscriber_class& from, const count& more) {
    const auto first_of = [&](const count& many) {
        subscriber_class out = from;
        out.addresses = from.addresses.slice(0, many);
        const count rest = from.addresses.size() - many;
        from.addresses = from.addresses.slice(static_cast<u128>(many), rest);
        for (auto& l : from.layers) l.first += many;
        return out;
    };
    if (more == 0) return first_of(from.addresses.size());
    const auto here = [&] { return at_ < all_.size() ? all_[at_]->sets() - used_ : count(0); };
    const auto use = [&](const count& sets) {
        used_ += sets;
        if (here() > 0) return;
        ++at_;
        used_ = 0;
    };
    if (const count many = std::min<count>(from.addresses.size(), here() / more); many > 0) {
        auto out = first_of(many);
        for (count j = 0; j < more; ++j) out.layers.push_back({all_[at_], used_ + j * many});
        use(many * more);
        return out;
    }
    auto out = first_of(1);
    for (count j = 0; j < more && here() > 0; ++j) {
        out.layers.push_back({all_[at_], used_});
        use(1);
    }
    return out;
}

}  // namespace natbound
