// Writing the obligations. Capacities are any integers of at least 0, so that products of sizes,
// which they stand for, are among them.
#include "all_sizes_obligations.hpp"

namespace natbound {

namespace {

constexpr auto head =
    "(set-logic QF_LIA)\n"
    "(define-fun min ((a Int) (b Int)) Int (ite (<= a b) a b))\n";

struct edge {
    std::size_t block, leaf, right;
    std::string flow;
};

class writer {
  public:
    writer(const cut_network& net, std::string subject) : net_(net), subject_(std::move(subject)) {
        std::size_t r = 0, s = 0;
        for (std::size_t g = 0; g < net.groups; ++g)
            names_.groups.push_back({"b" + std::to_string(g), {}});
        for (std::size_t k = 0; k < net.blocks.size(); ++k) {
            auto& own = names_.blocks.emplace_back();
            const auto& b = net.blocks[k];
            for (std::size_t a = 0; a < b.rights; ++a)
                own.rights.push_back({"r" + std::to_string(r++), {}});
            for (std::size_t i = 0; i < b.leaves.size(); ++i)
                own.leaves.push_back({"s" + std::to_string(s++), {}});
            for (std::size_t i = 0; i < b.leaves.size(); ++i)
                for (const auto a : b.leaves[i].open)
                    edges_.push_back(
                        {k, i, a, "x-" + own.leaves[i].head + "-" + own.rights[a].head});
        }
    }

    std::string bound() {
        begin("nothing that keeps within the capacities passes a cut");
        flows();
        std::vector<std::string> passed{"(> " + carried([](const edge&) { return true; }) + " " +
                                        to_smt2(least_cut(net_, names_)) + ")"};
        if (net_.groups == 0) {
            const auto& b = net_.blocks.front();
            for (std::size_t some = 1; some + 1 < std::size_t{1} << b.weights(); ++some) {
                std::vector<bool> left;
                for (const auto& x : b.leaves) left.push_back((some >> x.weight & 1U) != 0);
                passed.push_back("(> " + carried([&](const edge& e) { return left[e.leaf]; }) +
                                 " " + to_smt2(block_cuts(b, names_.blocks.front(), left)) + ")");
            }
        }
        std::string either = passed.front();
        for (std::size_t i = 1; i < passed.size(); ++i) either += "\n  " + passed[i];
        return end(passed.size() == 1 ? either : "(or " + either + ")");
    }

    std::string reached() {
        begin(
            "a flow to which nothing can be added is no less than the least cut. in-x: what one "
            "more could be sent to,\n; others being sent elsewhere where need be");
        flows();
        each_name([&](const term& x) { out_ += "(declare-const in-" + x.head + " Bool)\n"; });
        for (std::size_t g = 0; g < net_.groups; ++g) {
            const auto& name = names_.groups[g].head;
            const auto own = carried([&](const edge& e) { return group_of(e) == g; });
            follows("(< " + own + " " + name + ")", "in-" + name);
        }
        for (std::size_t k = 0; k < net_.blocks.size(); ++k) around(k);
        return end("(< " + carried([](const edge&) { return true; }) + " " +
                   to_smt2(least_cut(net_, names_)) + ")");
    }

    std::string heaviest(const std::vector<std::size_t>& order) {
        begin("what all cuts leave each, the first first, lies within its own, and can be carried");
        const auto& b = net_.blocks.front();
        const auto& own = names_.blocks.front();
        for (const auto& x : own.rights) declare(x.head);
        for (const auto& x : own.leaves) declare(x.head);
        const std::vector<bool> all(b.leaves.size(), true);
        define("all", block_cuts(b, own, all));
        std::vector<bool> left(b.leaves.size(), false);
        term before{"0", {}};
        std::string holds;
        for (const auto i : order) {
            left[i] = true;
            const term now = block_cuts(b, own, left);
            const std::string y = "y" + std::to_string(i);
            define(y, minus(now, before));
            before = now;
            holds += " (<= 0 " + y + ") (<= " + y + " s" + std::to_string(i) + ")";
        }
        block_names ys{own.rights, {}};
        for (std::size_t i = 0; i < b.leaves.size(); ++i)
            ys.leaves.push_back({"y" + std::to_string(i), {}});
        define("carried", block_cuts(b, ys, all));
        return end("(not (and" + holds + " (= carried all)))");
    }

  private:
    void begin(const std::string& says) {
        out_ = "; " + subject_ + ": " + says + ".\n; Expected: unsat.\n" + head;
    }
    std::string end(const std::string& claim) {
        return out_ + "(assert " + claim + ")\n(check-sat)\n";
    }
    void declare(const std::string& name) {
        out_ += "(declare-const " + name + " Int) (assert (<= 0 " + name + "))\n";
    }
    void define(const std::string& name, const term& t) {
        out_ += "(define-fun " + name + " () Int " + to_smt2(t) + ")\n";
    }
    void follows(const std::string& reason, const std::string& what) {
        out_ += "(assert (=> " + reason + " " + what + "))\n";
    }

    std::size_t group_of(const edge& e) const {
        return static_cast<std::size_t>(net_.blocks[e.block].leaves[e.leaf].group);
    }

    // The sum of some edges' flows.
    template <class F>
    std::string carried(F among) const {
        terms all;
        for (const auto& e : edges_)
            if (among(e)) all.push_back({e.flow, {}});
        return to_smt2(plus(all));
    }

    template <class F>
    void each_name(F what) const {
        for (const auto& x : names_.groups) what(x);
        for (const auto& own : names_.blocks) {
            for (const auto& x : own.leaves) what(x);
            for (const auto& x : own.rights) what(x);
        }
    }

    void within(const std::string& sum, const std::string& name) {
        if (sum != "0") out_ += "(assert (<= " + sum + " " + name + "))\n";
    }

    // Flows within the capacities.
    void flows() {
        each_name([&](const term& x) { declare(x.head); });
        for (const auto& e : edges_) declare(e.flow);
        for (std::size_t g = 0; g < net_.groups; ++g)
            within(carried([&](const edge& e) { return group_of(e) == g; }), names_.groups[g].head);
        for (std::size_t k = 0; k < net_.blocks.size(); ++k) {
            for (std::size_t i = 0; i < names_.blocks[k].leaves.size(); ++i)
                within(of_leaf(k, i), names_.blocks[k].leaves[i].head);
            for (std::size_t a = 0; a < names_.blocks[k].rights.size(); ++a)
                within(of_right(k, a), names_.blocks[k].rights[a].head);
        }
    }
    std::string of_leaf(std::size_t k, std::size_t i) const {
        return carried([&](const edge& e) { return e.block == k && e.leaf == i; });
    }
    std::string of_right(std::size_t k, std::size_t a) const {
        return carried([&](const edge& e) { return e.block == k && e.right == a; });
    }

    // What follows of what could be sent to, in one block.
    void around(std::size_t k) {
        const auto& b = net_.blocks[k];
        const auto& own = names_.blocks[k];
        for (std::size_t i = 0; i < b.leaves.size(); ++i) {
            const auto& s = own.leaves[i].head;
            const std::string room = "(< " + of_leaf(k, i) + " " + s + ")";
            if (b.leaves[i].group < 0) {
                follows(room, "in-" + s);
                continue;
            }
            const auto& top = names_.groups[static_cast<std::size_t>(b.leaves[i].group)].head;
            follows("(and in-" + top + " " + room + ")", "in-" + s);
            follows("(and in-" + s + " (< 0 " + of_leaf(k, i) + "))", "in-" + top);
        }
        for (const auto& e : edges_) {
            if (e.block != k) continue;
            const auto &s = own.leaves[e.leaf].head, &r = own.rights[e.right].head;
            follows("in-" + s, "in-" + r);
            follows("(and in-" + r + " (< 0 " + e.flow + "))", "in-" + s);
        }
        for (std::size_t a = 0; a < b.rights; ++a)
            follows("(< " + of_right(k, a) + " " + own.rights[a].head + ")",
                    "(not in-" + own.rights[a].head + ")");
    }

    const cut_network& net_;
    std::string subject_;
    network_names names_;
    std::vector<edge> edges_;
    std::string out_;
};

}  // namespace

std::vector<obligation> all_sizes_obligations(const std::vector<cut_network>& networks) {
    std::vector<obligation> out;
    for (std::size_t n = 0; n < networks.size(); ++n) {
        const std::string number = std::to_string(n + 1);
        writer w(networks[n], "network " + number + " of " + std::to_string(networks.size()));
        out.push_back({number + "-bound", w.bound()});
        out.push_back({number + "-reached", w.reached()});
        const auto& first = networks[n].blocks.front();
        if (networks[n].groups > 0 || first.weights() < 2) continue;
        std::size_t k = 0;
        for (const auto& order : orders_of(first.weights()))
            out.push_back(
                {number + "-heaviest-" + std::to_string(++k), w.heaviest(leaves_in(first, order))});
    }
    return out;
}

}  // namespace natbound
