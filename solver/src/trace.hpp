#pragma once
// Writes a history of opens and closes as the steps of a certificate; neighbours of one kind become
// one run.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "arena.hpp"

namespace natbound::detail {

class trace_writer {
  public:
    void open(const actor& a, port source, const std::vector<std::uint64_t>& draws);
    // A run of opens from first..last; the k-th draws draws[i] + k * step[i].
    void open_run(const actor& a, port first, port last, const std::vector<std::uint64_t>& draws,
                  const std::vector<std::uint64_t>& step);
    void close(const actor& a, port source);
    boost::json::array take();

    // An open by itself, as of the flow that fails.
    static boost::json::object failing(const actor& a, port source,
                                       const std::vector<std::uint64_t>& draws);

  private:
    struct run {
        const char* verb;
        actor who;
        port first, last;
        std::vector<std::uint64_t> draws;
        std::vector<std::int64_t> step;
    };
    static boost::json::object step(const char* verb, const actor& a, port first, port last);
    bool goes_on(const char* verb, const actor& a, port source) const;
    void flush();

    std::optional<run> run_;
    boost::json::array steps_;
};

}  // namespace natbound::detail
