#pragma once
// Two clients, one router and one server, with what a test asks for.
#include <natbound/model/scenario.hpp>
#include <string>

namespace natbound::test {

// traffic: the keys of one entry besides from and to; empty for no traffic. design: a name or an
// object.
inline scenario home(const std::string& design, const std::string& traffic,
                     const std::string& ports = "1024-65535") {
    std::string text =
        R"({"clients": [{"name": "A", "addresses": "192.168.1.10", "ports": ")" + ports +
        R"("}, {"name": "X", "addresses": "192.168.1.11", "ports": ")" + ports +
        R"("}], "nats": [{"name": "router", "inside": ["A", "X"], "external-ip-address-pool": ["203.0.113.5"], "design": )" +
        (design[0] == '{' ? design : "\"" + design + "\"") +
        R"(}], "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}])";
    if (!traffic.empty())
        text += R"(, "traffic": [{"from": ["A", "X"], "to": "C", )" + traffic + "}]";
    return parse_scenario(text + "}");
}

}  // namespace natbound::test
