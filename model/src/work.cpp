// The clock and the memory of the work of a thread.
#include "natbound/model/work.hpp"

#include <cstdio>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

namespace natbound {

using clock_of_work = std::chrono::steady_clock;

struct work_scope::state {
    work_limits limits;
    std::function<void()> interrupt;
    clock_of_work::time_point began = clock_of_work::now(), asked = began;
    std::uint64_t memory_at_first = 0;
    std::optional<limit_reached> hit{};
    int pauses = 0;
};

namespace {

constexpr auto between_asking = std::chrono::milliseconds(20);

thread_local work_scope::state* current = nullptr;
thread_local const char* doing = "reading the question";

// The most resident memory of the process until now.
std::uint64_t peak_memory() {
#if __has_include(<sys/resource.h>)
    rusage used{};
    if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
#if defined(__APPLE__)
    return static_cast<std::uint64_t>(used.ru_maxrss);
#else
    return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
#endif
#else
    return 0;
#endif
}

std::string in_units(double bytes) {
    const char* unit = "bytes";
    for (const char* next : {"kB", "MB", "GB", "TB", "PB"}) {
        if (bytes < 1000) break;
        bytes /= 1000;
        unit = next;
    }
    char text[48];
    std::snprintf(text, sizeof text, "%.4g %s", bytes, unit);
    return text;
}

[[noreturn]] void reached(work_scope::state& s, const char* kind, const std::string& told) {
    limit_reached out(kind, told + " was reached while " + doing, doing);
    if (!s.hit) s.hit = out;
    throw out;
}

}  // namespace

work_scope::work_scope(const work_limits& limits, std::function<void()> interrupt)
    : outer_(current) {
    current = new state{limits, std::move(interrupt)};
    if (limits.bytes) current->memory_at_first = peak_memory();
    detail::polls_left = detail::polls_between;
}

work_scope::~work_scope() {
    delete current;
    current = outer_;
}

work_step::work_step(const char* what) : outer_(doing) { doing = what; }
work_step::~work_step() { doing = outer_; }

work_pause::work_pause() {
    if (current) ++current->pauses;
}
work_pause::~work_pause() {
    if (current) --current->pauses;
}

std::optional<limit_reached> limit_hit() {
    if (!current) return std::nullopt;
    return current->hit;
}

void look_up() {
    detail::polls_left = detail::polls_between;
    if (!current) return;
    auto& s = *current;
    const auto now = clock_of_work::now();
    if (s.interrupt && now - s.asked >= between_asking) {
        s.asked = now;
        s.interrupt();
    }
    if (s.pauses > 0) return;
    if (s.limits.seconds &&
        std::chrono::duration<double>(now - s.began).count() > *s.limits.seconds) {
        char text[64];
        std::snprintf(text, sizeof text, "the time limit of %.4g s",
                      s.limits.said.value_or(*s.limits.seconds));
        reached(s, "time", text);
    }
    if (s.limits.bytes && peak_memory() > s.memory_at_first + *s.limits.bytes)
        reached(s, "memory",
                "the memory limit of " + in_units(static_cast<double>(*s.limits.bytes)));
}

void about_to_take(double bytes) {
    if (!current || current->pauses > 0 || !current->limits.bytes) return;
    const auto limit = static_cast<double>(*current->limits.bytes);
    if (bytes > limit)
        reached(*current, "memory",
                "the memory limit of " + in_units(limit) + " (" + in_units(bytes) + " are needed)");
}

}  // namespace natbound
