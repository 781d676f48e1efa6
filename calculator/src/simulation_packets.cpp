// Token buckets before a NAT, and the packets that pass them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "exponential_gaps.hpp"
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator {

bool simulation::bucket_level::take(const token_bucket& of, double now) {
    tokens = std::min(of.depth, tokens + of.per_second * (now - at));
    at = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
}

// The packet that opens a connection, then the connection itself.
bool simulation::let_in(std::size_t stream) {
    if (input_->packets.per_second > 0 && input_->streams[stream].packets > 0) {
        ++packets_;
        if (!packets_level_.take(input_->packets, now_)) {
            ++packets_lost_;
            refused_by_ = asked::packets;
            return false;
        }
    }
    refused_by_ = asked::rate;
    return input_->connections.per_second == 0 ||
           connections_level_.take(input_->connections, now_);
}

double simulation::packet_rate() const {
    double sum = 0;
    if (input_->packets.per_second > 0)
        for (const auto& group : groups_)
            sum += group.packet_rate * static_cast<double>(group.open);
    return sum;
}

// The other packets up to the next event, until which their rate stays: lost or not, they change
// nothing but the bucket. Times in their mean gaps.
void simulation::packets_until(double time) {
    const double rate = packet_rate(), end = rate * (time - now_);
    if (!(rate > 0 && std::isfinite(end))) return;
    const auto& gaps = detail::exponential_gaps::shared();
    const double most = input_->packets.depth - 1, filled = input_->packets.per_second / rate;
    double tokens = packets_level_.tokens + input_->packets.per_second * (now_ - packets_level_.at);
    double last = 0;
    std::uint64_t came = 0, lost = 0;
    // Some at a time, so that what is passed from one to the next may stay in registers: those
    // drawn for nothing are few beside the packets between two events of all flows.
    std::array<double, 8> some{};
    for (bool ended = false; !ended;) {
        for (double& gap : some) gap = gaps.draw(random_);
        for (const double gap : some) {
            ended = last + gap >= end;
            if (ended) break;
            last += gap;
            ++came;
            tokens = std::min(most, tokens + (gap * filled - 1));
            if (tokens < 0) {
                tokens += 1;
                ++lost;
            }
        }
    }
    packets_level_ = {std::min(input_->packets.depth, tokens + (end - last) * filled), time};
    packets_ += came;
    packets_lost_ += lost;
    events_ += came;
}

}  // namespace natbound::calculator
