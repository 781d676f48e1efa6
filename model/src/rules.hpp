#pragma once
// The rules that a scenario's fields keep with one another, a file for each kind of field.
#include <set>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound::rules {

// More than any network has, and far from where a double's products overflow.
constexpr double most_per_second = 1e12, most_seconds = 1e9;

[[noreturn]] void fail(const std::string& path, const std::string& value, const std::string& rule,
                       const std::string& fix = {});

// A scenario that is right, and that this version can't settle: `unsupported`, with the path in its
// text.
[[noreturn]] void not_yet(const std::string& path, const std::string& value,
                          const std::string& what, const std::string& fix = {});

// "nats[2].inside".
std::string at(const char* list, std::size_t i, const char* field = nullptr);

// "A is inside m, too", of a client set inside the NAT that is inside another one as well; empty
// where none is.
std::string also_inside(const scenario& s, std::size_t nat);

struct known_names {
    std::set<std::string> all, clients, servers;

    // Throws where the value of `path` is empty or taken.
    void add(const std::string& path, const std::string& value);
};

// Every name of the list is known, and none comes twice.
void references(const std::string& path, const std::vector<std::string>& list,
                const std::set<std::string>& known, const char* what);

void of_ends(const scenario& s, known_names& names);  // clients and servers
void of_nats(const scenario& s, known_names& names);
// Of one NAT, where none is behind itself.
void of_gates(const scenario& s, std::size_t nat);
void of_ways(const scenario& s);
// Of one NAT with paired pooling, where none is behind itself.
void of_pairing(const scenario& s, std::size_t nat);
// No NAT's clients send to an address of its own pool, but to ports that it forwards. Where no NAT
// is behind itself.
void servers_on_pools(const scenario& s);
void of_traffic(const scenario& s, const known_names& names);

}  // namespace natbound::rules
