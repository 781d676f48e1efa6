#pragma once
// What a client set wants of mappings that carry several connections each: n connections to a
// server set of which one mapping reaches w endpoints ride on m >= n / w mappings, n div m on each
// of them and one more on the first n mod m.
#include <algorithm>
#include <vector>

#include "pair_demand.hpp"

namespace natbound {

struct mapping_wish {
    std::size_t server;
    count connections;
};

struct mapping_need {
    count mappings;
    std::vector<mapping_wish> wishes;

    // So many connections to a server set more; one mapping carries `each` of them at most.
    void add(std::size_t server, const count& connections, const count& each) {
        mappings = std::max<count>(mappings, (connections + each - 1) / each);
        wishes.push_back({server, connections});
    }

    // The connections of a wish that mapping number k carries.
    count share(const mapping_wish& w, const count& k) const {
        return w.connections / mappings + (k < w.connections % mappings ? 1 : 0);
    }

    // Where, among mappings number first .. first + size - 1, runs of mappings end that carry the
    // same; counted from the first, the last is `size`.
    std::vector<count> ends(const count& first, const count& size) const {
        std::vector<count> out{size};
        for (const auto& w : wishes) {
            const count more = w.connections % mappings;
            if (more > first && more < first + size) out.push_back(more - first);
        }
        std::sort(out.begin(), out.end());
        out.erase(std::unique(out.begin(), out.end()), out.end());
        return out;
    }
};

// The demands of which this holds.
template <class Holds>
demand_list those(const demand_list& all, Holds&& holds) {
    demand_list out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), holds);
    return out;
}

}  // namespace natbound
