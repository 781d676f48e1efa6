// Reading and printing ports and quantities.
#include "natbound/model/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "natbound/model/error.hpp"
#include "natbound/model/ports.hpp"

namespace natbound {
namespace {

struct unit {
    std::string_view name;
    double seconds;
};
constexpr std::array<unit, 9> units{{{"ms", 1e-3},
                                     {"s", 1},
                                     {"sec", 1},
                                     {"min", 60},
                                     {"m", 60},
                                     {"h", 3600},
                                     {"hour", 3600},
                                     {"d", 86400},
                                     {"day", 86400}}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

double unit_seconds(std::string_view name, std::string_view whole, const char* fix) {
    for (const auto& u : units)
        if (u.name == name) return u.seconds;
    throw input_error("", quoted(whole), name.empty() ? "the unit is missing" : "no such unit",
                      fix);
}

// Splits "60s" into 60 and "s".
double leading_number(std::string_view text, std::string_view& rest, const char* fix) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{}) throw input_error("", quoted(text), "not a number with a unit", fix);
    rest = text.substr(static_cast<std::size_t>(end - text.data()));
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    if (!std::isfinite(value) || value < 0)
        throw input_error("", quoted(text), "a finite number that is not negative is wanted");
    return value;
}

constexpr const char* duration_fix = "write 60s, 500ms, 2min, 1h or 1d";
constexpr const char* rate_fix = "write 500/s, 30/min or 10/h";

}  // namespace

std::string shortest(double value) {
    std::array<char, 32> text{};
    // whole numbers as people write them: 100000, where the fewest characters are 1e+05
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    char* const last = text.data() + text.size();
    const auto written = whole ? std::to_chars(text.data(), last, value, std::chars_format::fixed)
                               : std::to_chars(text.data(), last, value);
    return {text.data(), written.ptr};
}

std::string grouped(const count& value) {
    const std::string digits = value.str();
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::size_t left = digits.size() - i;
        if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') out.push_back(',');
        out.push_back(digits[i]);
    }
    return out;
}

duration parse_duration(std::string_view text) {
    std::string_view rest;
    const double value = leading_number(text, rest, duration_fix);
    return {value * unit_seconds(rest, text, duration_fix)};
}

rate parse_rate(std::string_view text) {
    std::string_view rest;
    const double value = leading_number(text, rest, rate_fix);
    if (rest.empty() || rest.front() != '/')
        throw input_error("", quoted(text), "the unit of time is missing", rate_fix);
    rest.remove_prefix(1);
    return {value / unit_seconds(rest, text, rate_fix)};
}

share parse_share(std::string_view text) {
    std::string_view rest;
    double value = leading_number(text, rest, "write 25% or 0.25");
    if (rest == "%")
        value /= 100;
    else if (!rest.empty())
        throw input_error("", quoted(text), "not a share", "write 25% or 0.25");
    if (value > 1) throw input_error("", quoted(text), "a share is at most 100%");
    return {value};
}

share_range parse_share_range(std::string_view text) {
    // not the sign of an exponent
    std::size_t dash = text.find('-', 1);
    while (dash != std::string_view::npos && (text[dash - 1] == 'e' || text[dash - 1] == 'E'))
        dash = text.find('-', dash + 1);
    if (dash == std::string_view::npos) return {parse_share(text), parse_share(text)};
    const share_range out{parse_share(text.substr(0, dash)), parse_share(text.substr(dash + 1))};
    if (out.most.value < out.least.value)
        throw input_error("", quoted(text), "the range is reversed", "swap the two shares");
    return out;
}

byte_count parse_byte_count(std::string_view text) {
    static constexpr const char* fix = "write 320B, 1kB, 64MiB or 2GiB";
    static constexpr std::array<std::pair<std::string_view, double>, 9> sizes{{{"B", 1},
                                                                               {"kB", 1e3},
                                                                               {"MB", 1e6},
                                                                               {"GB", 1e9},
                                                                               {"TB", 1e12},
                                                                               {"KiB", 0x1p10},
                                                                               {"MiB", 0x1p20},
                                                                               {"GiB", 0x1p30},
                                                                               {"TiB", 0x1p40}}};
    std::string_view rest;
    const double value = leading_number(text, rest, fix);
    for (const auto& [name, bytes] : sizes) {
        if (name != rest) continue;
        const double all = value * bytes;
        if (all > 0x1p53) throw input_error("", quoted(text), "more than 2^53 bytes");
        if (all != std::floor(all)) throw input_error("", quoted(text), "no whole number of bytes");
        return {static_cast<std::uint64_t>(all)};
    }
    throw input_error("", quoted(text), rest.empty() ? "the unit is missing" : "no such unit", fix);
}

std::string to_string(const duration& value) { return shortest(value.seconds) + "s"; }
std::string to_string(const rate& value) { return shortest(value.per_second) + "/s"; }
std::string to_string(const byte_count& value) {
    static constexpr std::array<std::pair<std::uint64_t, const char*>, 4> sizes{
        {{1ULL << 40U, "TiB"}, {1ULL << 30U, "GiB"}, {1ULL << 20U, "MiB"}, {1ULL << 10U, "KiB"}}};
    for (const auto& [size, name] : sizes)
        if (value.bytes > 0 && value.bytes % size == 0)
            return std::to_string(value.bytes / size) + name;
    return std::to_string(value.bytes) + "B";
}
std::string to_string(const share& value) { return shortest(value.value * 100) + "%"; }
std::string to_string(const share_range& value) {
    return value.least == value.most ? to_string(value.most)
                                     : to_string(value.least) + "-" + to_string(value.most);
}

namespace {

port_set every_second(port first) {
    port_set out;
    for (port p = first; p < port_count; p += 2) out.append(p, p);
    return out;
}

}  // namespace

const port_set& even_ports() {
    static const port_set all = every_second(0);
    return all;
}

const port_set& odd_ports() {
    static const port_set all = every_second(1);
    return all;
}

std::string parity_without(const port_set& ports) {
    if ((ports & even_ports()).empty()) return "even";
    return (ports & odd_ports()).empty() ? "odd" : "";
}

port_set parse_port_range(std::string_view text) {
    const auto one = [&](std::string_view part) {
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        port value = 0;
        const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (failed == std::errc::invalid_argument || end != part.data() + part.size())
            throw input_error("", quoted(text), "not a port or a range of ports",
                              "write 80, 1024-65535, or 1024-65534/2 for every second one");
        if (failed != std::errc{} || value >= port_count)
            throw input_error("", quoted(text), "a port is at most 65535");
        return value;
    };
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return {one(text), one(text)};
    const auto slash = text.find('/', dash);
    const port first = one(text.substr(0, dash));
    const port last = one(text.substr(dash + 1, slash - dash - 1));
    if (last < first)
        throw input_error(
            "", quoted(text), "the range is reversed",
            "did you mean " + std::to_string(last) + "-" + std::to_string(first) + "?");
    if (slash == std::string_view::npos) return {first, last};
    const port step = one(text.substr(slash + 1));
    if (step == 0)
        throw input_error("", quoted(text), "a step of 0 never gets on", "write 1024-65534/2");
    port_set out;
    for (port p = first; p <= last; p += step) out.append(p, p);
    return out;
}

std::vector<std::string> port_ranges(const port_set& set) {
    std::vector<std::string> out;
    const auto& parts = set.parts();
    for (std::size_t i = 0; i < parts.size();) {
        const auto single = [&](std::size_t k) {
            return k < parts.size() && parts[k].first == parts[k].last;
        };
        const port first = parts[i].first;
        if (!single(i)) {
            out.push_back(std::to_string(first) + "-" + std::to_string(parts[i].last));
            ++i;
            continue;
        }
        // single ports at one distance, three of them or more
        std::size_t end = i + 1;
        const port step = single(end) ? parts[end].first - first : 0;
        while (single(end) && parts[end].first - parts[end - 1].first == step) ++end;
        if (end - i < 3) {
            out.push_back(std::to_string(first));
            ++i;
            continue;
        }
        out.push_back(std::to_string(first) + "-" + std::to_string(parts[end - 1].first) + "/" +
                      std::to_string(step));
        i = end;
    }
    return out;
}

std::string to_string(const port_set& set) {
    std::string out;
    for (const auto& range : port_ranges(set)) out += (out.empty() ? "" : ", ") + range;
    return out;
}

}  // namespace natbound
