// The maximum for all sizes as JSON.
#include "natbound/solver/all_sizes.hpp"

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"

namespace natbound {

namespace bj = boost::json;

bj::object all_sizes_answer(const scenario& s, const std::function<void()>& interrupt) {
    query_limits limits;
    limits.cancelled = [&] {
        if (interrupt) interrupt();
        return false;
    };
    const auto r = prove_maximum(s, limits);
    bj::array parameters, obligations;
    for (const auto& p : r.parameters)
        parameters.push_back({{"name", p.name}, {"means", p.means}, {"value", counted(p.value)}});
    for (const auto& o : r.obligations)
        obligations.push_back({{"name", o.name}, {"smt2", o.smt2}, {"expected", o.expected}});
    bj::object out{{"schema", "natbound.all-sizes/1"},
                   {"proved", r.proved ? bj::value(true) : bj::value(nullptr)},
                   {"in_words", r.in_words},
                   {"formula", r.formula},
                   {"parameters", parameters},
                   {"connections", counted(r.connections)}};
    if (!r.reason.empty()) out["reason"] = r.reason;
    if (r.proved)
        out["evidence"] = certificate("for-all-sizes", s,
                                      {{"parameters", std::move(parameters)},
                                       {"formula", r.formula},
                                       {"connections", counted(r.connections)},
                                       {"obligations", std::move(obligations)}});
    return out;
}

}  // namespace natbound
