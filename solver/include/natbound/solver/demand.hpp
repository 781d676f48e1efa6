#pragma once
// A demand: so many connections from each client set to each server set; and the largest multiple
// of it that fits.
//
// A multiple k of a demand wants k times each pair's number, rounded down to whole connections. It
// only grows with k, so one multiple is the largest that fits, and the next at which a pair gains a
// connection does not fit: both are rational numbers, found exactly (Newton's method on minimum
// cuts: each cut that a multiple breaks gives the multiple that it allows), and both have
// certificates.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct pair_demand {
    std::size_t client = 0, server = 0;
    count connections;
};
using demand_list = std::vector<pair_demand>;

count total_of(const demand_list& demand);

// N connections shared as the traffic is (by mean number live), else evenly over client addresses
// and, for each, over the server endpoints that it reaches; whole numbers by largest remainder, in
// the order of the pairs where remainders are equal. Pairs that get none are left out.
demand_list shared_demand(const scenario& s, const count& connections);

// The mean number live of the scenario's traffic (at least 1), shared so; empty where there is no
// traffic.
demand_list traffic_demand(const scenario& s);

// A list of {from, to, connections}: from and to are a name or a list of names; the connections of
// an item with several are shared evenly over client addresses and server endpoints among those
// that reach one another. connections: a whole number, or the same as decimal text. Pairs that
// occur twice add up. Throws input_error with the path "[i].to" and the like.
demand_list parse_demand(const scenario& s, std::string_view json);

struct fraction {
    count numerator = 0, denominator = 1;

    friend bool operator<(const fraction& a, const fraction& b) {
        return a.numerator * b.denominator < b.numerator * a.denominator;
    }
    friend bool operator==(const fraction&, const fraction&) = default;
};
fraction reduced(fraction f);
std::string to_string(const fraction& f);  // 3/4

struct multiple_result {
    bool exact = false;     // no multiple between the two changes what is wanted
    fraction fits, beyond;  // the largest that is known to fit, the least that is known not to
    demand_list within;     // what is wanted at `fits`
    std::optional<fraction> in_parts;  // the largest if connections could be split, where every
                                       // connection has a mapping of its own
    std::string sets_it;               // why `beyond` does not fit
    boost::json::object evidence;      // body of a certificate of kind `multiple`, or
                                       // `multiple-bounds` where not exact; empty where the second
                                       // half has no certificate
};

// Nothing where the demand is of no connection. Throws unsupported as fits() does.
std::optional<multiple_result> largest_multiple(const scenario& s, const demand_list& demand);

}  // namespace natbound
