// The catalogue of devices, and how a profile's limits become a NAT's own.
#include "profiles.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "natbound/model/json_io.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/model/scenario.hpp"
#include "rules.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Made from model/profiles/*.json by CMake.
const std::vector<std::pair<std::string, std::string>>& profile_files() {
    static const std::vector<std::pair<std::string, std::string>> files = {
#include "profiles.inc"
    };
    return files;
}

// What a profile may set; each is filled in field by field.
constexpr std::array<std::string_view, 7> groups{
    "connection-limits", "mapping-limits", "rate-limits", "memory", "timers",
    "port-set-restrict", "port-set"};

// RFC 8512 has two ways to say which ports a NAT has: their first and last, or a PSID. A NAT that
// says it in one way takes nothing from a profile that says it in the other.
bool other_way(const bj::value& profile, const bj::value& own) {
    const auto in_psid = [](const bj::value& v) {
        return v.is_object() &&
               std::any_of(v.get_object().begin(), v.get_object().end(),
                           [](const auto& field) { return field.key().starts_with("psid"); });
    };
    return in_psid(profile) != in_psid(own);
}

bj::value named(const bj::value& name, const std::string& path) {
    std::vector<std::string> known;
    for (const auto& [file, text] : profile_files()) {
        if (file == std::string_view(name.get_string())) return bj::parse(text);
        known.push_back(file);
    }
    json_io::unknown_name(name.get_string(), known, path, "profile");
}

}  // namespace

std::vector<std::string> device_profiles() {
    std::vector<std::string> out;
    for (const auto& file : profile_files()) out.push_back(bj::serialize(bj::parse(file.second)));
    return out;
}

void resolve_profile(bj::object& nat, const std::string& path) {
    const std::string here = path + ".profile";
    bj::value& profile = nat["profile"];
    if (profile.is_null()) {
        nat.erase("profile");
        return;
    }
    if (profile.is_string()) profile = named(profile, here);
    if (!profile.is_object())
        json_io::wrong_kind(profile, here, "a device's name, or a mapping of keys to values");
    const bj::value* limits = profile.get_object().if_contains("limits");
    if (!limits) return;  // written out before: the NAT has them
    if (!limits->is_object()) json_io::wrong_kind(*limits, here + ".limits", "fields of a NAT");
    const bj::object filled = limits->get_object();
    profile.get_object().erase("limits");
    for (const auto& item : filled) {
        const std::string_view key = item.key();
        if (std::find(groups.begin(), groups.end(), key) == groups.end())
            rules::fail(here + ".limits." + std::string(key), "", "a profile does not set this",
                        "it sets connection-limits, mapping-limits, rate-limits, memory, timers, "
                        "port-set-restrict or port-set");
        if (!nat.contains(key))
            nat[key] = item.value();
        else if (key != "port-set-restrict" || !other_way(item.value(), nat[key]))
            nat[key] = merge_patch(item.value(), nat[key]);
    }
}

}  // namespace natbound
