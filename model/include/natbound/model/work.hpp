#pragma once
// Limits of long work, and a way to stop it. Whoever asks opens a scope for the thread; the loops
// that may run long poll, which costs about as much as a counter. Past a limit a poll throws
// limit_reached: whoever knows bounds by then catches it and gives them.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "natbound/model/error.hpp"

namespace natbound {

// The answer is unknown, since a limit that the asker set was reached.
class limit_reached : public unsupported {
  public:
    limit_reached(std::string which, const std::string& told, std::string during)
        : unsupported(told), kind(std::move(which)), step(std::move(during)) {}

    std::string kind;  // "time", "memory"
    std::string step;  // what was being done
};

struct work_limits {
    std::optional<double> seconds;       // from the opening of the scope
    std::optional<double> said;          // the same as the asker said it, maybe some time before
    std::optional<std::uint64_t> bytes;  // of resident memory, beyond what was there at the opening
};

// Sets the limits of this thread, and what is called every 20 ms or so of work (what it throws ends
// the work), until it is closed. An inner scope takes the place of an outer one.
class work_scope {
  public:
    work_scope(const work_limits& limits, std::function<void()> interrupt);
    ~work_scope();
    work_scope(const work_scope&) = delete;
    work_scope& operator=(const work_scope&) = delete;

    struct state;

  private:
    state* outer_;
};

// What is being done, for the words of limit_reached. `what` must outlive it.
class work_step {
  public:
    explicit work_step(const char* what);
    ~work_step();
    work_step(const work_step&) = delete;
    work_step& operator=(const work_step&) = delete;

  private:
    const char* outer_;
};

// While it lives the limits of the thread are not looked at, so that what was found can be put
// together; a wish to stop still is.
class work_pause {
  public:
    work_pause();
    ~work_pause();
    work_pause(const work_pause&) = delete;
    work_pause& operator=(const work_pause&) = delete;
};

// The first limit that was reached in this scope, if any was: other parts of the answer may have
// gone on without what it cost.
std::optional<limit_reached> limit_hit();

// Looks at the clock, at memory and at the asker.
void look_up();

// Says, before it is allocated, that so much memory is about to be.
void about_to_take(double bytes);

namespace detail {
inline constexpr std::uint32_t polls_between = 256;
#if defined(__cpp_constinit)
inline constinit thread_local std::uint32_t polls_left = polls_between;
#else
inline thread_local std::uint32_t polls_left = polls_between;
#endif
}  // namespace detail

// To be called about every microsecond.
inline void poll() {
    if (--detail::polls_left == 0) look_up();
}

}  // namespace natbound
