// Z3 runs in a thread of its own while the asking thread waits, so that a callback is called where
// its owner expects it (Python looks for Ctrl-C in the main thread alone).
#include "natbound/solver/z3_query.hpp"

#include <z3++.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "natbound/model/error.hpp"
#include "natbound/model/work.hpp"

namespace natbound {

namespace {

constexpr auto tick = std::chrono::milliseconds(20);

// Z3 names the limit in words that differ between versions; what it spent does not.
std::string reason_of(const std::string& words, std::uint64_t spent, std::uint32_t rlimit) {
    if (spent >= rlimit || words.find("resource limit") != std::string::npos)
        return "the resource limit was reached (rlimit " + std::to_string(rlimit) + ")";
    return "Z3 says: " + words;
}

std::uint64_t spent_by(const z3::solver& solver) {
    const z3::stats counts = solver.statistics();
    for (unsigned i = 0; i < counts.size(); ++i)
        if (counts.key(i) == "rlimit count" && counts.is_uint(i)) return counts.uint_value(i);
    return 0;
}

void read_model(const z3::model& model, query_answer& out) {
    out.model = Z3_model_to_string(model.ctx(), model);
    for (unsigned i = 0; i < model.num_consts(); ++i) {
        const z3::func_decl name = model.get_const_decl(i);
        out.values.emplace(name.name().str(), model.get_const_interp(name).to_string());
    }
}

// Ctrl-C belongs to the program that calls, not to Z3, which takes the signal over unless told.
z3::params params_for(z3::context& context, std::uint32_t rlimit) {
    z3::params out(context);
    out.set("rlimit", rlimit);
    out.set("ctrl_c", false);
    return out;
}

query_answer solve(z3::context& context, const std::string& text, std::uint32_t rlimit) {
    z3::solver solver(context);
    try {
        solver.from_string(text.c_str());
    } catch (const z3::exception& e) {
        throw error(std::string("not SMT-LIB 2 that Z3 reads: ") + e.msg());
    }
    solver.set(params_for(context, rlimit));
    query_answer out;
    try {
        const z3::check_result result = solver.check();
        out.spent = spent_by(solver);
        if (result == z3::unsat) {
            out.verdict = satisfiability::unsat;
        } else if (result == z3::sat) {
            out.verdict = satisfiability::sat;
            read_model(solver.get_model(), out);
        } else {
            out.reason = reason_of(solver.reason_unknown(), out.spent, rlimit);
        }
    } catch (const z3::exception& e) {
        // a limit that is reached before the search begins comes as an exception
        out = {};
        out.reason = reason_of(e.msg(), 0, rlimit);
    }
    return out;
}

}  // namespace

struct z3_query::state {
    std::string text;
    mutable std::mutex lock;
    mutable std::condition_variable changed;
    mutable bool stop = false;
};

z3_query::z3_query() : state_(std::make_unique<state>()) {}
z3_query::z3_query(std::string_view text) : z3_query() { add(text); }
z3_query::~z3_query() = default;
z3_query::z3_query(z3_query&&) noexcept = default;
z3_query& z3_query::operator=(z3_query&&) noexcept = default;

void z3_query::add(std::string_view text) {
    state_->text += text;
    if (!text.empty() && text.back() != '\n') state_->text += '\n';
}

void z3_query::interrupt() const noexcept {
    const std::lock_guard held(state_->lock);
    state_->stop = true;
    state_->changed.notify_all();
}

query_answer z3_query::ask(const query_limits& limits) const {
    if (limits.rlimit == 0) throw domain_error("rlimit: 0: a question needs a limit of at least 1");
    const work_step here("asking Z3");
    const state& s = *state_;
    query_answer out;
    std::exception_ptr failed, cancelled;
    std::string limit;  // of the asker, that was reached
    bool done = false;
    {
        z3::context context;
        std::thread worker([&] {
            query_answer found;
            try {
                found = solve(context, s.text, limits.rlimit);
            } catch (...) {
                failed = std::current_exception();
            }
            const std::lock_guard held(s.lock);
            out = std::move(found);
            done = true;
            s.changed.notify_all();
        });
        std::unique_lock held(s.lock);
        while (!done) {
            // Z3 forgets an interrupt that comes before its search has begun: so tell it again.
            if (s.stop) context.interrupt();
            if (!s.changed.wait_for(held, tick, [&] { return done; }) && !s.stop) {
                held.unlock();
                bool stop = true;
                try {
                    look_up();
                    stop = limits.cancelled && limits.cancelled();
                } catch (const limit_reached& e) {
                    limit = e.what();
                } catch (...) {
                    cancelled = std::current_exception();
                }
                held.lock();
                s.stop = s.stop || stop;
            }
        }
        held.unlock();
        worker.join();
    }
    const bool stopped = std::exchange(s.stop, false);
    if (cancelled) std::rethrow_exception(cancelled);
    if (failed) std::rethrow_exception(failed);
    if (stopped && out.verdict == satisfiability::unknown) {
        out.reason = limit.empty() ? "interrupted" : limit;
    }
    return out;
}

std::string z3_query::smt2() const {
    const bool asks = state_->text.find("(check-sat") != std::string::npos;
    return state_->text + (asks ? "" : "(check-sat)\n");
}

std::string to_string(satisfiability s) {
    switch (s) {
        case satisfiability::sat:
            return "sat";
        case satisfiability::unsat:
            return "unsat";
        case satisfiability::unknown:
            break;
    }
    return "unknown";
}

std::string z3_version() {
    unsigned major = 0, minor = 0, build = 0, revision = 0;
    Z3_get_version(&major, &minor, &build, &revision);
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(build);
}

}  // namespace natbound
