// What a client sees when a connection fails, and after how long.
#include "failure.hpp"

#include <set>

#include "natbound/calculator/own_ports.hpp"
#include "natbound/model/json_io.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

std::string seen_by_tcp(const failure_rule& f) {
    switch (f.kind) {
        case failure_kind::drop:
            // Linux: net.ipv4.tcp_syn_retries = 6, SYN again after 1, 3, 7, 15, 31 and 63 s, given
            // up after 127 s; Windows: 3 tries in 21 s.
            return "tcp: silence. The SYN is dropped, and again after 1, 3, 7, 15, 31 and 63 s "
                   "unless a port has come free; connect() times out after about 127 s (Linux) or "
                   "21 s (Windows)";
        case failure_kind::icmp:
            return "tcp: an ICMP error" +
                   (f.icmp_type
                        ? " (type " + std::to_string(*f.icmp_type) +
                              (f.icmp_code ? ", code " + std::to_string(*f.icmp_code) : "") + ")"
                        : std::string()) +
                   ". Most systems note it and go on retrying; connect() then fails with \"no "
                   "route to host\"";
        case failure_kind::reset:
            return "tcp: a reset. connect() fails at once with \"connection refused\", as if "
                   "nothing listened";
    }
    return {};
}

std::string seen_by_datagrams(const std::string& protocol, const failure_rule& f) {
    if (f.kind == failure_kind::icmp)
        return protocol + ": an ICMP error, which a connected socket reports at once";
    return protocol +
           ": silence. The packet is dropped; the application's own timer decides (a DNS resolver: "
           "5 s)";
}

}  // namespace

bj::array failure_lines(const scenario& s) {
    bj::array out;
    std::set<std::string> said;
    const auto say = [&](const std::string& nat, const char* protocol, const std::string& text) {
        if (said.insert(nat + text).second)
            out.push_back(bj::object{{"nat", nat}, {"protocol", protocol}, {"text", text}});
    };
    for (const auto& n : s.nats) {
        for (const auto& v : s.servers)
            if (v.protocol == transport::tcp)
                say(n.name, "tcp", seen_by_tcp(n.design.failure));
            else
                say(n.name, json_io::name_of(v.protocol).c_str(),
                    seen_by_datagrams(json_io::name_of(v.protocol), n.design.failure));
        for (const auto& v : s.servers)
            if (v.time_wait && n.timer(close_cause::tcp_fin) < v.time_wait->seconds)
                say(n.name, "tcp",
                    "a tuple that is given again before " + v.name + " has kept it for " +
                        to_string(*v.time_wait) + " after a close of its own (the NAT: " +
                        to_string(duration{n.timer(close_cause::tcp_fin)}) +
                        "): let in at once where timestamp or sequence number are higher than "
                        "before (RFC 6191, Linux); else the server's ACK is answered by a reset, "
                        "and the next SYN, after 1 s, gets in (with net.ipv4.tcp_rfc1337=1 not "
                        "before the " +
                        to_string(*v.time_wait) + " are over)");
        if (n.design.pressure == pressure_kind::drop_least_recently_used &&
            n.connection_limits.limit_per_instance)
            say(n.name, "",
                "a full table: nobody is refused; the connection least recently used loses its "
                "entry, and its next packet is dropped or gets a new port, which the server "
                "answers with a reset");
    }
    return out;
}

bj::object out_of_ports_line() {
    return {{"nat", ""},
            {"protocol", ""},
            {"text",
             "no free port of the client's own: " + std::string(calculator::out_of_ports) +
                 ". More source addresses, a wider net.ipv4.ip_local_port_range, connections that "
                 "are kept and used again, or net.ipv4.tcp_tw_reuse=1 help"}};
}

// Linux; the state of RFC 9293.
bj::object out_of_ports_watch() {
    return {{"nat", ""},
            {"counter", "sockets of a client, those in TIME-WAIT too"},
            {"command", "ss -Htan | wc -l"}};
}

bj::array watch_lines(const scenario& s) {
    bj::array out;
    std::set<std::string> said;
    for (const auto& n : s.nats)
        if (const auto& f = n.design.failure; !f.counter.empty() && said.insert(f.counter).second)
            out.push_back(
                bj::object{{"nat", n.name}, {"counter", f.counter}, {"command", f.command}});
    return out;
}

}  // namespace natbound
