// Properties of a design as JSON.
#include "evidence.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/solver/properties.hpp"

namespace natbound {

namespace bj = boost::json;

bj::object design_answer(const design& d, const std::vector<std::string>& properties,
                         const std::function<void()>& interrupt) {
    query_limits limits;
    limits.cancelled = [&] {
        if (interrupt) interrupt();
        return false;
    };
    bj::array list;
    for (const auto& r : check_design(d, properties, limits)) {
        bj::object one{{"property", r.property},
                       {"verdict", to_string(r.verdict)},
                       {"means", r.says + " (" + r.clause + ")"},
                       {"scope", r.scope}};
        if (!r.reason.empty()) one["reason"] = r.reason;
        one["assumptions"] = texts(r.assumptions);
        if (r.verdict == property_verdict::holds)
            one["evidence"] = bj::parse(holds_certificate(d, r));
        if (r.verdict == property_verdict::fails) {
            bj::array steps;
            for (const auto& step : r.trace.steps) steps.push_back(bj::string(to_string(step)));
            one["trace"] = steps;
        }
        list.push_back(std::move(one));
    }
    return {
        {"schema", "natbound.design-check/1"}, {"design", d.name}, {"properties", std::move(list)}};
}

}  // namespace natbound
