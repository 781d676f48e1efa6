// JSON Schema of the two formats, made by walking the same descriptions as the reader, with a
// sentence for each field.
#include "natbound/model/json_io.hpp"
#include "natbound/model/scenario.hpp"
#include "schema_sentences.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;

template <class T>
bj::object schema_of(const T* /*tag*/);

bj::object text(const char* pattern = nullptr) {
    bj::object out{{"type", "string"}};
    if (pattern) out["pattern"] = pattern;
    return out;
}

bj::object any_of(bj::array options) { return {{"anyOf", std::move(options)}}; }

bj::object leaf(const std::string* /*tag*/) { return text(); }
bj::object leaf(const bool* /*tag*/) { return {{"type", "boolean"}}; }
bj::object leaf(const double* /*tag*/) { return {{"type", "number"}, {"minimum", 0}}; }
bj::object leaf(const unsigned* /*tag*/) { return {{"type", "integer"}, {"minimum", 0}}; }
bj::object leaf(const std::uint64_t* /*tag*/) { return {{"type", "integer"}, {"minimum", 0}}; }
bj::object leaf(const duration* /*tag*/) {
    return text("^ *[0-9.eE+-]+ *(ms|s|sec|m|min|h|hour|d|day) *$");
}
bj::object leaf(const rate* /*tag*/) {
    return text("^ *[0-9.eE+-]+ */(ms|s|sec|m|min|h|hour|d|day) *$");
}
bj::object leaf(const share* /*tag*/) {
    return any_of({text("^ *[0-9.eE+-]+ *%? *$"),
                   bj::object{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}});
}
bj::object leaf(const share_range* /*tag*/) {
    return any_of({text("^ *[0-9.eE+-]+ *%? *(- *[0-9.eE+-]+ *%? *)?$"),
                   bj::object{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}});
}
bj::object leaf(const byte_count* /*tag*/) {
    return text("^ *[0-9.eE+-]+ *([kMGT]?B|[KMGT]iB) *$");
}
bj::object leaf(const json_text* /*tag*/) { return {{"type", "object"}}; }

bj::object set_schema(const bj::object& item) {
    const bj::object list{{"type", "array"}, {"items", item}};
    const bj::object minus{{"type", "object"},
                           {"properties", bj::object{{"include", any_of({item, list})},
                                                     {"minus", any_of({item, list})}}},
                           {"required", bj::array{"include"}},
                           {"additionalProperties", false}};
    return any_of({item, list, minus});
}
bj::object leaf(const address_set* /*tag*/) { return set_schema(text()); }
bj::object leaf(const port_set* /*tag*/) {
    return set_schema(
        any_of({text("^[0-9, /-]+$"),
                bj::object{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}}));
}

template <class T>
bj::object leaf(const std::optional<T>* /*tag*/) {
    return schema_of<T>(nullptr);
}
template <class T>
bj::object leaf(const std::vector<T>* /*tag*/) {
    const bj::object item = schema_of<T>(nullptr);
    return any_of({item, bj::object{{"type", "array"}, {"items", item}}});
}
template <class T>
bj::object leaf(const std::map<std::string, T>* /*tag*/) {
    return {{"type", "object"}, {"additionalProperties", schema_of<T>(nullptr)}};
}

// The struct's name as sentences() spells it.
template <class T>
const char* struct_name();
#define NATBOUND_NAME(T)           \
    template <>                    \
    const char* struct_name<T>() { \
        return #T;                 \
    }                              \
    static_assert(true)  // takes the semicolon
NATBOUND_NAME(scenario);
NATBOUND_NAME(client_set);
NATBOUND_NAME(source_port_rule);
NATBOUND_NAME(server_set);
NATBOUND_NAME(server_limits);
NATBOUND_NAME(listen_queue);
NATBOUND_NAME(protocol_limit);
NATBOUND_NAME(backend_set);
NATBOUND_NAME(static_mapping);
NATBOUND_NAME(worker_threads);
NATBOUND_NAME(subscriber_port_sets);
NATBOUND_NAME(dynamic_port_sets);
NATBOUND_NAME(nat);
NATBOUND_NAME(port_restriction);
NATBOUND_NAME(connection_limits);
NATBOUND_NAME(mapping_limits);
NATBOUND_NAME(rate_limits);
NATBOUND_NAME(memory_limit);
NATBOUND_NAME(profile_source);
NATBOUND_NAME(device_profile);
NATBOUND_NAME(traffic_entry);
NATBOUND_NAME(hold_time);
NATBOUND_NAME(arrival_state);
NATBOUND_NAME(arrival_rule);
NATBOUND_NAME(endings);
NATBOUND_NAME(design);
NATBOUND_NAME(clash_scope);
NATBOUND_NAME(port_class);
NATBOUND_NAME(search);
NATBOUND_NAME(search_round);
NATBOUND_NAME(pool_rule);
NATBOUND_NAME(reuse_rule);
NATBOUND_NAME(failure_rule);
NATBOUND_NAME(remedy);
#undef NATBOUND_NAME

template <class T>
bj::object schema_of(const T* /*tag*/) {
    if constexpr (json_io::described_enum<T>) {
        bj::array words;
        for (const auto& name : json_io::names<T>()) words.push_back(bj::string(name));
        return {{"enum", words}};
    } else if constexpr (json_io::described_struct<T>) {
        bj::object properties;
        boost::mp11::mp_for_each<json_io::members<T>>([&](auto d) {
            using member = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
            const std::string key = json_io::kebab(d.name);
            bj::object one = schema_of<member>(nullptr);
            one["description"] = sentences().at(std::string(struct_name<T>()) + "." + key);
            properties[key] = std::move(one);
        });
        if constexpr (std::is_same_v<T, device_profile>)
            properties["limits"] = bj::object{
                {"type", "object"},
                {"description", "Fields of a NAT, taken where the NAT itself leaves them out."}};
        if constexpr (std::is_same_v<T, design>)
            properties["base"] = bj::object{
                {"type", "string"},
                {"description", "A design of the catalogue that the other keys override."}};
        bj::object out{
            {"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
        if constexpr (std::is_same_v<T, design> || std::is_same_v<T, device_profile>)
            return any_of({text(), out});
        if constexpr (std::is_same_v<T, hold_time>)
            return any_of({leaf(static_cast<const duration*>(nullptr)), out});
        if constexpr (std::is_same_v<T, source_port_rule>)
            return any_of({schema_of<source_port_law>(nullptr), out});
        return out;
    } else {
        return leaf(static_cast<const T*>(nullptr));
    }
}

std::string finished(bj::object schema, const char* title) {
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = title;
    return bj::serialize(schema);
}

}  // namespace

std::string scenario_schema() {
    bj::object schema = schema_of<scenario>(nullptr);
    schema["required"] = bj::array{"clients"};
    return finished(std::move(schema), "natbound scenario");
}

std::string design_schema() { return finished(schema_of<design>(nullptr), "natbound design"); }

}  // namespace natbound
