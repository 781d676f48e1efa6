#pragma once
// The one door to Z3. A question is SMT-LIB 2 text, so that whatever is asked can be written out
// and put to another solver; no type of Z3 shows here. Every question has a resource limit, and can
// be stopped from another thread or by a callback (Ctrl-C).
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace natbound {

enum class satisfiability { sat, unsat, unknown };
std::string to_string(satisfiability s);  // "sat", "unsat", "unknown"

struct query_limits {
    // Z3's own count of its work (`rlimit`): the same on every machine, unlike seconds. Some
    // millions a second. At least 1.
    std::uint32_t rlimit = 50'000'000;
    // Asked every 20 ms, in the thread that asks; true stops the question. What it throws stops the
    // question too, and is passed on.
    std::function<bool()> cancelled;
};

struct query_answer {
    satisfiability verdict = satisfiability::unknown;
    std::string reason;                         // of unknown: which limit was reached
    std::string model;                          // of sat: as Z3 prints it
    std::map<std::string, std::string> values;  // of sat: the constants (functions of no argument)
    std::uint64_t spent = 0;                    // of rlimit
};

class z3_query {
  public:
    z3_query();
    explicit z3_query(std::string_view text);
    ~z3_query();
    z3_query(z3_query&&) noexcept;
    z3_query& operator=(z3_query&&) noexcept;

    // Appends declarations and assertions. What (check-sat) and the like may stand there is
    // ignored.
    void add(std::string_view text);

    // Decides what was added. Throws error where the text is not SMT-LIB 2. Not to be called from
    // two threads at once.
    query_answer ask(const query_limits& limits = {}) const;

    // Stops the question under way, or else the next one: its verdict is unknown, its reason
    // "interrupted". From any thread. Past a limit of the work (natbound/model/work.hpp) the
    // verdict is unknown, too, and its reason says so.
    void interrupt() const noexcept;

    // The question as a script that any SMT solver takes.
    std::string smt2() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

// Version of the Z3 that is linked, such as "5.4.1".
std::string z3_version();

}  // namespace natbound
