// What makes a design well formed, and the catalogue that is built from model/designs/*.json.
#include "natbound/model/design.hpp"

#include "design_json.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/hash.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

// Name and text of each file in model/designs, made by CMake.
const std::vector<std::pair<std::string, std::string>>& catalogue_files();

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& field, const std::string& value,
                       const std::string& rule, const std::string& fix = {}) {
    throw input_error(path.empty() ? field : path + "." + field, value, rule, fix);
}

void validate_ports(const design& d, const std::string& path) {
    if (d.port_classes.empty())
        fail(path, "port-classes", "[]", "a design needs at least one class of ports");
    port_set sources;
    for (std::size_t i = 0; i < d.port_classes.size(); ++i) {
        const auto& c = d.port_classes[i];
        const std::string field = "port-classes[" + std::to_string(i) + "]";
        if (c.ports.empty()) fail(path, field + ".ports", "", "the set is empty");
        if (d.port_parity_preservation)
            if (const auto none = parity_without(c.ports); !none.empty())
                fail(path, field + ".ports", to_string(c.ports),
                     "has no " + none + " port, and the design preserves parity",
                     "ports of both parities");
        if (const auto both = sources & c.source; !both.empty())
            fail(path, field + ".source", to_string(c.source),
                 "overlaps an earlier class in " + to_string(both),
                 "let each source port lie in one class");
        sources = sources | c.source;
    }
    if (sources != all_ports())
        fail(path, "port-classes", to_string(sources),
             "source ports " + to_string(all_ports() - sources) + " are in no class",
             "cover 0-65535");
}

void validate_round(const search_round& r, const std::string& path, const std::string& field) {
    if (r.bits && (*r.bits < 1 || *r.bits > 32))
        fail(path, field + ".bits", std::to_string(*r.bits), "a width of 1 to 32 bits is wanted");
    if (r.step == step_kind::scaled && !r.bits)
        fail(path, field + ".bits", "", "a scaled step needs the width that it scales from",
             "add bits: 16");
    if (r.step == step_kind::ascend_then_descend && r.bits)
        fail(path, field + ".bits", std::to_string(*r.bits),
             "ascend-then-descend starts uniformly over the ports");
    if (r.step == step_kind::independent && !r.probes)
        fail(path, field + ".probes", "", "independent draws need a number of probes");
    if (r.step == step_kind::scaled && !r.probes)
        fail(path, field + ".probes", "", "a scaled search never ends by itself", "add probes: 32");
    if (r.offset_bits && (r.step != step_kind::ascend || *r.offset_bits < 1 || *r.offset_bits > 32))
        fail(path, field + ".offset-bits", std::to_string(*r.offset_bits),
             "an offset of 1 to 32 bits runs in a round that ascends");
    if (r.offset_bits && r.bits && *r.bits > *r.offset_bits)
        fail(path, field + ".bits", std::to_string(*r.bits),
             "the number drawn is wider than the offset that it starts");
    if (r.step == step_kind::independent && r.start != start_kind::random)
        fail(path, field + ".start", json_io::name_of(r.start), "independent draws are random");
    if (r.take_over_last > 0 && r.step == step_kind::independent)
        fail(path, field + ".take-over-last", std::to_string(r.take_over_last),
             "only a run can end in tries that take over");
    if (r.probes && *r.probes == 0)
        fail(path, field + ".probes", "0", "a round makes at least one probe");
}

}  // namespace

void validate(const design& d, const std::string& path) {
    validate_ports(d, path);
    if (d.search.rounds.empty() && d.first_choice == first_choice::none)
        fail(path, "search.rounds", "[]", "a design that preserves no port must search");
    for (std::size_t i = 0; i < d.search.rounds.size(); ++i)
        validate_round(d.search.rounds[i], path, "search.rounds[" + std::to_string(i) + "]");
    if (d.port_contiguity != contiguity::none) {
        const std::string said = json_io::name_of(d.port_contiguity);
        if (!d.port_parity_preservation)
            fail(path, "port-contiguity", said,
                 "the port beside an even one is odd, and the design does not preserve parity",
                 "set port-parity-preservation: true");
        if (d.mapping_type != mapping_type::eim)
            fail(path, "port-contiguity", said,
                 "is beside the mapping of a source port, and a source port has several where the "
                 "mapping-type is " +
                     json_io::name_of(d.mapping_type),
                 "set mapping-type: eim");
    }
    if (d.pool.choice == pool_choice::hash && !is_known_hash(d.pool.hash) &&
        d.pool.hash != "unknown")
        fail(path, "pool.hash", "'" + d.pool.hash + "'", "no such hash",
             "known: " + known_hashes() + ", unknown");
    if (d.pool.choice != pool_choice::hash && !d.pool.hash.empty())
        fail(path, "pool.hash", "'" + d.pool.hash + "'", "only a pool chosen by hash has one",
             "set choice: hash");
    if (d.reuse.chance < 0 || d.reuse.chance > 1)
        fail(path, "reuse.chance", shortest(d.reuse.chance), "a probability is 0 to 1");
    if (d.when_restricted.text != "{}") {
        try {
            restricted(d);
        } catch (const input_error& e) {
            throw input_error((path.empty() ? "" : path + ".") + "when-restricted." + e.path,
                              e.value, e.rule, e.fix);
        }
    }
    const auto causes = json_io::names<close_cause>();
    for (const auto& [name, value] : d.timers)
        if (std::find(causes.begin(), causes.end(), name) == causes.end())
            json_io::unknown_name(name, causes, path.empty() ? "timers" : path + ".timers",
                                  "cause of close");
}

design restricted(const design& d) {
    if (d.when_restricted.text == json_text{}.text) return d;
    const auto patched = merge_patch(json_io::write(d), boost::json::parse(d.when_restricted.text));
    design out;
    json_io::read(patched, "", out);
    out.when_restricted = {};
    validate(out, "");
    return out;
}

namespace {

// What a patch sets by itself holds with restricted ports, too: the base's own exceptions for those
// no longer do.
void drop_patched(boost::json::value& exceptions, const boost::json::value& patch) {
    if (!exceptions.is_object() || !patch.is_object()) return;
    auto& kept = exceptions.get_object();
    for (const auto& [key, value] : patch.get_object()) {
        const auto it = kept.find(key);
        if (it == kept.end()) continue;
        drop_patched(it->value(), value);
        if (!it->value().is_object() || !value.is_object() || it->value().get_object().empty())
            kept.erase(it);
    }
}

}  // namespace

const design& design_named(const boost::json::value& word, const std::string& path) {
    if (!word.is_string()) json_io::wrong_kind(word, path, "the name of a design");
    if (const auto* d = find_design(std::string(word.get_string()))) return *d;
    std::vector<std::string> known;
    for (const auto& d : catalogue()) known.push_back(d.name);
    json_io::unknown_name(word.get_string(), known, path, "design");
}

void resolve_design(boost::json::value& v, const std::string& path) {
    const auto named = [](const boost::json::value& word, const std::string& where) {
        return json_io::write(design_named(word, where));
    };
    if (v.is_string()) {
        v = named(v, path);
    } else if (v.is_object() && v.get_object().contains("base")) {
        boost::json::object patch = v.get_object();
        boost::json::value base = named(patch["base"], path.empty() ? "base" : path + ".base");
        patch.erase("base");
        if (!patch.contains("name"))
            base.get_object()["name"] =
                std::string(base.get_object()["name"].get_string()) + " (changed)";
        if (const auto it = base.get_object().find("when-restricted");
            it != base.get_object().end())
            drop_patched(it->value(), patch);
        v = merge_patch(std::move(base), patch);
    }
}

design parse_design(std::string_view json) {
    boost::system::error_code ec;
    auto value = boost::json::parse(json, ec);
    if (ec) throw input_error("", "", "not JSON: " + ec.message());
    if (value.is_object()) resolve_design(value, "");
    design d;
    json_io::read(value, "", d);
    validate(d, "");
    return d;
}

std::string to_json(const design& d) { return boost::json::serialize(json_io::write(d)); }

const std::vector<design>& catalogue() {
    static const std::vector<design> all = [] {
        std::vector<design> out;
        for (const auto& [file, text] : catalogue_files()) {
            try {
                out.push_back(parse_design(text));
            } catch (const input_error& e) {
                throw input_error(file + ": " + e.path, e.value, e.rule, e.fix);
            }
        }
        return out;
    }();
    return all;
}

const design* find_design(const std::string& name) {
    for (const auto& d : catalogue())
        if (d.name == name) return &d;
    return nullptr;
}

}  // namespace natbound
