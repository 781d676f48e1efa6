#pragma once
// A concrete table beside the abstract steps of the obligations, on a finite set of flows: what a
// step did, and what the text of the obligations says about it. No solver is in between.
#include <algorithm>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "natbound/model/nat_table.hpp"
#include "natbound/solver/unique.hpp"
#include "smt_reader.hpp"

namespace natbound::testing {

inline const ip_address pool = parse_address("203.0.113.1");

// External endpoints by number: ports 19980 to 20043 of each address of the pool.
inline int number_of(const endpoint& e) {
    return static_cast<int>(e.address - pool) * 64 + static_cast<int>(e.port) - 19980;
}

// All flows between so many objects of each kind.
inline std::vector<flow> flows_between(int protocols, int sources, int addresses, int ports) {
    std::vector<flow> out;
    for (int p = 0; p < protocols; ++p)
        for (int s = 0; s < sources; ++s)
            for (int a = 0; a < addresses; ++a)
                for (int d = 0; d < ports; ++d) {
                    flow f;
                    f.protocol = p == 0 ? transport::tcp : transport::udp;
                    f.source = {parse_address("10.0.0.1") + static_cast<unsigned>(s), 20000};
                    f.destination = {parse_address("198.51.100.1") + static_cast<unsigned>(a),
                                     80 + static_cast<port>(d)};
                    out.push_back(f);
                }
    return out;
}

struct table_state {
    std::vector<int> live, closing, external;
    friend auto operator<=>(const table_state&, const table_state&) = default;
};

struct one_step {
    enum class kind { open, close, remove } what = kind::open;
    int flow = 0;
    std::vector<std::uint64_t> draws;
};

// nat_table with what the obligations speak of: who is live, closing, and where. (Which flows are
// closing is kept here, from the steps alone: the table does not show it.)
class watched_table {
  public:
    watched_table(const nat_plan& plan, const std::vector<flow>& flows)
        : table_(plan),
          flows_(&flows),
          at_{std::vector<int>(flows.size()), std::vector<int>(flows.size()),
              std::vector<int>(flows.size())} {}

    template <class Random>
    opened open(int n, Random& random) {
        const auto out = table_.open((*flows_)[static_cast<std::size_t>(n)], random);
        if (out.cut) use_.remove(index(*out.cut));
        if (out.refused == refusal::none) use_.push_back(n);
        read();
        if (out.refused == refusal::none) at_.closing[static_cast<std::size_t>(n)] = 0;
        return out;
    }
    void close(int n) {
        table_.close((*flows_)[static_cast<std::size_t>(n)], close_cause::tcp_fin);
        at_.closing[static_cast<std::size_t>(n)] = 1;
        use_.remove(n);
        use_.push_back(n);
        read();
    }
    // Every closing flow's time is up (its timer is 1 s).
    void pass() {
        table_.pass(1);
        read();
    }
    void remove(int n) {
        table_.remove((*flows_)[static_cast<std::size_t>(n)]);
        use_.remove(n);
        read();
    }

    int index(const flow& f) const {
        return static_cast<int>(std::find(flows_->begin(), flows_->end(), f) - flows_->begin());
    }
    const table_state& state() const { return at_; }
    const std::list<int>& order_of_use() const { return use_; }

  private:
    void read() {
        for (std::size_t i = 0; i < flows_->size(); ++i) {
            const auto e = table_.external_of((*flows_)[i]);
            at_.live[i] = e ? 1 : 0;
            at_.external[i] = e ? number_of(*e) : 0;
            if (!e) at_.closing[i] = 0;
        }
        use_.remove_if([&](int n) { return at_.live[static_cast<std::size_t>(n)] == 0; });
    }

    nat_table table_;
    const std::vector<flow>* flows_;
    table_state at_;
    std::list<int> use_;
};

// The consecution script, read on a finite set of flows.
class abstract_steps {
  public:
    abstract_steps(const design& d, const std::vector<flow>& flows)
        : rules_(rules_of(d)),
          script_(unique_obligations(rules_, d.name).at(1).smt2),
          text_(script_) {
        text_.sizes = {{"Flow", static_cast<int>(flows.size())}};
        const auto attribute = [&](const std::string& name, auto of) {
            text_.functions[name] = [&flows, of](const auto& a) {
                return of(flows[static_cast<std::size_t>(a[0])]);
            };
        };
        attribute("protocol", [](const flow& f) { return f.protocol == transport::tcp ? 0 : 1; });
        attribute("source",
                  [](const flow& f) { return static_cast<int>(f.source.address & 0xffU); });
        attribute("to-address",
                  [](const flow& f) { return static_cast<int>(f.destination.address & 0xffU); });
        attribute("to-port", [](const flow& f) { return static_cast<int>(f.destination.port); });
        text_.functions["tcp"] = [](const auto&) { return 0; };
        const auto table = [&](const std::string& suffix, const table_state& s) {
            text_.functions["live" + suffix] = [&s](const auto& a) {
                return s.live[static_cast<std::size_t>(a[0])];
            };
            text_.functions["closing" + suffix] = [&s](const auto& a) {
                return s.closing[static_cast<std::size_t>(a[0])];
            };
            text_.functions["external" + suffix] = [&s](const auto& a) {
                return s.external[static_cast<std::size_t>(a[0])];
            };
        };
        table("", before);
        table("-after", after);
        for (const auto* name : {"invariant", "opens", "ends", "starts-closing"}) add(name);
        if (rules_.mapping_type != mapping_type::edm) add("shares");
        if (rules_.takes_over) add("takes-over");
    }
    abstract_steps(const abstract_steps&) = delete;

    bool holds(const std::string& name, int n = 0, int e = 0) {
        const auto found = predicates_.find(name);
        if (found == predicates_.end()) return false;
        std::vector<int> at{n, e};
        if (name == "invariant") at.clear();
        if (name == "ends" || name == "starts-closing") at.pop_back();
        return found->second(at) == 1;
    }

    mapping_type type() const { return rules_.mapping_type; }

    table_state before, after;

  private:
    void add(const std::string& name) { predicates_[name] = text_.predicate(name); }

    step_rules rules_;
    std::string script_;
    smt::structure text_;
    std::map<std::string, smt::structure::compiled> predicates_;
};

}  // namespace natbound::testing
