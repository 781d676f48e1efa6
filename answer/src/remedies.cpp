#include "remedies.hpp"

#include <atomic>
#include <chrono>
#include <future>

#include "capacity.hpp"
#include "evidence.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

struct change {
    std::string name, apply, breaks;
    scenario changed;
};

// One more address: the next one after the pool's last that no one else has.
std::optional<change> one_more_address(const scenario& s, std::size_t i) {
    change out;
    out.changed = s;
    auto& pool = out.changed.nats[i].external_ip_address_pool;
    const ip_address next = pool.parts().back().last + 1;
    for (const auto& c : s.clients)
        if (c.addresses.contains(next)) return std::nullopt;
    for (const auto& v : s.servers)
        if (v.addresses.contains(next)) return std::nullopt;
    for (const auto& n : s.nats)
        if (n.external_ip_address_pool.contains(next)) return std::nullopt;
    pool.insert(next, next);
    out.name = "one more public address";
    out.apply = "add " + to_string(next) + " to the pool of " + s.nats[i].name;
    const auto& rule = s.nats[i].design.pool;
    if (rule.choice == pool_choice::hash && !rule.fallback) out.breaks = "a client and a server that hash to one address still share it, however free the other is";
    if (rule.choice == pool_choice::first && !rule.fallback) out.breaks = "this design uses the first address alone";
    return out;
}

std::vector<change> changes(const scenario& s) {
    std::vector<change> out;
    const auto canonical = bj::parse(to_json(s));
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        if (auto more = one_more_address(s, i)) out.push_back(std::move(*more));
        for (const auto& r : s.nats[i].design.remedies) {
            auto value = canonical;
            auto& n = value.as_object()["nats"].as_array()[i];
            n = merge_patch(n, bj::parse(r.set.text));
            out.push_back({r.name, r.apply, r.breaks, parse_scenario(bj::serialize(value))});
        }
    }
    return out;
}

}  // namespace

bj::object numbers(const scenario& s, double epsilon, std::uint64_t seed, double holds, const std::function<void()>& interrupt) {
    bj::object out;
    const auto m = maximum(s);
    const auto g = guaranteed(s);
    bj::object maximum_json{{"connections", counted(m.connections)}}, guaranteed_json{{"connections", counted(g.nothing_fails ? m.connections : g.connections)}};
    if (!m.connections) {
        maximum_json["at_least"] = counted(m.at_least);
        maximum_json["at_most"] = counted(m.at_most);
    }
    if (!g.connections && !g.nothing_fails) guaranteed_json["at_least"] = counted(g.at_least);
    out["guaranteed"] = std::move(guaranteed_json);
    out["maximum"] = std::move(maximum_json);
    calculator::study_options study_how;
    study_how.seed = seed;
    study_how.holds = holds;
    study_how.interrupt = interrupt;
    calculator::loss_study study(s, study_how);
    const auto l = study.likely(epsilon);
    out["likely"] = bj::object{{"connections", l.load ? bj::value(*l.load) : bj::value(nullptr)}, {"nothing_refuses", !l.load}, {"epsilon", epsilon}};
    out["refusal_probability"] = odds_json(study.risk().overall);
    return out;
}

bj::array remedies_part(const scenario& s, const answer_options& options) {
    const auto list = changes(s);
    // The changes do not depend on one another: they are worked out side by side. Only this thread may ask whether to stop.
    std::atomic<bool> stop{false};
    std::vector<std::future<bj::object>> running;
    for (const auto& c : list)
        running.push_back(std::async(std::launch::async, [&c, &options, &stop] {
            return numbers(c.changed, options.epsilon, options.seed, 3, [&stop] {
                if (stop) throw interrupted();
            });
        }));
    bj::array out;
    try {
        for (std::size_t i = 0; i < list.size(); ++i) {
            while (running[i].wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
                if (options.interrupt) options.interrupt();
            bj::object one{{"name", list[i].name}, {"apply", list[i].apply}, {"breaks", list[i].breaks}};
            try {
                for (auto& [key, value] : running[i].get()) one[key] = std::move(value);
            } catch (const unsupported&) {
                continue;  // a change whose effect can't be computed is not recommended
            }
            out.push_back(std::move(one));
        }
    } catch (...) {
        stop = true;
        throw;
    }
    return out;
}

}  // namespace natbound
