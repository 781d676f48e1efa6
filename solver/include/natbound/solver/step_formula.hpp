#pragma once
// The search of one flow on one external address as a formula: which port it is given, or that it
// is refused, as a function of which ports are busy or closing and of the numbers drawn. For small
// port sets (every probe speaks of every port); tests hold it to choose_port over all states and
// draws.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/choose.hpp"

namespace natbound {

class step_formula {
  public:
    // `source` is the flow's source port. Throws unsupported where probes x ports exceeds a
    // million.
    step_formula(const nat_plan& plan, port source, take_over_rule reuse);
    ~step_formula();
    step_formula(step_formula&&) noexcept;
    step_formula& operator=(step_formula&&) noexcept;

    // Declares, for each port P that the flow may be given, busy-P and (where entries may be taken
    // over) closing-P; the numbers drawn, `draw.R` of round R or `draw.R.I` of its probe I, and
    // `passes.R.I` for the chance of a take-over; and defines the Booleans `refused` and
    // `taken-over` and the bit-vector `chosen`. A closing port is busy.
    std::string smt2() const;

    // The ports that occur in it.
    const port_set& ports() const;

    // Its value in a state, given the numbers that are drawn, in order (a chance is 0 or 1).
    struct value {
        std::optional<chosen_port> chosen;
        std::size_t used = 0;     // how many numbers
        bool wants_more = false;  // they were too few; nothing is chosen then
    };
    value evaluate(const port_bits& taken, const std::vector<std::uint64_t>& draws) const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace natbound
