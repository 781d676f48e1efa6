#pragma once
// What the servers themselves hold (connection-limits of a server set). All endpoints of a set are
// alike, so at most `room_at` connections are live towards each: where a limit for each address is
// not a multiple of its ports, the first few ports have one more.
//
// And what their backends can tell apart: behind a destination NAT each connection of one source
// endpoint must lead to another backend. With at least as many backends as endpoints each has its
// own; with fewer, B, at most B connections of each external endpoint are live towards the set, and
// as many as that are where B of the endpoints are used.
//
// From above: for every choice T of limited server sets no more fit than their limits and what fits
// towards the other servers alone. From below: the clients' sockets are parted so that towards a
// limited set only as many may be used as an endpoint has room for, and what several client sets or
// NATs have too much together is left out.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blocks.hpp"

namespace natbound {

class server_room {
  public:
    explicit server_room(const scenario& s);

    bool limited(std::size_t server) const { return !cells_[server].empty() && !open_[server]; }
    // Whether a set that is limited by its backends alone counts as not limited: where what comes
    // is told apart there anyway.
    void open(const std::vector<std::size_t>& servers, bool yes);
    // The most connections that the limits of a server set admit; none without limits.
    const std::optional<count>& most(std::size_t server) const { return most_[server]; }
    // "database holds 100 connections at each endpoint, 400 in all"
    const std::string& in_words(std::size_t server) const { return words_[server]; }
    bool any() const;

    // What of these blocks there is room for; it takes up the room.
    std::vector<block> admit(const std::vector<block>& blocks);
    // Whether the room for a server set is used up.
    bool full(std::size_t server) const;
    // What one endpoint has still room for; none without limits.
    std::optional<count> room_at(const destination_item& endpoint) const;
    // The most that one endpoint of a server set has still room for.
    count room_at(std::size_t server) const;

  private:
    struct cell {  // endpoints, each with so much room
        address_set addresses;
        port_set ports;
        count room;
    };

    void admit(const block& b, std::vector<block>& out);
    void take(const destination_item& item, const count& most,
              std::vector<std::pair<destination_item, count>>& out);

    std::vector<std::vector<cell>> cells_;  // by server set; empty: not limited
    std::vector<bool> open_;
    std::vector<std::optional<count>> most_;
    std::vector<std::string> words_;
};

count backends_of(const server_set& v);  // of a set that has any

// As many endpoints of the set as it has backends, as addresses x ports; none where it has no fewer
// backends than endpoints (or no backends).
std::optional<destination_item> enough_for_backends(const scenario& s, std::size_t server);

// The scenario with no more endpoints than that, so that each has a backend to itself; nothing
// where it has no more.
std::optional<scenario> on_enough_endpoints(const scenario& s);

// Endpoints of these, or of a set with fewer backends as many as these are.
count told_apart(const scenario& s, const destination_list& to);

// One NAT and the clients inside it, so parted that towards each endpoint a client set has no more
// sockets than there is room for; nothing where that changes nothing. `whole` addresses: a client
// address lies in one part only, or nothing is done.
struct roomy_clients {
    scenario s;           // of that NAT alone
    std::size_t nat = 0;  // which it is
    reach_table reach;
    std::vector<std::size_t> inside;
    std::vector<std::size_t> client_of;

    std::vector<block> named_back(std::vector<block> blocks) const;
};
std::optional<roomy_clients> parted_to_room(const scenario& s, const reach_table& reach,
                                            std::size_t nat, const std::vector<std::size_t>& inside,
                                            const server_room& room, bool whole);

}  // namespace natbound
