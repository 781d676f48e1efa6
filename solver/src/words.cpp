// Wording.
#include "words.hpp"

#include <algorithm>

namespace natbound {

std::string listed(const std::vector<std::string>& names) {
    if (names.empty()) return "nobody";
    if (names.size() == 1) return names[0];
    if (names.size() == 2) return names[0] + " and " + names[1];
    if (names.size() == 3) return names[0] + ", " + names[1] + " and " + names[2];
    return names[0] + ", " + names[1] + " and " +
           grouped(static_cast<std::uint64_t>(names.size() - 2)) + " others";
}

std::string destinations_in_words(const scenario& s, const destination_list& to, const count& keys,
                                  scope_destination scope) {
    std::vector<std::string> names;
    for (const auto& item : to)
        if (std::find(names.begin(), names.end(), s.servers[item.server].name) == names.end())
            names.push_back(s.servers[item.server].name);
    const std::string all = listed(names);
    const count n = endpoints(to);
    if (n == 1) return all + ":" + to_string(to.front().ports);
    if (scope == scope_destination::none)
        return "the " + grouped(n) + " endpoints of " + all + " together";
    if (scope == scope_destination::address)
        return (keys == 1 ? "the one address of "
                          : "each of the " + grouped(keys) + " addresses of ") +
               all;
    return "each of the " + grouped(keys) + " endpoints of " + all;
}

std::string shortage_in_words(const scenario& s, const std::vector<group>& groups,
                              const std::vector<pairing>& pairings, scope_destination scope) {
    std::string out;
    count worst = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& g = groups[i];
        for (const auto& level : pairings[i].levels) {
            count wanted = 0, open = 0;
            bool single = true;
            std::vector<std::size_t> who;
            for (std::size_t c = 0; c < g.sources.size(); ++c) {
                if (!level.closed[c]) continue;
                wanted += g.sources[c].mappings;
                single = single && g.sources[c].weight == 1;
                for (const auto& item : g.sources[c].items)
                    if (who.empty() || who.back() != item.client) who.push_back(item.client);
            }
            for (std::size_t e = 0; e < g.externals.size(); ++e)
                if (level.open[e]) open += g.externals[e].size();
            const count lacking = (wanted - open) * g.keys;
            if (wanted <= open || lacking <= worst) continue;
            worst = lacking;
            std::sort(who.begin(), who.end());
            who.erase(std::unique(who.begin(), who.end()), who.end());
            std::vector<std::string> names;
            for (const auto c : who) names.push_back(s.clients[c].name);
            out = listed(names) + (names.size() == 1 ? " wants " : " want ") + grouped(wanted) +
                  (single ? " tuples towards " : " mappings towards ") +
                  destinations_in_words(s, g.to, g.keys, scope) + "; only " + grouped(open) +
                  (open == 1 ? " is" : " are") + " open to " + (names.size() == 1 ? "it" : "them");
        }
    }
    return out;
}

std::string sockets_in_words(const scenario& s, const std::vector<std::size_t>& clients) {
    std::vector<std::string> names;
    count sockets = 0;
    for (const auto c : clients) {
        names.push_back(s.clients[c].name);
        sockets += s.clients[c].addresses.size() * s.clients[c].ports.size();
    }
    if (names.empty()) return "no clients";
    return "the clients' own ports: " + listed(names) + (names.size() == 1 ? " has " : " have ") +
           grouped(sockets) + ", and each may be used towards every destination at once";
}

}  // namespace natbound
