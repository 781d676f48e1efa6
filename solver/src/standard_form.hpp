#pragma once
// One network can be written in many ways: sets cut in two, other names, lists in another order.
// What is best for a flow is found whatever the writing, but a heuristic looks at one set after the
// other. So before any heuristic alike client sets are made one (their addresses, ports, NATs and
// servers are), alike server sets too, and all lists are put in the order of their addresses; what
// is found is written back in the given sets. Two writings of one network thus have one answer.
#include <boost/json.hpp>
#include <optional>
#include <vector>

#include "blocks.hpp"

namespace natbound {

// Whether a heuristic may take part in the maximum of such a scenario. False where a flow decides;
// or ports are dealt in sets, by the order of the clients.
bool needs_standard_form(const scenario& s);

class standard_form {
  public:
    explicit standard_form(const scenario& given, bool backwards = false);

    const scenario& form() const { return form_; }

    // In the given sets; nothing where that takes too many pieces.
    std::optional<std::vector<block>> named_back(const std::vector<block>& blocks) const;
    // A body of does-not-fit; nothing where it counts a part of a given server set alone.
    std::optional<boost::json::object> named_back(const boost::json::object& body) const;

  private:
    void join_clients(const std::vector<std::vector<bool>>& reach);
    void join_servers(const std::vector<std::vector<bool>>& reach);
    void order_nats();
    destination_list of_given(const destination_list& list) const;
    void by_clients(const block& b, std::vector<block>& out) const;
    boost::json::value value_back(const boost::json::value& value) const;
    boost::json::array items_back(const boost::json::array& items) const;
    bool client_back(const boost::json::object& item, boost::json::array& out) const;
    bool server_back(const boost::json::object& item, boost::json::array& out) const;

    const scenario& given_;
    bool backwards_;
    scenario form_;
    std::vector<std::vector<std::size_t>> clients_, servers_;  // the given ones of each
    std::vector<std::size_t> nats_;                            // the given one of each
    std::vector<std::vector<std::size_t>> clients_of_;         // by given NAT: those of the form
};

}  // namespace natbound
