// Reading a scenario: designs resolved by name or by patch, then every rule that the fields must
// keep with one another.
#include "natbound/model/scenario.hpp"

#include <algorithm>
#include <cmath>

#include "design_json.hpp"
#include "natbound/model/canonical.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/patch.hpp"
#include "profiles.hpp"
#include "protocol_limits.hpp"
#include "rules.hpp"
#include "unknown_servers.hpp"
#include "workers.hpp"

namespace natbound {

namespace bj = boost::json;

// "hold: 60s" stands for {law: exponential, mean: 60s}; "source-ports: sequential" for {law:
// sequential}.
template <>
struct json_io::short_form<hold_time> {
    static bool read(const bj::value& v, const std::string& path, hold_time& out) {
        json_io::read(v, path, out.mean);
        return true;
    }
};
template <>
struct json_io::short_form<source_port_rule> {
    static bool read(const bj::value& v, const std::string& path, source_port_rule& out) {
        json_io::read(v, path, out.law);
        return true;
    }
};

boost::json::value merge_patch(boost::json::value target, const boost::json::value& patch) {
    if (!patch.is_object()) return patch;
    if (!target.is_object()) target = bj::object{};
    for (const auto& [key, value] : patch.get_object()) {
        if (value.is_null())
            target.get_object().erase(key);
        else
            target.get_object()[key] = merge_patch(target.get_object()[key], value);
    }
    return target;
}

bool reaches(const client_set& c, const server_set& v) {
    return c.reaches.empty() ||
           std::find(c.reaches.begin(), c.reaches.end(), v.name) != c.reaches.end();
}

port_set port_restriction::ports() const {
    if (start_port_number && end_port_number) return {*start_port_number, *end_port_number};
    const unsigned offset = psid_offset.value_or(6), rest = 16 - offset - psid_len.value_or(0);
    port_set out;
    for (port high = offset == 0 ? 0 : 1; high < (port{1} << offset); ++high) {
        const port first = ((high << psid_len.value_or(0)) | psid.value_or(0)) << rest;
        out = out | port_set(first, first + (port{1} << rest) - 1);
    }
    return out - port_set(0, 0);
}

std::optional<std::uint64_t> memory_limit::entries() const {
    if (!total || !per_entry || per_entry->bytes == 0) return std::nullopt;
    return total->bytes / per_entry->bytes;
}

double nat::timer(close_cause cause) const {
    const std::string key = json_io::name_of(cause);
    if (const auto it = timers.find(key); it != timers.end()) return it->second.seconds;
    if (const auto it = design.timers.find(key); it != design.timers.end())
        return it->second.seconds;
    return 0;
}

hold_law law_of(const hold_time& h) {
    if (h.law) return *h.law;
    if (!h.samples.empty()) return hold_law::empirical;
    if (!h.means.empty()) return hold_law::mixture;
    if (!h.edges.empty()) return hold_law::histogram;
    return hold_law::exponential;
}

std::vector<double> listed(const hold_time& h) {
    std::vector<double> out;
    const hold_law law = law_of(h);
    if (law == hold_law::empirical)
        for (const auto& x : h.samples) out.push_back(x.seconds);
    if (law == hold_law::mixture)
        for (const auto& x : h.means) out.push_back(x.seconds);
    if (law == hold_law::histogram)
        for (std::size_t i = 1; i < h.edges.size(); ++i)
            out.push_back((h.edges[i - 1].seconds + h.edges[i].seconds) / 2);
    return out;
}

double mean_of_listed(const hold_time& h) {
    const auto times = listed(h);
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const double weight = h.weights.empty() ? 1 : h.weights[i];
        sum += weight * times[i];
        all += weight;
    }
    return sum / all;
}

void validate(const scenario& s) {
    rules::known_names names;
    rules::of_ends(s, names);
    rules::of_nats(s, names);
    rules::of_traffic(s, names);
}

namespace {

// What is listed tells the law and the mean; what can't have one is for validate to say.
void fill_hold(std::optional<hold_time>& h) {
    if (!h) return;
    h->law = law_of(*h);
    if (h->mean.seconds != 0) return;
    const auto times = listed(*h);
    if (times.empty() || (!h->weights.empty() && h->weights.size() != times.size())) return;
    const double mean = mean_of_listed(*h);
    if (std::isfinite(mean)) h->mean.seconds = mean;
}

}  // namespace

scenario parse_scenario(std::string_view json) {
    boost::system::error_code ec;
    // large scenarios are many small pieces, let go of at once
    bj::value value = bj::parse(json, ec, bj::make_shared_resource<bj::monotonic_resource>());
    if (ec) throw input_error("", "", "not JSON: " + ec.message());
    if (value.is_object() && value.get_object().contains("nats") &&
        value.get_object()["nats"].is_array()) {
        std::size_t i = 0;
        for (auto& n : value.get_object()["nats"].get_array()) {
            if (n.is_object() && n.get_object().contains("profile"))
                resolve_profile(n.get_object(), rules::at("nats", i));
            if (n.is_object() && n.get_object().contains("design")) {
                auto& design = n.get_object()["design"];  // one of the catalogue is not copied here
                if (!design.is_string()) resolve_design(design, rules::at("nats", i, "design"));
            } else if (n.is_object() && n.get_object().contains("translates") &&
                       n.get_object()["translates"] == false) {
                // nothing is searched: of the design its timers and its failure count
                n.get_object()["design"] =
                    bj::object{{"base", "linux-masquerade"},
                               {"failure",
                                {{"kind", "drop"},
                                 {"counter", "drop"},
                                 {"command",
                                  "conntrack -S; \"nf_conntrack: table full\" in the "
                                  "kernel's log"}}}};
                resolve_design(n.get_object()["design"], rules::at("nats", i, "design"));
            } else if (n.is_object())
                rules::fail(rules::at("nats", i, "design"), "", "a design is wanted",
                            "add design: linux-masquerade (natbound design list shows all)");
            ++i;
        }
    }
    stand_in_for_unknown(value);
    refuse_other_limits(value);
    scenario s;
    json_io::read(value, "", s);
    for (auto& n : s.nats) {
        const auto entries = n.memory ? n.memory->entries() : std::nullopt;
        auto& limit = n.connection_limits.limit_per_instance;
        if (entries) limit = std::min(*entries, limit.value_or(*entries));
    }
    join_protocol_limits(s);
    for (auto& t : s.traffic) {
        fill_hold(t.hold);
        fill_hold(t.life);
        if (t.arrivals && t.arrivals->law == arrival_law::poisson && !t.arrivals->mean_batch &&
            !t.arrivals->on && !t.arrivals->off && t.arrivals->states.empty())
            t.arrivals.reset();  // one way to say it
    }
    validate(s);
    return written_out(std::move(s));
}

bj::value canonical(const scenario& s) {
    bj::value out = json_io::write(s);
    for (auto& n : out.at("nats").as_array())  // a firewall has no pool, and no set is empty
        if (n.at("external-ip-address-pool").as_array().empty())
            n.as_object().erase("external-ip-address-pool");
    return out;
}

std::string to_json(const scenario& s) { return bj::serialize(canonical(s.given ? *s.given : s)); }

}  // namespace natbound
