// The integer program over patterns: how many endpoints of each external class get each of them.
#include <algorithm>

#include "natbound/solver/z3_query.hpp"
#include "overloading.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_patterns = 400;
constexpr std::uint32_t effort = 2'000'000;  // of Z3, a question: up to about a second
constexpr int most_questions = 24;

struct pattern {
    std::uint32_t external;
    std::vector<std::size_t> kinds;
    count worth;

    std::string name() const {
        std::string out = "x" + std::to_string(external);
        for (const auto k : kinds) out += "_" + std::to_string(k);
        return out;
    }
};

// All patterns in which each kind adds something; nothing where there are too many.
std::vector<pattern> patterns_of(const group& g, const key_table& table) {
    std::vector<pattern> out;
    for (std::uint32_t e = 0; e < g.externals.size(); ++e) {
        std::vector<pattern> here{{e, {}, 0}};
        for (std::size_t k = 0; k < table.kinds.size(); ++k) {
            const auto& open = table.kinds[k].open;
            if (std::find(open.begin(), open.end(), e) == open.end()) continue;
            const std::size_t before = here.size();
            for (std::size_t i = 0; i < before; ++i) {
                auto kinds = here[i].kinds;
                kinds.push_back(k);
                const count w = worth(table, kinds);
                if (w > here[i].worth) here.push_back({e, std::move(kinds), w});
            }
            if (here.size() + out.size() > most_patterns) return {};
        }
        out.insert(out.end(), here.begin() + 1, here.end());
    }
    return out;
}

std::string sum(const std::vector<std::string>& terms) {
    if (terms.empty()) return "0";
    std::string out = "(+ 0";
    for (const auto& t : terms) out += " " + t;
    return out + ")";
}

std::string program(const group& g, const key_table& table, const std::vector<pattern>& all) {
    std::string out;
    std::vector<std::vector<std::string>> on(g.externals.size()), of(table.kinds.size());
    for (const auto& p : all) {
        const auto x = p.name();
        out += "(declare-const " + x + " Int)\n(assert (>= " + x + " 0))\n";
        on[p.external].push_back(x);
        for (const auto k : p.kinds) of[k].push_back(x);
    }
    for (std::size_t e = 0; e < on.size(); ++e)
        out += "(assert (<= " + sum(on[e]) + " " + g.externals[e].size().str() + "))\n";
    for (std::size_t k = 0; k < of.size(); ++k)
        out += "(assert (<= " + sum(of[k]) + " " + table.kinds[k].sockets.str() + "))\n";
    return out;
}

std::vector<stretch> read(const group& g, const std::vector<pattern>& all,
                          const query_answer& answer) {
    std::vector<stretch> out;
    std::vector<count> used(g.externals.size(), count(0));
    for (const auto& p : all) {
        const auto it = answer.values.find(p.name());
        if (it == answer.values.end()) continue;
        const count size(it->second);
        if (size == 0) continue;
        out.push_back({p.external, used[p.external], size, p.kinds});
        used[p.external] += size;
    }
    return out;
}

}  // namespace

std::vector<stretch> best_patterns(const group& g, const key_table& table, const count& known,
                                   const count& enough) {
    std::vector<stretch> best;
    const auto all = patterns_of(g, table);
    if (all.empty() || known >= enough) return best;
    const auto base = program(g, table, all);
    std::vector<std::string> value;
    for (const auto& p : all) value.push_back("(* " + p.worth.str() + " " + p.name() + ")");
    count low = known, high = enough + 1;  // low is reached, high is not
    for (int asked = 0; low + 1 < high && asked < most_questions; ++asked) {
        const count target = asked == 0 ? count(high - 1) : count((low + high) / 2);
        const z3_query query(base + "(assert (>= " + sum(value) + " " + target.str() + "))\n");
        query_limits limits;
        limits.rlimit = effort;
        const auto answer = query.ask(limits);
        if (answer.verdict == satisfiability::sat) {
            best = read(g, all, answer);
            count reached = 0;
            for (const auto& one : best) reached += one.size * worth(table, one.kinds);
            low = std::max(low, reached);
        } else {
            high = target;
        }
    }
    return best;
}

}  // namespace natbound
