// The loss of M/M/1/K, and beyond the loads that finite_queue takes.
#include <cmath>
#include <natbound/calculator/finite_queue.hpp>
#include <natbound/calculator/listen.hpp>

namespace natbound::calculator {

std::uint64_t listen_room(const listen_queue& queue) { return *queue.backlog + 2; }

double log_listen_loss(std::uint64_t room, double load) {
    constexpr double most = 1e6, least = 1e-9;  // of finite_queue
    if (load > most) return std::log1p(-1 / load);
    if (load < least) return static_cast<double>(room) * std::log(load);
    return finite_queue(service::exponential, room, load).log_loss;
}

}  // namespace natbound::calculator
