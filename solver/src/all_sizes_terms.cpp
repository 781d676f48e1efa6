// Writing cuts as terms.
#include "all_sizes_terms.hpp"

#include <algorithm>
#include <numeric>

namespace natbound {

namespace {

term joined(const char* head, const terms& all, const char* nothing) {
    term out{head, {}};
    for (const auto& t : all) {
        if (t.head == nothing) continue;
        if (t.head == head)
            out.of.insert(out.of.end(), t.of.begin(), t.of.end());
        else
            out.of.push_back(t);
    }
    if (out.of.empty()) return {nothing, {}};
    return out.of.size() == 1 ? term(out.of.front()) : out;
}

bool has_zero(const terms& all) {
    return std::any_of(all.begin(), all.end(), [](const term& t) { return t.head == "0"; });
}

}  // namespace

term plus(const terms& all) { return joined("+", all, "0"); }

term times(const terms& all) { return has_zero(all) ? term{"0", {}} : joined("*", all, "1"); }

term minus(const term& from, const term& what) {
    return what.head == "0" ? from : term{"-", {from, what}};
}

// Nothing is less than 0 here.
term extreme(const char* which, const terms& all) {
    if (which == std::string("min") && has_zero(all)) return {"0", {}};
    term out = all.back();
    for (std::size_t i = all.size() - 1; i-- > 0;) out = term{which, {all[i], out}};
    return out;
}

std::string to_smt2(const term& t) {
    if (t.of.empty()) return t.head;
    std::string out = "(" + t.head;
    for (const auto& x : t.of) out += " " + to_smt2(x);
    return out + ")";
}

std::string in_words(const term& t, const std::map<std::string, std::string>& names) {
    if (t.of.empty()) {
        const auto it = names.find(t.head);
        return it == names.end() ? t.head : it->second;
    }
    std::string out;
    if (t.head == "min" || t.head == "max") {
        const term* rest = &t;
        for (; rest->head == t.head; rest = &rest->of[1])
            out += in_words(rest->of[0], names) + ", ";
        return t.head + "(" + out + in_words(*rest, names) + ")";
    }
    for (const auto& x : t.of) {
        const bool loose = x.head == "+" || x.head == "-";
        const std::string one = in_words(x, names);
        if (!out.empty()) out += t.head == "*" ? " x " : " " + t.head + " ";
        out += loose && t.head != "+" ? "(" + one + ")" : one;
    }
    return out;
}

count value_of(const term& t, const std::map<std::string, count>& sizes) {
    if (t.of.empty()) {
        const auto it = sizes.find(t.head);
        return it == sizes.end() ? count(t.head) : it->second;
    }
    count out = value_of(t.of[0], sizes);
    for (std::size_t i = 1; i < t.of.size(); ++i) {
        const count next = value_of(t.of[i], sizes);
        if (t.head == "+") out += next;
        if (t.head == "*") out *= next;
        if (t.head == "-") out -= next;
        if (t.head == "min") out = std::min(out, next);
        if (t.head == "max") out = std::max(out, next);
    }
    return out;
}

std::size_t leaf_block::weights() const {
    std::size_t out = 0;
    for (const auto& x : leaves) out = std::max(out, x.weight + 1);
    return out;
}

term block_cuts(const leaf_block& b, const block_names& names, const std::vector<bool>& left) {
    terms cuts;
    for (std::size_t cut = 0; cut < std::size_t{1} << b.rights; ++cut) {
        const auto within = [&](std::size_t right) { return (cut >> right & 1U) != 0; };
        terms parts;
        for (std::size_t a = 0; a < b.rights; ++a)
            if (within(a)) parts.push_back(names.rights[a]);
        for (std::size_t i = 0; i < b.leaves.size(); ++i) {
            const auto& open = b.leaves[i].open;
            if (left[i] && !std::all_of(open.begin(), open.end(), within))
                parts.push_back(names.leaves[i]);
        }
        cuts.push_back(plus(parts));
    }
    return extreme("min", cuts);
}

term least_cut(const cut_network& net, const network_names& names) {
    terms cuts;
    for (std::size_t cut = 0; cut < std::size_t{1} << net.groups; ++cut) {
        const auto capped = [&](std::size_t group) { return (cut >> group & 1U) != 0; };
        terms parts;
        for (std::size_t g = 0; g < net.groups; ++g)
            if (capped(g)) parts.push_back(names.groups[g]);
        for (std::size_t k = 0; k < net.blocks.size(); ++k) {
            std::vector<bool> left;
            for (const auto& x : net.blocks[k].leaves)
                left.push_back(x.group < 0 || !capped(static_cast<std::size_t>(x.group)));
            parts.push_back(block_cuts(net.blocks[k], names.blocks[k], left));
        }
        cuts.push_back(plus(parts));
    }
    return extreme("min", cuts);
}

term block_formula(const leaf_block& b, const block_names& names, const terms& weights) {
    terms found;
    for (const auto& order : orders_of(weights.size())) {
        term before{"0", {}};
        terms parts;
        std::vector<bool> left(b.leaves.size(), false);
        for (const auto kind : order) {
            for (std::size_t i = 0; i < b.leaves.size(); ++i)
                if (b.leaves[i].weight == kind) left[i] = true;
            const term now = block_cuts(b, names, left);
            parts.push_back(times({weights[kind], minus(now, before)}));
            before = now;
        }
        found.push_back(plus(parts));
    }
    return extreme("max", found);
}

std::vector<std::vector<std::size_t>> orders_of(std::size_t n) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<std::vector<std::size_t>> out;
    do out.push_back(order);
    while (std::next_permutation(order.begin(), order.end()));
    return out;
}

std::vector<std::size_t> leaves_in(const leaf_block& b, const std::vector<std::size_t>& order) {
    std::vector<std::size_t> out;
    for (const auto kind : order)
        for (std::size_t i = 0; i < b.leaves.size(); ++i)
            if (b.leaves[i].weight == kind) out.push_back(i);
    return out;
}

}  // namespace natbound
