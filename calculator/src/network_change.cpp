// What becomes of a simulated network's connections where it changes.
#include "network_simulation.hpp"

namespace natbound::calculator::detail {

void network_simulation::go_on_as(std::size_t stream, std::size_t other) {
    for (auto& c : connections_)
        if (c.open && c.stream == stream) c.stream = static_cast<std::uint32_t>(other);
}

void network_simulation::change(bool cut) {
    for (std::size_t n = 0; n < stages_.size(); ++n) {
        stage& here = at(n);
        if (!here.was) continue;
        if (here.table)
            here.table->move_to(*here.of, cut);
        else
            here.wall.limits = here.of->connection_limits;
    }
    if (!cut) return;
    std::vector<bool> unused(connections_.size());
    for (const auto id : free_) unused[id] = true;
    for (std::uint32_t id = 0; id < connections_.size(); ++id) {
        const connection& c = connections_[id];
        if (unused[id] || !c.open) continue;
        const auto& way = input_->streams[c.stream].way;
        bool lost = false;
        for (std::size_t k = 0; k < c.at.size(); ++k)
            if (auto& table = stages_[way[k]].table) lost = lost || !table->is_live(c.at[k]);
        if (lost) close(id);
    }
}

}  // namespace natbound::calculator::detail
