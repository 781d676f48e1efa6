// Who has how many sets, in counts.
#include "port_set_dealing.hpp"

namespace natbound {

std::vector<dealt_subscribers> as_dealt(const std::vector<part_of_clients>& shares) {
    std::vector<dealt_subscribers> out;
    for (const auto& one : shares) {
        if (one.more > 0) out.push_back({one.client, one.more, one.whole + 1});
        if (one.whole > 0 && one.more < one.subscribers)
            out.push_back({one.client, one.subscribers - one.more, one.whole});
    }
    return out;
}

mapping_list held(const std::vector<part_of_clients>& shares) {
    mapping_list out;
    for (const auto& one : shares)
        for (const auto& [many, sets] : {std::pair{one.more, count(one.whole + 1)},
                                         std::pair{count(one.subscribers - one.more), one.whole}})
            for (const auto& m : one.room.held(sets))
                if (many > 0) out.push_back({m.weight, m.mappings * many});
    return out;
}

}  // namespace natbound
