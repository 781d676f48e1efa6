#pragma once
// Reading and writing described structs as JSON: members in kebab-case, unknown keys refused with
// the nearest known one, every error with its path. Private to model's sources and to whoever
// extends the formats.
#include <algorithm>
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "natbound/model/address.hpp"
#include "natbound/model/design.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/ports.hpp"
#include "natbound/model/quantity.hpp"

namespace natbound::json_io {

namespace bj = boost::json;

inline std::string kebab(std::string_view name) {
    std::string out(name);
    for (auto& c : out)
        if (c == '_') c = '-';
    return out;
}

std::string shown(const bj::value& v);  // short text of a value, for messages
[[noreturn]] void wrong_kind(const bj::value& v, const std::string& path, const char* wanted);
[[noreturn]] void unknown_name(std::string_view name, const std::vector<std::string>& known,
                               const std::string& path, const char* what);
double read_number(const bj::value& v, const std::string& path);

void read(const bj::value& v, const std::string& path, std::string& out);
void read(const bj::value& v, const std::string& path, bool& out);
void read(const bj::value& v, const std::string& path, double& out);
void read(const bj::value& v, const std::string& path, unsigned& out);
void read(const bj::value& v, const std::string& path, std::uint64_t& out);
void read(const bj::value& v, const std::string& path, address_set& out);
void read(const bj::value& v, const std::string& path, port_set& out);
void read(const bj::value& v, const std::string& path, duration& out);
void read(const bj::value& v, const std::string& path, rate& out);
void read(const bj::value& v, const std::string& path, share& out);
void read(const bj::value& v, const std::string& path, share_range& out);
void read(const bj::value& v, const std::string& path, byte_count& out);
void read(const bj::value& v, const std::string& path, json_text& out);

inline bj::value write(const std::string& v) { return bj::string(v); }
inline bj::value write(bool v) { return v; }
inline bj::value write(double v) { return v; }
inline bj::value write(unsigned v) { return v; }
inline bj::value write(std::uint64_t v) { return v; }
bj::value write(const address_set& v);
bj::value write(const port_set& v);
bj::value write(const json_text& v);
inline bj::value write(const duration& v) { return bj::string(to_string(v)); }
inline bj::value write(const rate& v) { return bj::string(to_string(v)); }
inline bj::value write(const share& v) { return bj::string(to_string(v)); }
inline bj::value write(const share_range& v) { return bj::string(to_string(v)); }
inline bj::value write(const byte_count& v) { return bj::string(to_string(v)); }

template <class T>
concept described_enum = boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && !described_enum<T>;

// The members of a described struct.
template <class T>
using members = boost::describe::describe_members<T, boost::describe::mod_public>;

// What its keys are called, in the members' order.
template <described_struct T>
const std::vector<std::string>& keys() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> out;
        boost::mp11::mp_for_each<members<T>>([&](auto d) { out.push_back(kebab(d.name)); });
        return out;
    }();
    return all;
}

template <described_enum E>
const std::vector<std::string>& names() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> out;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
            [&](auto d) { out.push_back(kebab(d.name)); });
        return out;
    }();
    return all;
}

template <described_enum E>
std::string name_of(E value) {
    std::string out;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
        if (d.value == value) out = kebab(d.name);
    });
    return out;
}

template <described_enum E>
void read(const bj::value& v, const std::string& path, E& out) {
    if (!v.is_string()) wrong_kind(v, path, "one of the known words");
    bool found = false;
    auto name = names<E>().begin();
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
        if (*name++ == v.get_string()) {
            out = d.value;
            found = true;
        }
    });
    if (!found) unknown_name(v.get_string(), names<E>(), path, "word");
}

template <class T>
void read(const bj::value& v, const std::string& path, std::optional<T>& out);
template <class T>
void read(const bj::value& v, const std::string& path, std::vector<T>& out);
template <class T>
void read(const bj::value& v, const std::string& path, std::map<std::string, T>& out);

// Whether a struct may be written as a bare value ("hold: 60s" for {mean: 60s}): specialise with a
// function that reads it.
template <class T>
struct short_form {
    static bool read(const bj::value&, const std::string&, T&) { return false; }
};

template <described_struct T>
void read(const bj::value& v, const std::string& path, T& out) {
    if (!v.is_object()) {
        if (short_form<T>::read(v, path, out)) return;
        wrong_kind(v, path, "a mapping of keys to values");
    }
    const auto& known = keys<T>();
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto& item :
         v.get_object()) {  // no structured binding: clang 14 can't capture one in a lambda
        const std::string_view key = item.key();
        const auto& value = item.value();
        const auto at =
            static_cast<std::size_t>(std::find(known.begin(), known.end(), key) - known.begin());
        if (at == known.size()) unknown_name(key, known, prefix + std::string(key), "key");
        boost::mp11::mp_with_index<boost::mp11::mp_size<members<T>>>(at, [&](auto i) {
            using member = boost::mp11::mp_at<members<T>, decltype(i)>;
            json_io::read(value, prefix + std::string(key), out.*member::pointer);
        });
    }
}

template <class T>
void read(const bj::value& v, const std::string& path, std::optional<T>& out) {
    if (v.is_null()) return out.reset();
    T value{};
    json_io::read(v, path, value);
    out = std::move(value);
}

// A single value stands for a list of one.
template <class T>
void read(const bj::value& v, const std::string& path, std::vector<T>& out) {
    out.clear();
    if (!v.is_array()) {
        if constexpr (described_struct<T>) {
            if (!v.is_object()) wrong_kind(v, path, "a list");
        }
        json_io::read(v, path, out.emplace_back());
        return;
    }
    std::size_t i = 0;
    for (const auto& item : v.get_array())
        json_io::read(item, path + "[" + std::to_string(i++) + "]", out.emplace_back());
}

template <class T>
void read(const bj::value& v, const std::string& path, std::map<std::string, T>& out) {
    if (!v.is_object()) wrong_kind(v, path, "a mapping of keys to values");
    out.clear();
    for (const auto& [key, value] : v.get_object())
        json_io::read(value, path + "." + std::string(key), out[std::string(key)]);
}

template <described_enum E>
bj::value write(E v) {
    return bj::string(name_of(v));
}
template <class T>
bj::value write(const std::vector<T>& v);
template <class T>
bj::value write(const std::map<std::string, T>& v);

template <described_struct T>
bj::value write(const T& v);

template <class T>
bj::value write(const std::optional<T>& v) {
    return v ? json_io::write(*v) : bj::value(nullptr);
}

// Absent optionals are left out, so that what is written can be read.
template <described_struct T>
bj::value write(const T& v) {
    bj::object out;
    auto key = keys<T>().begin();
    boost::mp11::mp_for_each<members<T>>([&](auto d) {
        bj::value item = json_io::write(v.*d.pointer);
        if (!item.is_null()) out[*key] = std::move(item);
        ++key;
    });
    return out;
}

template <class T>
bj::value write(const std::vector<T>& v) {
    bj::array out;
    for (const auto& item : v) out.push_back(json_io::write(item));
    return out;
}

template <class T>
bj::value write(const std::map<std::string, T>& v) {
    bj::object out;
    for (const auto& [key, item] : v) out[key] = json_io::write(item);
    return out;
}

}  // namespace natbound::json_io
