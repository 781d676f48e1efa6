// The door to Z3: verdicts, limits, and stopping.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/z3_query.hpp"

using namespace natbound;

namespace {

// So many integers, all different, below one less: no solver that only reasons on differences ends.
std::string pigeons(int n) {
    std::string out = "(set-logic QF_LIA)\n", all;
    for (int i = 0; i < n; ++i) {
        const auto name = "p" + std::to_string(i);
        out += "(declare-const " + name + " Int)\n(assert (and (<= 1 " + name + ") (< " + name +
               " " + std::to_string(n) + ")))\n";
        all += " " + name;
    }
    return out + "(assert (distinct" + all + "))\n";
}

query_limits endless() {
    query_limits out;
    out.rlimit = 0xffffffffU;
    return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

volatile std::sig_atomic_t signals_seen = 0;
void count_signal(int) { signals_seen = signals_seen + 1; }

}  // namespace

TEST_CASE("sat comes with the constants' values, unsat without") {
    z3_query query("(declare-const x Int)(declare-const y Int)");
    query.add("(assert (and (= (+ x y) 10) (= (- x y) 4)))");
    const auto found = query.ask();
    CHECK(found.verdict == satisfiability::sat);
    CHECK(found.values.at("x") == "7");
    CHECK(found.values.at("y") == "3");
    CHECK(found.model.find("define-fun x") != std::string::npos);
    query.add("(assert (> y x))");
    const auto none = query.ask();
    CHECK(none.verdict == satisfiability::unsat);
    CHECK(none.values.empty());
}

TEST_CASE("a question can be written out and asked again") {
    z3_query query("(declare-const b Bool)\n(assert (not b))");
    CHECK(query.smt2() == "(declare-const b Bool)\n(assert (not b))\n(check-sat)\n");
    // a whole script, (check-sat) and comments and all, is a question too
    const z3_query again("; a comment\n(set-logic UF)\n" + query.smt2());
    CHECK(again.ask().verdict == satisfiability::sat);
    CHECK(again.smt2() == "; a comment\n(set-logic UF)\n" + query.smt2());
}

TEST_CASE("the resource limit ends a question, at the same place each time") {
    query_limits limits;
    limits.rlimit = 300'000;
    const z3_query query(pigeons(12));
    const auto first = query.ask(limits);
    CHECK(first.verdict == satisfiability::unknown);
    CHECK(first.reason == "the resource limit was reached (rlimit 300000)");
    CHECK(first.spent >= 300'000);
    CHECK(query.ask(limits).spent == first.spent);
    limits.rlimit = 0;
    CHECK_THROWS_AS(query.ask(limits), domain_error);
    limits.rlimit = 1;
    CHECK(z3_query("(declare-const x Int)(assert (> (* x x) 2))").ask(limits).verdict ==
          satisfiability::unknown);
}

TEST_CASE("another thread stops a question at once") {
    const z3_query query(pigeons(30));
    const auto start = std::chrono::steady_clock::now();
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        query.interrupt();
    });
    const auto answer = query.ask(endless());
    stopper.join();
    CHECK(answer.verdict == satisfiability::unknown);
    CHECK(answer.reason == "interrupted");
    CHECK(seconds_since(start) < 1);

    // before it begins: the next question is stopped, and only that
    query.interrupt();
    CHECK(query.ask(endless()).reason == "interrupted");
    query_limits limits;
    limits.rlimit = 100'000;
    CHECK(query.ask(limits).reason != "interrupted");
}

TEST_CASE("a callback stops a question, from the thread that asks") {
    const z3_query query(pigeons(30));
    auto limits = endless();
    const auto here = std::this_thread::get_id();
    int calls = 0;
    bool same_thread = true;
    limits.cancelled = [&] {
        same_thread = same_thread && std::this_thread::get_id() == here;
        return ++calls == 3;
    };
    const auto start = std::chrono::steady_clock::now();
    CHECK(query.ask(limits).reason == "interrupted");
    CHECK(seconds_since(start) < 1);
    CHECK(calls == 3);
    CHECK(same_thread);

    limits.cancelled = []() -> bool { throw interrupted(); };
    CHECK_THROWS_AS(query.ask(limits), interrupted);
}

TEST_CASE("Ctrl-C stays with the program") {
    const auto before = std::signal(SIGINT, count_signal);
    const z3_query query(pigeons(30));
    auto limits = endless();
    int calls = 0;
    limits.cancelled = [&] {
        if (++calls == 2) std::raise(SIGINT);
        return calls == 4;
    };
    CHECK(query.ask(limits).reason == "interrupted");
    std::signal(SIGINT, before);
    CHECK(signals_seen == 1);
    CHECK(calls == 4);
}

TEST_CASE("text that is no SMT-LIB throws, and nothing is printed") {
    // both streams go to a file for a moment
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::fflush(nullptr);
    const int out = dup(1), err = dup(2);
    dup2(fileno(file), 1);
    dup2(fileno(file), 2);
    std::string said;
    int thrown = 0;
    for (const char* text : {"(assert (= x 1))", "(assert", ")", "(declare-const x Foo)",
                             "(assert 3)", "(echo \"hello\")\n(assert y)"}) {
        try {
            z3_query(text).ask();
        } catch (const error& e) {
            ++thrown;
            said += e.what();
        }
    }
    z3_query("(echo \"hello\")\n(assert true)\n(check-sat)\n(get-model)\n").ask();
    std::fflush(nullptr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    std::fseek(file, 0, SEEK_END);
    CHECK(std::ftell(file) == 0);
    std::fclose(file);
    CHECK(thrown == 6);
    CHECK(said.find("unknown constant x") != std::string::npos);
}

TEST_CASE("the version of Z3 is told") { CHECK(z3_version().find('.') != std::string::npos); }
