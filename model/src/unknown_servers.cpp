// Servers that nobody named.
#include "unknown_servers.hpp"

#include <algorithm>

#include "rules.hpp"

namespace natbound {

namespace bj = boost::json;
using rules::at;
using rules::fail;

void stand_in_for_unknown(bj::value& value) {
    constexpr const char* unknown = "unknown";
    const auto* all = value.if_object();
    if (!all || !all->contains("traffic") || !all->at("traffic").is_array()) return;
    const bj::array* servers = all->contains("servers") ? all->at("servers").if_array() : nullptr;
    if (all->contains("servers") && !servers) return;
    if (servers)
        for (const auto& v : *servers)
            if (v.is_object() && v.get_object().contains("name") &&
                v.get_object().at("name") == unknown)
                return;
    bool wanted = false;
    std::size_t i = 0;
    for (const auto& t : all->at("traffic").get_array()) {
        const std::string here = at("traffic", i++);
        if (!t.is_object() || !t.get_object().contains("to")) continue;
        const auto& to = t.get_object().at("to");
        const auto* list = to.if_array();
        if (list && list->size() > 1 &&
            std::find(list->begin(), list->end(), unknown) != list->end())
            fail(here + ".to", unknown, "stands for all destinations of an entry",
                 "give it an entry of its own");
        if (to != unknown && !(list && list->size() == 1 && list->front() == unknown)) continue;
        wanted = true;
        if (!t.get_object().contains("top-share"))
            fail(here + ".top-share", "",
                 "to: unknown wants a guess at the share of the busiest destination",
                 "add top-share: 10%-100%");
    }
    if (!wanted) return;
    // of the family that a NAT leads to, else of the clients'
    bool v6 = all->contains("clients") &&
              bj::serialize(all->at("clients")).find("::") != std::string::npos;
    if (const auto* nats = all->contains("nats") ? all->at("nats").if_array() : nullptr)
        for (const auto& n : *nats)
            if (const auto* o = n.if_object(); o && o->contains("external-ip-address-pool"))
                v6 = v6 && bj::serialize(o->at("external-ip-address-pool")).find(':') !=
                               std::string::npos;
    if (!servers) value.get_object()["servers"] = bj::array{};
    value.get_object()["servers"].get_array().push_back(
        bj::object{{"name", unknown},
                   {"addresses", v6 ? "2001:db8:ffff::/118" : "198.18.0.0/22"},
                   {"ports", 443}});
}

}  // namespace natbound
