// The leaves of the JSON formats: text, numbers, sets and quantities.
#include "natbound/model/json_io.hpp"

#include <cmath>

namespace natbound::json_io {
namespace {

// Edit distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t keep = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({keep, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

// Runs a parser that knows no path, and adds it.
template <class F>
auto at_path(const std::string& path, F parse) {
    try {
        return parse();
    } catch (const input_error& e) {
        throw input_error(path, e.value, e.rule, e.fix);
    }
}

// Sets: text, a number (ports), a list of these, or {include: ..., minus: ...}.
template <class Set, class Item>
void read_set(const bj::value& v, const std::string& path, Set& out, Item item,
              bool nested = false) {
    if (v.is_object()) {
        Set minus;
        out = Set{};
        bool included = false;
        for (const auto& [key, value] : v.get_object()) {
            const std::string here = path + "." + std::string(key);
            if (key == "include") {
                read_set(value, here, out, item);
                included = true;
            } else if (key == "minus") {
                read_set(value, here, minus, item);
            } else {
                unknown_name(key, {"include", "minus"}, here, "key");
            }
        }
        if (!included)
            throw input_error(path, shown(v), "a set with minus needs include", "add include: ...");
        out = out - minus;
    } else if (v.is_array()) {
        out = Set{};
        std::size_t i = 0;
        for (const auto& element : v.get_array()) {
            const std::string here = path + "[" + std::to_string(i++) + "]";
            Set one;
            read_set(element, here, one, item, true);
            if (const Set both = out & one; !both.empty())
                throw input_error(here, shown(element),
                                  "overlaps an earlier element of the list in " + to_string(both),
                                  "name each element once");
            out = out | one;
        }
    } else if (v.is_string() && v.get_string().find(',') != bj::string::npos) {
        bj::array parts;
        std::string_view text = v.get_string();
        while (true) {
            const auto comma = text.find(',');
            parts.emplace_back(bj::string(text.substr(0, comma)));
            if (comma == std::string_view::npos) break;
            text.remove_prefix(comma + 1);
        }
        return read_set(bj::value(parts), path, out, item, nested);
    } else {
        out = at_path(path, [&] { return item(v); });
    }
    if (out.empty() && !nested) throw input_error(path, shown(v), "the set is empty");
}

}  // namespace

std::string shown(const bj::value& v) {
    std::string text = v.is_string()   ? "'" + std::string(v.get_string()) + "'"
                       : v.is_double() ? shortest(v.get_double())
                                       : bj::serialize(v);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
}

void wrong_kind(const bj::value& v, const std::string& path, const char* wanted) {
    throw input_error(path, shown(v), std::string(wanted) + " is wanted");
}

void unknown_name(std::string_view name, const std::vector<std::string>& known,
                  const std::string& path, const char* what) {
    const std::string* best = nullptr;
    std::string all;
    for (const auto& k : known) {
        if (!best || distance(name, k) < distance(name, *best)) best = &k;
        all += (all.empty() ? "" : ", ") + k;
    }
    const bool close = best && distance(name, *best) <= 1 + best->size() / 3;
    throw input_error(path, "'" + std::string(name) + "'", "no such " + std::string(what),
                      close ? "did you mean " + *best + "?" : "known: " + all);
}

double read_number(const bj::value& v, const std::string& path) {
    double out = 0;
    if (v.is_int64())
        out = static_cast<double>(v.get_int64());
    else if (v.is_uint64())
        out = static_cast<double>(v.get_uint64());
    else if (v.is_double())
        out = v.get_double();
    else
        wrong_kind(v, path, "a number");
    if (!std::isfinite(out) || out < 0)
        throw input_error(path, shown(v), "a finite number that is not negative is wanted");
    return out;
}

void read(const bj::value& v, const std::string& path, std::string& out) {
    if (!v.is_string()) wrong_kind(v, path, "text");
    out = std::string(v.get_string());
}

void read(const bj::value& v, const std::string& path, bool& out) {
    if (!v.is_bool()) wrong_kind(v, path, "true or false");
    out = v.get_bool();
}

void read(const bj::value& v, const std::string& path, double& out) { out = read_number(v, path); }

void read(const bj::value& v, const std::string& path, unsigned& out) {
    std::uint64_t wide = 0;
    read(v, path, wide);
    if (wide > UINT32_MAX) throw input_error(path, shown(v), "a number below 2^32 is wanted");
    out = static_cast<unsigned>(wide);
}

void read(const bj::value& v, const std::string& path, std::uint64_t& out) {
    const double value = read_number(v, path);
    if (value != std::floor(value)) throw input_error(path, shown(v), "a whole number is wanted");
    if (v.is_double() && value >= 9007199254740992.0)
        throw input_error(path, shown(v), "too large for a count");
    out = v.is_uint64()  ? v.get_uint64()
          : v.is_int64() ? static_cast<std::uint64_t>(v.get_int64())
                         : static_cast<std::uint64_t>(value);
}

void read(const bj::value& v, const std::string& path, address_set& out) {
    read_set(v, path, out, [](const bj::value& item) {
        if (!item.is_string()) wrong_kind(item, "", "an address, a prefix or a range of addresses");
        const auto range = parse_address_range(item.get_string());
        return address_set(range.first, range.last);
    });
}

void read(const bj::value& v, const std::string& path, port_set& out) {
    read_set(v, path, out, [](const bj::value& item) {
        return parse_port_range(item.is_string() ? std::string(item.get_string())
                                                 : bj::serialize(item));
    });
}

namespace {
std::string quantity_text(const bj::value& v, const std::string& path, const char* wanted) {
    if (v.is_string()) return std::string(v.get_string());
    if (v.is_number()) return bj::serialize(v);
    wrong_kind(v, path, wanted);
}
}  // namespace

void read(const bj::value& v, const std::string& path, duration& out) {
    const auto text = quantity_text(v, path, "a duration such as 60s");
    out = at_path(path, [&] { return parse_duration(text); });
}

void read(const bj::value& v, const std::string& path, rate& out) {
    const auto text = quantity_text(v, path, "a rate such as 500/s");
    out = at_path(path, [&] { return parse_rate(text); });
}

void read(const bj::value& v, const std::string& path, share& out) {
    const auto text = quantity_text(v, path, "a share such as 25%");
    out = at_path(path, [&] { return parse_share(text); });
}

void read(const bj::value& v, const std::string& path, share_range& out) {
    const auto text = quantity_text(v, path, "a share such as 25% or 10%-100%");
    out = at_path(path, [&] { return parse_share_range(text); });
}

void read(const bj::value& v, const std::string& path, byte_count& out) {
    const auto text = quantity_text(v, path, "a size such as 64MiB");
    out = at_path(path, [&] { return parse_byte_count(text); });
}

void read(const bj::value& v, const std::string& path, json_text& out) {
    if (!v.is_object()) wrong_kind(v, path, "a mapping of keys to values");
    out.text = bj::serialize(v);
}

bj::value write(const address_set& v) {
    bj::array out;
    for (const auto& part : v.parts()) out.push_back(bj::string(to_string(part)));
    return out;
}

bj::value write(const port_set& v) {
    bj::array out;
    for (const auto& range : port_ranges(v)) out.push_back(bj::string(range));
    return out;
}

bj::value write(const json_text& v) { return bj::parse(v.text); }

}  // namespace natbound::json_io
