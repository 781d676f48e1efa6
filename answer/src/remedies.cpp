#include "remedies.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>

#include "capacity.hpp"
#include "evidence.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;

struct remedies::change {
    std::string name, apply, breaks;
    scenario changed;
};

namespace {

// One more address: the next one after the pool's last that no one else has.
struct wider {
    scenario changed;
    std::string address, breaks;
};
std::optional<wider> one_more_address(const scenario& s, std::size_t i) {
    if (!translates(s.nats[i])) return std::nullopt;
    wider out{s, {}, {}};
    auto& pool = out.changed.nats[i].external_ip_address_pool;
    const ip_address next = pool.parts().back().last + 1;
    for (const auto& c : s.clients)
        if (c.addresses.contains(next)) return std::nullopt;
    for (const auto& v : s.servers)
        if (v.addresses.contains(next)) return std::nullopt;
    for (const auto& n : s.nats)
        if (n.external_ip_address_pool.contains(next)) return std::nullopt;
    pool.insert(next, next);
    out.address = to_string(next);
    const auto& rule = s.nats[i].design.pool;
    if (rule.choice == pool_choice::hash && !rule.fallback)
        out.breaks =
            "a client and a server that hash to one address still share it, however free the other "
            "is";
    if (rule.choice == pool_choice::first && !rule.fallback)
        out.breaks = "this design uses the first address alone";
    return out;
}

constexpr double quick = 2;  // mean holds that a load is averaged over

// The three numbers and the refusal probability at the scenario's traffic, without evidence.
bj::object numbers(const scenario& s, double epsilon, const calculator::study_options& study_how) {
    bj::object out;
    const auto m = maximum(s);
    const auto g = guaranteed(s, study_how.interrupt);
    bj::object maximum_json{{"connections", counted(m.connections)}},
        guaranteed_json{{"connections", counted(g.nothing_fails ? m.connections : g.connections)}};
    if (!m.connections) {
        maximum_json["at_least"] = counted(m.at_least);
        maximum_json["at_most"] = counted(m.at_most);
    }
    if (!g.connections && !g.nothing_fails) guaranteed_json["at_least"] = counted(g.at_least);
    out["guaranteed"] = std::move(guaranteed_json);
    out["maximum"] = std::move(maximum_json);
    calculator::loss_study study(s, study_how);
    const auto l = study.with_own_ports(study.likely(epsilon));
    out["likely"] =
        bj::object{{"connections", l.load ? bj::value(*l.load) : bj::value(nullptr)},
                   {"nothing_refuses", !l.load},
                   {"interval", l.load ? bj::value(bj::array{l.low, l.high}) : bj::value(nullptr)},
                   {"epsilon", epsilon}};
    // Well below the load that meets epsilon, the probability is below epsilon: no need to look
    // closer.
    const double load = calculator::fill_traffic(s).load();
    if (l.load && load < 0.9 * *l.load)
        out["refusal_probability"] = bj::object{{"value", nullptr}, {"at_most", epsilon}};
    else
        out["refusal_probability"] = odds_json(study.risk().overall);
    return out;
}

// Whether some entry goes earlier than it does now.
bool shortens(const nat& now, const nat& changed) {
    return std::any_of(changed.timers.begin(), changed.timers.end(), [&](const auto& timer) {
        const auto own = now.timers.find(timer.first), of = now.design.timers.find(timer.first);
        if (own != now.timers.end()) return timer.second.seconds < own->second.seconds;
        return of == now.design.timers.end() || timer.second.seconds < of->second.seconds;
    });
}

}  // namespace

bool few_nats(const scenario& s) {
    constexpr std::size_t few = 4;
    return (s.given ? *s.given : s).nats.size() <= few;
}

remedies::remedies(const scenario& asked, const answer_options& options,
                   const std::optional<std::string>& at)
    : options_(options) {
    const scenario& s = asked.given ? *asked.given : asked;  // a change is to all workers of a NAT
    const auto name = at ? asked.given_names.find(*at) : asked.given_names.end();
    const auto only = name == asked.given_names.end() ? at : std::optional(name->second);
    const auto canonical = bj::parse(to_json(s));
    const bool timers_matter =
        std::any_of(s.traffic.begin(), s.traffic.end(),
                    [](const traffic_entry& t) { return t.life.has_value(); });
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        if (only && *only != s.nats[i].name) continue;
        if (auto more = one_more_address(s, i))
            list_.push_back({"one more public address",
                             "add " + more->address + " to the pool of " + s.nats[i].name,
                             more->breaks, parse_scenario(to_json(more->changed))});
        for (const auto& r : s.nats[i].design.remedies) {
            const auto patch = bj::parse(r.set.text);
            const bool of_timers =
                patch.as_object().size() == 1 && patch.as_object().contains("timers");
            if (!of_timers && !translates(s.nats[i])) continue;  // it searches nothing
            auto value = canonical;
            auto& n = value.as_object()["nats"].as_array()[i];
            n = merge_patch(n, patch);
            auto changed = parse_scenario(bj::serialize(value));
            // a timer says nothing where the scenario gives whole holds, or where it is as short
            const auto& now = changed.given ? changed.given->nats[i] : changed.nats[i];
            if (of_timers && (!timers_matter || !shortens(s.nats[i], now))) continue;
            list_.push_back({r.name, r.apply, r.breaks, std::move(changed)});
        }
    }
    done_.resize(list_.size());
    if (!list_.empty()) running_ = std::async(std::launch::async, [this] { work(); });
}

remedies::~remedies() { stop_ = true; }

// One after the other, quickly rather than closely: most changes leave most of the NATs as they
// are, so that what was simulated for one serves the others.
void remedies::work() {
    const auto look = [this] {
        if (stop_) throw interrupted();
    };
    const work_scope scope({}, look);
    calculator::study_options how;
    how.seed = options_.seed;
    how.holds = quick;
    how.bounds = false;  // only the worst kind of traffic is told
    how.interrupt = look;
    how.known = std::make_shared<calculator::known_curves>();
    for (std::size_t i = 0; i < list_.size() && !stop_; ++i) try {
            done_[i] = numbers(list_[i].changed, options_.epsilon, how);
        } catch (const unsupported&) {  // its effect can't be computed: it is not recommended
        }
}

bj::array remedies::collect() {
    try {
        while (running_.valid() &&
               running_.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
            look_up();
            if (options_.interrupt) options_.interrupt();
        }
        if (running_.valid()) running_.get();
    } catch (const limit_reached&) {  // those that are done
        stop_ = true;
        if (running_.valid()) running_.wait();
    }
    bj::array out;
    for (std::size_t i = 0; i < list_.size(); ++i) {
        if (!done_[i]) continue;
        bj::object one{
            {"name", list_[i].name}, {"apply", list_[i].apply}, {"breaks", list_[i].breaks}};
        for (auto& [key, value] : *done_[i]) one[key] = std::move(value);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace natbound
