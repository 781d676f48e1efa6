#pragma once
// Probes over Z3's bit-vectors: with this, model's probed_rank gives terms. Private to solver.
#include <z3++.h>

#include <cstdint>

#include "natbound/model/probe.hpp"

namespace natbound {

// z3++ reads / % and < as signed, so a vector of w bits holds numbers below 2^(w-1).
template <>
struct number_type<z3::expr> {
    static z3::expr constant(std::uint64_t value, const z3::expr& like) {
        return like.ctx().bv_val(value, like.get_sort().bv_size());
    }
    static z3::expr choose(const z3::expr& which, const z3::expr& yes, const z3::expr& no) {
        return z3::ite(which, yes, no);
    }
};

// Enough for every design: the largest product is a 32-bit draw times 65,536 ports.
constexpr unsigned widest_probe_term = 49;

}  // namespace natbound
