#pragma once
// What becomes of live flows where a change makes another NAT of one (fewer or other ports, another
// pool, another design, other limits): they stay on the ports and addresses that they have, until
// they end or are cut. Where the NAT gives those no more, they are away: they stand in nobody's
// way, and count in its table and quotas alone.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "after_course.hpp"
#include "natbound/calculator/occupancy.hpp"
#include "natbound/calculator/simulation.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound::calculator::detail {

// Whether a NAT is another one, timers and clients aside; or how it gives ports and addresses.
bool is_another(const nat& before, const nat& now);
bool searches_otherwise(const nat& before, const nat& now);

// The NAT of that name as it was before, if it is another one, whose flows stay as they lie; none
// where they can not be told (ports dealt out in sets, a firewall that becomes a NAT).
const nat* carried_from(const scenario& before, const nat& now);

// Whether ports and addresses part a NAT's flows into other systems than before.
bool is_reshaped(const scenario& before, const scenario& now);

// Of what is not carried over, in words; empty: all is.
std::string not_carried(const scenario& before, const scenario& now);

// `law` flows lie on `ports` as if drawn: how many of them on `some` of these (hypergeometric).
occupancy on_some(const occupancy& law, std::uint64_t ports, std::uint64_t some);

// Live flows that are not away, run by run, and the mean number of the others.
struct sampled_start {
    std::vector<std::uint64_t> inside;
    double outside = 0;
};
// Of the streams before a change, stepped until how ports are arranged is forgotten. runs 0: as
// time allows.
sampled_start sample_start(const simulation_input& input, const course_start& start,
                           std::uint64_t runs, std::uint64_t seed,
                           const std::function<void(double)>& progress);

}  // namespace natbound::calculator::detail
