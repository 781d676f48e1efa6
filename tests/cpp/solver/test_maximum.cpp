// Maximum where the number is known: the scenarios of the manual, large numbers, and what is said
// about them.
#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/maximum.hpp"

using namespace natbound;

namespace {

std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? '"' : c;
    return out;
}

// JSON with single quotes.
scenario read(const std::string& text) { return parse_scenario(quoted(text)); }

const std::string two_machines =
    "{'name':'A','addresses':'192.168.1.10','ports':'1024-65535'},{'name':'X','addresses':'192.168."
    "1.11','ports':'1024-65535'}";
const std::string web = "{'name':'C','addresses':'198.51.100.7','ports':80}";

scenario home(const std::string& design, const std::string& servers = web,
              const std::string& clients = two_machines, const std::string& more = "",
              const std::string& pool = "203.0.113.5") {
    return read("{'clients':[" + clients + "],'nats':[{'name':'router','inside':['A'" +
                (clients.find("'X'") == std::string::npos ? "" : ",'X'") +
                "],'external-ip-address-pool':'" + pool + "','design':" + design + more +
                "}],'servers':[" + servers + "]}");
}

}  // namespace

TEST_CASE("two machines and one server") {
    const auto m = maximum(home("'linux-masquerade'"));
    CHECK(m.connections == count(64512));
    CHECK(m.mappings == 64512);
    CHECK(m.binds == "ports");
    CHECK(m.sets_it == "A and X want 129,024 tuples towards C:80; only 64,512 are open to them");
    CHECK(maximum(home("'ideal'")).connections == count(64512));
    CHECK(maximum(home("'openbsd-pf'")).connections == count(15535));
    CHECK(maximum(home("'cilium'")).connections == count(32768));
    CHECK(maximum(home("'vpp-nat44-ed'")).connections == count(64512));
    CHECK(maximum(home("'ovs'")).connections == count(64512));
}

TEST_CASE("the limit is per destination endpoint") {
    const auto m = maximum(
        home("'linux-masquerade'", web + ",{'name':'D','addresses':'198.51.100.8','ports':80}"));
    CHECK(m.connections == count(129024));
    CHECK(m.sets_it ==
          "A and X want 129,024 tuples towards each of the 2 endpoints of C and D; only 64,512 are "
          "open to them");
}

TEST_CASE("a flow table and the clients' own ports can be what binds") {
    const auto table =
        maximum(home("'ideal'", "{'name':'C','addresses':'198.51.100.0/24','ports':80}",
                     two_machines, ",'connection-limits':{'limit-per-instance':65536}"));
    CHECK(table.connections == count(65536));
    CHECK(table.binds == "table");
    CHECK(table.sets_it == "the flow table of router holds 65,536");
    const auto own = maximum(
        home("'ideal'", web, "{'name':'A','addresses':'192.168.1.10','ports':'40000-49999'}"));
    CHECK(own.connections == count(10000));
    CHECK(own.binds == "sockets");
    CHECK(own.sets_it.find("the clients' own ports: A has 10,000") == 0);
}

TEST_CASE("Linux keeps source ports 512 to 599, which it searches elsewhere") {
    // 1-511 and 600-1023 and 1024-65535 are searched; 512-599 are kept, one machine each
    const std::string low =
        "{'name':'A','addresses':'192.168.1.10','ports':'512-1023'},{'name':'X','addresses':'192."
        "168.1.11','ports':'512-1023'}";
    CHECK(maximum(home("'linux-masquerade'", web, low)).connections == count(88 + 424));
    const std::string kept =
        "{'name':'A','addresses':'192.168.1.10-192.168.1.12','ports':'512-520'}";
    CHECK(maximum(home("'linux-masquerade'", web, kept)).connections == count(27));
    const std::string all =
        "{'name':'A','addresses':'192.168.1.10','ports':'1-65535'},{'name':'X','addresses':'192."
        "168.1.11','ports':'1-65535'}";
    CHECK(maximum(home("'linux-masquerade'", web, all)).connections == count(65535));
    CHECK(
        maximum(home("{'base':'linux-masquerade','first-choice':'none'}", web, all)).connections ==
        count(65535 - 88));
}

TEST_CASE("endpoint-independent mapping without overloading: a pool of one port") {
    // A may reach three servers and X one: the port goes to A, for three connections
    std::string servers, names;
    for (const char* n : {"1", "2", "3"})
        servers += std::string(servers.empty() ? "" : ",") + "{'name':'S" + n +
                   "','addresses':'198.51.100." + n + "','ports':80}";
    const auto m =
        maximum(home("{'base':'ideal','mapping-type':'eim','clash-scope':{'destination':'none'},'"
                     "port-classes':[{'ports':'5000'}]}",
                     servers,
                     "{'name':'A','addresses':'192.168.1.10','reaches':['S1','S2','S3']},{'name':'"
                     "X','addresses':'192.168.1.11','reaches':['S1']}"));
    CHECK(m.connections == count(3));
    CHECK(m.mappings == 1);
}

TEST_CASE("pools") {
    const std::string three = "203.0.113.5-203.0.113.7";
    const auto pool = [&](const std::string& rule) {
        return maximum(home("{'base':'ideal','pool':" + rule + "}", web,
                            "{'name':'A','addresses':'10.0.0.0/16'}", "", three));
    };
    CHECK(pool("{'choice':'random','fallback':false}").connections == count(3 * 64512));
    CHECK(pool("{'choice':'round-robin','fallback':true}").connections == count(3 * 64512));
    CHECK(pool("{'choice':'first','fallback':false}").connections == count(64512));
    CHECK(pool("{'choice':'first','fallback':true}").connections == count(3 * 64512));
    CHECK(pool("{'choice':'hash','hash':'jhash2','fallback':false}").connections ==
          count(3 * 64512));
    const auto unknown = pool("{'choice':'hash','hash':'unknown','fallback':false}");
    CHECK(!unknown.connections);
    CHECK(unknown.at_least == 64512);
    CHECK(unknown.at_most == 3 * 64512);
    CHECK(unknown.why_bounds.find("not published") != std::string::npos);
    CHECK(unknown.evidence.contains("fits"));
    CHECK(!unknown.evidence.contains("connections"));
}

TEST_CASE("a hash can send all clients to one address") {
    // lookup3 of these two sources towards this destination picks the same one of two addresses;
    // with several destinations a mapping made for one of them is shared
    const auto one =
        maximum(home("'linux-snat'", web, two_machines, "", "203.0.113.5-203.0.113.6"));
    CHECK(one.connections == count(64512));
    const auto two = maximum(home("{'base':'linux-snat','mapping-type':'edm'}",
                                  web + ",{'name':'D','addresses':'198.51.100.8','ports':80}",
                                  two_machines, "", "203.0.113.5-203.0.113.6"));
    REQUIRE(two.connections);
    CHECK((*two.connections == 2 * 64512 || *two.connections == 3 * 64512 ||
           *two.connections == 4 * 64512));
}

TEST_CASE("too many hashes for exactness give bounds, which may meet") {
    const auto m =
        maximum(home("'linux-snat'", "{'name':'C','addresses':'198.51.0.0/16','ports':80}",
                     "{'name':'A','addresses':'10.0.0.0/16'}", "", "203.0.113.4-203.0.113.7"));
    CHECK(m.connections == count(65536) * 4 * 64512);
    const auto apart =
        maximum(home("{'base':'linux-snat','mapping-type':'edm'}",
                     "{'name':'C','addresses':'198.51.0.0/16','ports':80}",
                     "{'name':'A','addresses':'10.0.0.0/16'}", "", "203.0.113.4-203.0.113.7"));
    CHECK(!apart.connections);
    CHECK(apart.at_most == count(65536) * 4 * 64512);
    CHECK(apart.at_least > 0);
}

TEST_CASE("counts beyond 64 and 128 bits") {
    const count ports = 65535, half = count(1) << 64;
    const auto m =
        maximum(read("{'clients':[{'name':'A','addresses':'2001:db8::/"
                     "64','ports':'1-65535'}],'nats':[{'name':'router','inside':['A'],"
                     "'external-ip-address-pool':'2001:db8:1::/"
                     "64','design':'ideal'}],'servers':[{'name':'C','addresses':'2001:db8:2::/"
                     "64','ports':'1-65535'}]}"));
    CHECK(m.connections == half * 64512 * half * ports);
    CHECK(m.evidence.at("connections").as_string() == (half * 64512 * half * ports).str().c_str());
    const auto routed = maximum(read(
        "{'clients':[{'name':'A','addresses':'10.0.0.0/"
        "8','ports':'1-65535'}],'servers':[{'name':'C','addresses':'198.51.100.7','ports':80}]}"));
    CHECK(routed.connections == count(1 << 24) * ports);
    CHECK(routed.mappings == 0);
    const auto wide = maximum(home("'ideal'", web, "{'name':'A','addresses':'10.0.0.0/8'}"));
    CHECK(wide.connections == count(64512));
}

TEST_CASE("NATs side by side are summed with clients that are routed") {
    const auto m =
        maximum(read("{'clients':[{'name':'A','addresses':'10.0.0.1'},{'name':'B','addresses':'10."
                     "0.0.2'},{'name':'R','addresses':'192.0.2.9','ports':'1-100'}],"
                     "'nats':[{'name':'n','inside':['A'],'external-ip-address-pool':'203.0.113.1','"
                     "design':'cilium'},"
                     "{'name':'m','inside':['B'],'external-ip-address-pool':'203.0.113.2','design':"
                     "'openbsd-pf'}],'servers':[" +
                     web + "]}"));
    CHECK(m.connections == count(32768 + 15535 + 100));
}

TEST_CASE("NATs that follow one another or share addresses, and what this version can't settle") {
    const std::string nat =
        "{'name':'n','inside':['A'],'external-ip-address-pool':'203.0.113.1','design':'ideal'}";
    const std::string clients =
        "'clients':[{'name':'A','addresses':'10.0.0.1'},{'name':'B','addresses':'10.0.0.2'}],'"
        "servers':[" +
        web + "]";
    const auto both = [&](const std::string& inside, const std::string& pool) {
        return maximum(read("{" + clients + ",'nats':[" + nat + ",{'name':'m','inside':['" +
                            inside + "'],'external-ip-address-pool':'" + pool +
                            "','design':'ideal'}]}"));
    };
    // a NAT inside another: no more than the inner one has; B is routed as it is
    CHECK(both("n", "203.0.113.2").connections == count(2 * 64512));
    // one address that two NATs share: as if tuples were told apart
    const auto clash = both("B", "203.0.113.0-203.0.113.3");
    CHECK(clash.sets_it.rfind("CLASH: n and m share 203.0.113.1", 0) == 0);
    CHECK(clash.connections == count(2 * 64512));
    const auto overloaded = maximum(
        read("{'clients':[{'name':'A','addresses':'10.0.0.1','ports':'1000-1001','reaches':['C','D'"
             "]},{'name':'B','addresses':'10.0.0.2','ports':'1000-1001','reaches':['D','E']},"
             "{'name':'F','addresses':'10.0.0.3','ports':'1000','reaches':['C','E']}],'nats':[{'"
             "name':'n','inside':['A','B','F'],'external-ip-address-pool':'203.0.113.1',"
             "'design':{'base':'ideal','mapping-type':'eim','port-classes':[{'ports':'1-3'}]}}],'"
             "servers':[" +
             web +
             ",{'name':'D','addresses':'198.51.100.8','ports':80},{'name':'E','addresses':'198.51."
             "100.9','ports':80}]}"));
    CHECK(overloaded.at_least <= overloaded.at_most);
    if (!overloaded.connections) CHECK(overloaded.why_bounds.find("NP-hard") != std::string::npos);
}

TEST_CASE("a limit on mappings") {
    const std::string servers = web + ",{'name':'D','addresses':'198.51.100.8','ports':80}";
    const std::string limit = ",'mapping-limits':{'limit-port-mappings':1000}";
    CHECK(maximum(home("'ideal'", servers, two_machines, limit)).connections == count(1000));
    CHECK(maximum(home("{'base':'ideal','mapping-type':'eim','clash-scope':{'destination':'none'}}",
                       servers, two_machines, limit))
              .connections == count(2000));
    const auto linux = maximum(home("'linux-masquerade'", servers, two_machines, limit));
    CHECK(linux.connections == count(1000));
    CHECK(linux.sets_it == "router holds 1,000 mappings");
}
