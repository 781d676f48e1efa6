// Reading and printing addresses. inet_pton and inet_ntop do the text (RFC 4291, RFC 5952).
#include "natbound/model/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "natbound/model/error.hpp"

namespace natbound {
namespace {

constexpr const char* forms =
    "an address, a prefix such as 10.0.0.0/8, or a range such as 10.0.0.1-10.0.0.9 is wanted";

ip_address from_bytes(const unsigned char* bytes, int size) {
    ip_address out = 0;
    for (int i = 0; i < size; ++i) out = (out << 8U) | bytes[i];
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

ip_address parse_address(std::string_view text) {
    const std::string copy(trimmed(text));
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1)
        return ipv4_base | from_bytes(bytes.data(), 4);
    if (copy.find('\0') == std::string::npos &&
        inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1)
        return from_bytes(bytes.data(), 16);
    throw input_error("", "'" + copy + "'", "not an address", forms);
}

std::string to_string(ip_address a) {
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    for (unsigned i = 0; i < 16; ++i)
        bytes.at(i) = static_cast<unsigned char>((a >> (8U * (15U - i))) & 0xffU);
    const bool v4 = is_ipv4(a);
    inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text.data(), text.size());
    return text.data();
}

interval<ip_address> parse_address_range(std::string_view text) {
    text = trimmed(text);
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const ip_address base = parse_address(text.substr(0, slash));
        const auto digits = text.substr(slash + 1);
        unsigned length = 0;
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        const unsigned most = is_ipv4(base) ? 32 : 128;
        if (failed != std::errc{} || end != digits.data() + digits.size() || length > most)
            throw input_error("", "'" + std::string(text) + "'",
                              "a prefix length is 0 to " + std::to_string(most));
        const unsigned host_bits = most - length;
        const ip_address mask =
            host_bits == 128 ? ~ip_address{0} : (ip_address{1} << host_bits) - 1;
        if ((base & mask) != 0)
            throw input_error(
                "", "'" + std::string(text) + "'", "a prefix has no bits set below its length",
                "did you mean " + to_string(base & ~mask) + "/" + std::to_string(length) + "?");
        return {base, base | mask};
    }
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        const ip_address first = parse_address(text.substr(0, dash));
        const ip_address last = parse_address(text.substr(dash + 1));
        if (is_ipv4(first) != is_ipv4(last))
            throw input_error("", "'" + std::string(text) + "'",
                              "a range stays within one address family");
        if (last < first)
            throw input_error("", "'" + std::string(text) + "'", "the range is reversed",
                              "did you mean " + to_string(last) + "-" + to_string(first) + "?");
        return {first, last};
    }
    const ip_address one = parse_address(text);
    return {one, one};
}

std::string to_string(const interval<ip_address>& range) {
    if (range.first == range.last) return to_string(range.first);
    const ip_address span = range.last - range.first;
    const unsigned most = is_ipv4(range.first) ? 32 : 128;
    unsigned host_bits = 0;
    while (host_bits < 128 && (span >> host_bits) != 0) ++host_bits;
    const ip_address mask = host_bits >= 128 ? ~ip_address{0} : (ip_address{1} << host_bits) - 1;
    if (span == mask && (range.first & mask) == 0 && host_bits <= most)
        return to_string(range.first) + "/" + std::to_string(most - host_bits);
    return to_string(range.first) + "-" + to_string(range.last);
}

std::string to_string(const address_set& set) {
    std::string out;
    for (const auto& part : set.parts()) out += (out.empty() ? "" : ", ") + to_string(part);
    return out;
}

}  // namespace natbound
