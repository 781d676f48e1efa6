// Sets of ports, dealt and given back.
#include "dealt_simulation.hpp"

#include <algorithm>

#include "simulation_memory.hpp"

namespace natbound::calculator::detail {

dealt_simulation::dealt_simulation(const dealt_input& input, std::uint64_t seed)
    : input_(&input),
      random_(seed),
      clock_(input.laws),
      in_set_(input.pool + input.subscribers),
      owner_(input.pool),
      held_(input.subscribers),
      of_subscriber_(input.subscribers),
      counts_(input.kinds.size()) {
    busy_.resize(in_set_.size() * input.scopes);
    for (auto set = static_cast<std::uint32_t>(input.pool); set > 0; --set)
        free_.push_back(set - 1);
    rates(std::vector<double>(input.streams.size(), 1));
}

void dealt_simulation::rates(const std::vector<double>& factors) {
    up_to_.clear();
    loads_.clear();
    double rate = 0, load = 0;
    for (std::size_t i = 0; i < factors.size(); ++i) {
        const double here = input_->streams[i].rate * factors[i];
        up_to_.push_back(rate += here);
        loads_.push_back(load += here * input_->laws[i].hold());
    }
}

std::optional<std::uint32_t> dealt_simulation::admit(std::size_t stream) {
    const auto& s = input_->streams[stream];
    const auto who = s.first + static_cast<std::uint32_t>(random_.draw(s.subscribers));
    const std::size_t place =
        s.up_to.empty() ? random_.draw(s.scopes.size()) : pick(s.up_to, random_);
    const std::uint32_t scope = s.scopes[place];
    auto& count = counts_[s.kind];
    ++count.arrivals;
    const auto take = [&](std::uint64_t set) {
        const auto cell = static_cast<std::uint32_t>(set * input_->scopes + scope);
        ++busy_[cell];
        ++in_set_[set];
        ++of_subscriber_[who];
        ++live_;
        return cell;
    };
    const bool full = (input_->quota && of_subscriber_[who] >= *input_->quota) ||
                      (input_->table && live_ >= *input_->table);
    if (!full) {
        const std::uint64_t own = input_->pool + who;
        if (busy_[own * input_->scopes + scope] < input_->own) return take(own);
        for (const auto set : held_[who])
            if (busy_[std::size_t{set} * input_->scopes + scope] < input_->block) return take(set);
        if (held_[who].size() < input_->most && !free_.empty()) {
            const std::uint32_t set = free_.back();
            free_.pop_back();
            held_[who].push_back(set);
            owner_[set] = who;
            return take(set);
        }
    }
    ++count.refused;
    first_refused_ = std::min(first_refused_, clock_.now());
    return std::nullopt;
}

void dealt_simulation::leave(std::uint32_t cell) {
    const std::uint32_t set = cell / input_->scopes;
    --busy_[cell];
    --live_;
    const bool dealt = set < input_->pool;
    --of_subscriber_[dealt ? owner_[set] : set - input_->pool];
    if (--in_set_[set] == 0 && dealt) give_back(set);
}

void dealt_simulation::give_back(std::uint32_t set) {
    auto& held = held_[owner_[set]];
    held.erase(std::find(held.begin(), held.end(), set));
    free_.push_back(set);
}

void dealt_simulation::fill(std::optional<std::uint64_t> flows) {
    for (auto left = flows ? *flows : about_poisson(loads_.back(), random_); left > 0; --left) {
        const std::size_t stream = pick(loads_, random_);
        if (const auto cell = admit(stream)) clock_.begin_met(stream, *cell, random_);
    }
    clock_.sort();
    clear_counts();
}

void dealt_simulation::advance_to(double time) {
    clock_.advance_to(
        time, up_to_.back(), random_,
        [this] {
            const std::size_t stream = up_to_.size() > 1 ? pick(up_to_, random_) : 0;
            if (const auto cell = admit(stream)) clock_.begin(stream, *cell, random_);
        },
        [this](std::uint32_t cell) { leave(cell); }, [](double) {});
}

double dealt_simulation::memory() const {
    double most = 0;
    for (std::size_t i = 0; i < input_->laws.size(); ++i) {
        simulated_stream s;
        s.rate = input_->streams[i].rate;
        s.open = input_->laws[i].open;
        s.closing = input_->laws[i].closing;
        most = std::max(most, holds_remembered(s));
    }
    return most;
}

void dealt_simulation::clear_counts() {
    counts_.assign(counts_.size(), {});
    first_refused_ = std::numeric_limits<double>::infinity();
}

}  // namespace natbound::calculator::detail
