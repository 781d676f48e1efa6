// Clients that try again. Where nobody does, none of this is reached.
#include <algorithm>
#include <functional>

#include "back_off.hpp"
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator {

// A connection was refused: it waits for its next attempt, holding its source port, or is lost.
void simulation::wait_or_give_up(next_try connection, kind_counts& count) {
    const auto wait =
        detail::next_wait(*input_->retry, connection.refused, connection.wait, random_);
    if (!wait) {
        ++count.gave_up;
        const auto destinations = static_cast<std::uint32_t>(input_->table.destinations.size());
        sockets_.release(connection.client * destinations + connection.destination,
                         connection.source);
        return;
    }
    connection.at = now_ + *wait;
    waiting_.push_back(connection);
    std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>{});
}

void simulation::try_again() {
    std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>{});
    next_try connection = waiting_.back();
    waiting_.pop_back();
    ++events_;
    kind_counts& count = count_of(connection.stream, connection.destination);
    ++count.again;
    const std::uint32_t id =
        attempt(connection.stream, connection.client, connection.destination, connection.source);
    if (id == flow_table::none) {
        ++count.refused_again;
        ++connection.refused;
        return wait_or_give_up(connection, count);
    }
    count.waited += now_ - connection.since;
    begin_hold(connection.stream, id);
}

}  // namespace natbound::calculator
