#include "evidence.hpp"

#include "natbound/answer/answer.hpp"
#include "natbound/model/canonical.hpp"

namespace natbound {

namespace bj = boost::json;

bj::value counted(const count& n) {
    if (n <= (count(1) << 53)) return static_cast<std::uint64_t>(n);
    return bj::string(n.str());
}

bj::value counted(const std::optional<count>& n) { return n ? counted(*n) : bj::value(nullptr); }

bj::array texts(const std::vector<std::string>& list) {
    bj::array out;
    for (const auto& text : list) out.push_back(bj::string(text));
    return out;
}

bj::object certificate(const char* kind, const scenario& s, bj::object body) {
    bj::object out{
        {"schema", "natbound.certificate/1"}, {"kind", kind}, {"scenario", canonical(s)}};
    for (auto& entry : body) out[entry.key()] = std::move(entry.value());
    return out;
}

std::string to_text(const bj::object& value) { return bj::serialize(value); }

std::string to_text(const bj::array& value) { return bj::serialize(value); }

}  // namespace natbound
