// Clients that try again. Where nobody does, none of this is reached.
#include <algorithm>
#include <functional>

#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator {

// A connection was refused: it waits for its next attempt, holding its source port, or is lost.
void simulation::wait_or_give_up(next_try connection, kind_counts& count) {
    const retry_policy& policy = *input_->retry;
    if (connection.refused >= policy.tries ||
        (policy.persistence < 1 && !random_.chance(policy.persistence))) {
        ++count.gave_up;
        const auto destinations = static_cast<std::uint32_t>(input_->table.destinations.size());
        sockets_.release(connection.client * destinations + connection.destination,
                         connection.source);
        return;
    }
    double wait = std::min(connection.wait, policy.most_backoff);
    connection.wait = wait * policy.factor;
    if (policy.jitter > 0) wait *= 1 + policy.jitter * (2 * random_.unit() - 1);
    connection.at = now_ + wait;
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
