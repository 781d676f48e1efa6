#pragma once
// Maximum: the most connections that can be live at once if every tuple is chosen as well as
// possible, within the limits; and whether a demand fits. Both with evidence that
// docs/certificates.md describes. Found as maximum flows over classes (classes.hpp), so the time
// depends on the text of the scenario and not on the number of tuples; all counts are exact at any
// size.
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "natbound/model/scenario.hpp"
#include "natbound/solver/demand.hpp"

namespace natbound {

struct maximum_result {
    std::optional<count> connections;  // exact; empty where only the bounds are known
    count at_least = 0, at_most = 0;
    count mappings = 0;      // that carry at_least connections in the evidence
    std::string binds;       // what the bound rests on: "ports", "table", "mappings" or "sockets"
    std::string sets_it;     // the same in the scenario's own words
    std::string why_bounds;  // why there are only bounds, if so
    boost::json::object evidence;  // body of a certificate of kind `maximum`; of kind `bounds`
                                   // (fits, does-not-fit) where only bounds are known; without
                                   // does-not-fit where a limit left at_most to arithmetic
};

// Throws unsupported for shapes that this version can't settle (cascades, NATs whose pools
// overlap). Where a limit is reached (natbound/model/work.hpp) the bounds found so far.
maximum_result maximum(const scenario& s);

// How a demand is placed. even: shared among pairs of a client set and a server set as the traffic
// is (by mean number live), else by their numbers of client addresses and server endpoints; rounded
// to whole connections by largest remainder; within a pair the placing is free. best: free
// altogether.
enum class placing { even, best };
enum class fit_verdict { fits, does_not_fit, unknown };

struct fit_result {
    fit_verdict verdict = fit_verdict::unknown;
    std::string sets_it;  // why not, or what is left
    boost::json::object
        evidence;  // body of a certificate of kind `fits` or `does-not-fit`; empty where unknown
};

fit_result fits(const scenario& s, const count& demand, placing place);

// Whether so many connections of each pair fit; within a pair the placing is free. Each pair occurs
// once, and its clients reach its servers. `at`, where it is not empty: by index of client set, the
// number of the pool's address that its one address is to have (paired pooling); found elsewhere,
// and not believed unless it can be laid out.
fit_result fits(const scenario& s, const demand_list& demand,
                const std::vector<std::uint64_t>& at = {});

}  // namespace natbound
