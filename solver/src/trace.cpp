#include "trace.hpp"

#include "natbound/model/json_io.hpp"

namespace natbound::detail {

namespace bj = boost::json;

namespace {

constexpr const char* open_step = "open";
constexpr const char* close_step = "close";

}  // namespace

bj::object trace_writer::step(const char* verb, const actor& a, port first, port last) {
    bj::object out;
    out[verb] = bj::object{{"client", a.clients->name},
                           {"address", to_string(a.address)},
                           {"ports", bj::array{bj::string(to_string(port_set(first, last)))}}};
    out["to"] = bj::object{{"address", to_string(a.destination.address)},
                           {"port", a.destination.port},
                           {"protocol", json_io::name_of(a.server->protocol)}};
    return out;
}

bj::object trace_writer::failing(const actor& a, port source,
                                 const std::vector<std::uint64_t>& draws) {
    bj::object out = step(open_step, a, source, source);
    out["draws"] = bj::array(draws.begin(), draws.end());
    out["step"] = bj::array(draws.size(), 0);
    return out;
}

bool trace_writer::goes_on(const char* verb, const actor& a, port source) const {
    return run_ && run_->verb == verb && run_->who.address == a.address &&
           run_->who.destination == a.destination && run_->who.server == a.server &&
           run_->last + 1 == source;
}

void trace_writer::open(const actor& a, port source, const std::vector<std::uint64_t>& draws) {
    if (goes_on(open_step, a, source) && run_->draws.size() == draws.size()) {
        const auto k = static_cast<std::int64_t>(source - run_->first);
        std::vector<std::int64_t> step;
        bool fits = true;
        for (std::size_t i = 0; i < draws.size(); ++i) {
            const auto difference =
                static_cast<std::int64_t>(draws[i]) - static_cast<std::int64_t>(run_->draws[i]);
            step.push_back(k == 1 ? difference : run_->step[i]);
            fits = fits && difference == step.back() * k && step.back() >= 0;
        }
        if (fits) {
            run_->step = step;
            run_->last = source;
            return;
        }
    }
    flush();
    run_ = run{open_step, a, source, source, draws, std::vector<std::int64_t>(draws.size(), 0)};
}

void trace_writer::open_run(const actor& a, port first, port last,
                            const std::vector<std::uint64_t>& draws,
                            const std::vector<std::uint64_t>& step) {
    flush();
    run_ = run{open_step, a, first, last, draws, {step.begin(), step.end()}};
    flush();
}

void trace_writer::close(const actor& a, port source) {
    if (goes_on(close_step, a, source)) {
        run_->last = source;
        return;
    }
    flush();
    run_ = run{close_step, a, source, source, {}, {}};
}

void trace_writer::flush() {
    if (!run_) return;
    auto out = step(run_->verb, run_->who, run_->first, run_->last);
    if (run_->verb == close_step) {
        steps_.push_back(std::move(out));
        run_.reset();
        return;
    }
    bj::array draws, by;
    for (const auto d : run_->draws) draws.push_back(d);
    for (const auto d : run_->step) by.push_back(d);
    out["draws"] = draws;
    out["step"] = by;
    steps_.push_back(std::move(out));
    run_.reset();
}

bj::array trace_writer::take() {
    flush();
    return std::move(steps_);
}

}  // namespace natbound::detail
