// The formula is a list of definitions in the order of the probes; each speaks of inputs and of
// definitions before it, so the text reads like the search and a value is found from top to bottom.
#include "natbound/solver/step_formula.hpp"

#include <bit>

#include "natbound/model/error.hpp"
#include "probe_term.hpp"

namespace natbound {

namespace {

constexpr std::uint64_t most_terms = 1'000'000;

// Bits for every number that a probe computes on the way, and for ports; one more for the sign.
unsigned width_for(const nat_plan& plan, const port_range_plan& range) {
    std::uint64_t largest = std::uint64_t{2} * port_count;
    for (const auto& round : plan.rounds(range.size)) {
        const std::uint64_t probes = probe_count(round, range.size);
        const std::uint64_t drawn = std::max(draw_count(round, range.size), range.size);
        largest = std::max(largest,
                           round.step == step_kind::scaled ? drawn * range.size : drawn + probes);
        if (round.offset_bits) largest = std::max(largest, std::uint64_t{1} << *round.offset_bits);
    }
    return static_cast<unsigned>(std::bit_width(largest)) + 1;
}

struct item {
    enum class kind { draw, chance, definition } what;
    z3::expr name;
    z3::expr term;         // of a definition; of the others: whether it is drawn at all
    std::uint64_t values;  // of the others
};

}  // namespace

struct step_formula::state {
    z3::context context;
    unsigned width = 0;
    port_set ports;
    std::vector<std::pair<port, z3::expr>> busy, closing;
    std::vector<item> items;
    std::optional<z3::expr> refused, chosen, taken_over;
    z3::expr number(std::uint64_t value) { return context.bv_val(value, width); }
    z3::expr boolean(const std::string& name) { return context.bool_const(name.c_str()); }

    z3::expr define(const std::string& name, const z3::expr& term) {
        items.push_back(
            {item::kind::definition, context.constant(name.c_str(), term.get_sort()), term, 0});
        return items.back().name;
    }
    z3::expr draw(const std::string& name, std::uint64_t values, const z3::expr& when) {
        items.push_back({item::kind::draw, context.bv_const(name.c_str(), width), when, values});
        return items.back().name;
    }
    z3::expr chance(const std::string& name, double probability, const z3::expr& when) {
        if (probability <= 0 || probability >= 1) return context.bool_val(probability >= 1);
        items.push_back({item::kind::chance, boolean(name), when, 2});
        return items.back().name;
    }

    static z3::expr at(const std::vector<std::pair<port, z3::expr>>& bits, const z3::expr& p,
                       z3::context& c, unsigned width) {
        z3::expr out = c.bool_val(false);
        for (const auto& [q, bit] : bits) out = z3::ite(p == c.bv_val(q, width), bit, out);
        return out;
    }
    z3::expr port_at(const port_range_plan& range, const z3::expr& rank) {
        if (range.contiguous()) return number(range.lowest) + rank;
        z3::expr out = number(range.ports.at(range.size - 1));
        for (std::uint64_t r = 0; r + 1 < range.size; ++r)
            out = z3::ite(rank == number(r), number(range.ports.at(r)), out);
        return out;
    }

    void build(const nat_plan& plan, port source, take_over_rule reuse);
    std::string text() const;
};

void step_formula::state::build(const nat_plan& plan, port source, take_over_rule reuse) {
    const auto& range = plan.class_of(source);
    width = width_for(plan, range);
    ports = plan.permitted(source);
    for (const auto& part : ports.parts())
        for (port p = part.first; p <= part.last; ++p) {
            busy.emplace_back(p, boolean("busy-" + std::to_string(p)));
            if (reuse.allowed) closing.emplace_back(p, boolean("closing-" + std::to_string(p)));
        }
    // the first hit is what is chosen, so the choice is put together from the end
    struct hit {
        z3::expr when, where, over;
    };
    std::vector<hit> hits;
    z3::expr searching = context.bool_val(true);
    const bool preserves = plan.preserves(source);
    if (preserves) {
        const z3::expr free = define("keeps", !at(busy, number(source), context, width));
        hits.push_back({free, number(source), context.bool_val(false)});
        searching = !free;
    }
    std::uint64_t skipped = preserves && plan.design.search.first_choice_counts ? 1 : 0;
    const auto rounds = plan.rounds(range.size);
    for (std::size_t r = 0; r < rounds.size(); ++r, skipped = 0) {
        const auto& round = rounds[r];
        const std::string of_round = "." + std::to_string(r);
        const std::uint64_t probes = probe_count(round, range.size);
        z3::expr start = number(0), previous = number(0);
        for (std::uint64_t i = skipped; i < probes; ++i) {
            const std::string of_probe = of_round + "." + std::to_string(i);
            const bool each = round.step == step_kind::independent;
            if (each || i == skipped) {
                if (is_drawn(round))
                    start = draw("draw" + (each ? of_probe : of_round),
                                 draw_count(round, range.size), searching);
                else if (round.start == start_kind::own_port)
                    start = number(range.rank(source).value_or(range.size - 1));
            }
            const z3::expr rank =
                define("rank" + of_probe,
                       probed_rank<z3::expr>(round, start, static_cast<unsigned>(i), previous,
                                             number(range.size), number(range.lowest)));
            const z3::expr where = define("port" + of_probe, port_at(range, rank));
            const z3::expr free = define("free" + of_probe, !at(busy, where, context, width));
            z3::expr over = context.bool_val(false);
            if (reuse.allowed && probes - i <= round.take_over_last) {
                const z3::expr closes =
                    define("closes" + of_probe, !free && at(closing, where, context, width));
                over = closes && chance("passes" + of_probe, reuse.chance, searching && closes);
            }
            const z3::expr found = define("hit" + of_probe, searching && (free || over));
            hits.push_back({found, where, over});
            searching = define("goes-on" + of_probe, searching && !found);
            previous = rank;
        }
    }
    z3::expr port_given = number(0), was_closing = context.bool_val(false);
    for (auto h = hits.rbegin(); h != hits.rend(); ++h) {
        port_given = z3::ite(h->when, h->where, port_given);
        was_closing = z3::ite(h->when, h->over, was_closing);
    }
    refused = define("refused", searching);
    chosen = define("chosen", port_given);
    taken_over = define("taken-over", was_closing);
}

std::string step_formula::state::text() const {
    std::string out;
    const auto declare = [&](const z3::expr& name) {
        out += "(declare-const " + name.to_string() + " " + name.get_sort().to_string() + ")\n";
    };
    for (const auto& [p, bit] : busy) declare(bit);
    for (std::size_t i = 0; i < closing.size(); ++i) {
        declare(closing[i].second);
        out += "(assert (=> " + closing[i].second.to_string() + " " + busy[i].second.to_string() +
               "))\n";
    }
    for (const auto& i : items) {
        if (i.what == item::kind::definition) {
            out += "(define-fun " + i.name.to_string() + " () " + i.name.get_sort().to_string() +
                   " " + i.term.to_string() + ")\n";
            continue;
        }
        declare(i.name);
        if (i.what == item::kind::draw)
            out += "(assert (bvult " + i.name.to_string() + " (_ bv" + std::to_string(i.values) +
                   " " + std::to_string(width) + ")))\n";
    }
    return out;
}

step_formula::step_formula(const nat_plan& plan, port source, take_over_rule reuse)
    : state_(std::make_unique<state>()) {
    const auto& range = plan.class_of(source);
    std::uint64_t probes = 1;
    for (const auto& round : plan.rounds(range.size)) probes += probe_count(round, range.size);
    if (probes * range.size > most_terms)
        throw unsupported("a step as a formula: " + std::to_string(probes) + " probes of " +
                          std::to_string(range.size) + " ports; at most a million in all");
    try {
        state_->build(plan, source, reuse);
    } catch (const z3::exception& e) {
        throw error(std::string("Z3: ") + e.msg());
    }
}

step_formula::~step_formula() = default;
step_formula::step_formula(step_formula&&) noexcept = default;
step_formula& step_formula::operator=(step_formula&&) noexcept = default;

std::string step_formula::smt2() const { return state_->text(); }
const port_set& step_formula::ports() const { return state_->ports; }

step_formula::value step_formula::evaluate(const port_bits& taken,
                                           const std::vector<std::uint64_t>& draws) const {
    state& s = *state_;
    value out;
    try {
        z3::model model(s.context);
        const auto set = [&](const z3::expr& name, z3::expr to) {
            z3::func_decl decl = name.decl();
            model.add_const_interp(decl, to);
        };
        for (const auto& [p, bit] : s.busy) set(bit, s.context.bool_val(taken.busy(p)));
        for (const auto& [p, bit] : s.closing) set(bit, s.context.bool_val(taken.closing(p)));
        for (const auto& i : s.items) {
            z3::expr of_term = model.eval(i.term, true);
            if (i.what == item::kind::definition) {
                set(i.name, of_term);
                continue;
            }
            // what is not drawn may be any number: the largest will do
            std::uint64_t number = i.values - 1;
            if (of_term.is_true()) {
                if (out.used == draws.size()) {
                    out.wants_more = true;
                    return out;
                }
                number = draws[out.used++];
                if (number >= i.values) throw domain_error("a number that the design can't draw");
            }
            set(i.name,
                i.what == item::kind::draw ? s.number(number) : s.context.bool_val(number == 1));
        }
        if (!model.eval(*s.refused, true).is_true())
            out.chosen =
                chosen_port{static_cast<port>(model.eval(*s.chosen, true).get_numeral_uint64()),
                            model.eval(*s.taken_over, true).is_true()};
    } catch (const z3::exception& e) {
        throw error(std::string("Z3: ") + e.msg());
    }
    return out;
}

}  // namespace natbound
