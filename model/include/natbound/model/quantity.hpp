#pragma once
// Quantities with units written out: durations ("60s", "2h"), rates ("500/s"), shares ("10%"). A
// bare number is refused, since 60 may be seconds or minutes.
#include <cstdint>
#include <string>
#include <string_view>

namespace natbound {

struct duration {
    double seconds = 0;
    friend bool operator==(const duration&, const duration&) = default;
};

struct rate {
    double per_second = 0;
    friend bool operator==(const rate&, const rate&) = default;
};

struct share {
    double value = 0;  // 0..1
    friend bool operator==(const share&, const share&) = default;
};

// Memory: "256MiB", "1kB", "320B".
struct byte_count {
    std::uint64_t bytes = 0;
    friend bool operator==(const byte_count&, const byte_count&) = default;
};

// What is known between bounds: "10%-100%", or "30%" where both are the same.
struct share_range {
    share least, most;
    friend bool operator==(const share_range&, const share_range&) = default;
};

// These throw input_error with an empty path.
duration parse_duration(std::string_view text);
rate parse_rate(std::string_view text);
share parse_share(std::string_view text);
share_range parse_share_range(std::string_view text);
byte_count parse_byte_count(std::string_view text);

std::string to_string(const duration& value);
std::string to_string(const rate& value);
std::string to_string(const share& value);
std::string to_string(const share_range& value);
std::string to_string(const byte_count& value);

// The shortest decimal that reads back as the same double.
std::string shortest(double value);

}  // namespace natbound
