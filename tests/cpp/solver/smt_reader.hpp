#pragma once
// Reads the obligations' SMT-LIB 2 and evaluates their definitions on a finite structure, without
// any solver: what the text says, held against what the step function does.
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace smt {

struct term {
    std::string atom;         // or, where empty,
    std::vector<term> parts;  // a list
};

inline std::vector<term> parse(const std::string& text) {
    std::vector<std::vector<term>> open(1);
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == ';') {
            while (i < text.size() && text[i] != '\n') ++i;
        } else if (c == '(') {
            open.emplace_back();
            ++i;
        } else if (c == ')') {
            auto parts = std::move(open.back());
            open.pop_back();
            if (open.empty()) throw std::runtime_error("a ) too many");
            open.back().push_back({"", std::move(parts)});
            ++i;
        } else if (c == ' ' || c == '\n') {
            ++i;
        } else {
            const auto end = text.find_first_of(" \n();", i);
            open.back().push_back({text.substr(i, end - i), {}});
            i = end;
        }
    }
    if (open.size() != 1) throw std::runtime_error("a ( too many");
    return open[0];
}

// Objects of a sort are 0, 1, ... size-1; true is 1. Formulas are compiled once, to closures over
// the values of their variables, and evaluated often.
class structure {
  public:
    using values = std::vector<int>;
    using function = std::function<int(const values&)>;
    using compiled = std::function<int(values&)>;

    std::map<std::string, int> sizes;           // by sort
    std::map<std::string, function> functions;  // those that the script declares

    explicit structure(const std::string& script) {
        for (const auto& command : parse(script)) {
            const auto& p = command.parts;
            if (p[0].atom == "define-fun") definitions_[p[1].atom] = p;
            if (p[0].atom == "assert") asserted.push_back(p[1]);
        }
    }

    std::vector<term> asserted;

    // A definition, as a formula of its parameters.
    compiled predicate(const std::string& name) {
        const auto& d = definitions_.at(name);
        return compile(d[4], parameters(d));
    }

    compiled compile(const term& t, const std::vector<std::string>& variables) {
        if (t.parts.empty()) {
            for (std::size_t v = variables.size(); v-- > 0;)
                if (variables[v] == t.atom) return [v](values& at) { return at[v]; };
            if (t.atom == "true") return [](values&) { return 1; };
            if (t.atom == "false") return [](values&) { return 0; };
            return call(t.atom, {});
        }
        const std::string& head = t.parts[0].atom;
        if (head == "forall" || head == "exists") return quantifier(t, variables);
        std::vector<compiled> args;
        for (std::size_t i = 1; i < t.parts.size(); ++i)
            args.push_back(compile(t.parts[i], variables));
        if (head == "not") return [a = args[0]](values& at) { return 1 - a(at); };
        if (head == "=") return [a = args](values& at) { return a[0](at) == a[1](at) ? 1 : 0; };
        if (head == "=>") return [a = args](values& at) { return a[0](at) == 0 ? 1 : a[1](at); };
        if (head == "ite")
            return [a = args](values& at) { return a[0](at) != 0 ? a[1](at) : a[2](at); };
        if (head == "and" || head == "or") {
            const int stop = head == "or" ? 1 : 0;
            return [a = args, stop](values& at) {
                for (const auto& one : a)
                    if (one(at) == stop) return stop;
                return 1 - stop;
            };
        }
        return call(head, args);
    }

  private:
    static std::vector<std::string> parameters(const std::vector<term>& definition) {
        std::vector<std::string> out;
        for (const auto& p : definition[2].parts) out.push_back(p.parts[0].atom);
        return out;
    }

    compiled call(const std::string& name, const std::vector<compiled>& args) {
        const auto evaluated = [args](values& at) {
            values out;
            for (const auto& a : args) out.push_back(a(at));
            return out;
        };
        if (definitions_.count(name) != 0)
            return [body = predicate(name), evaluated](values& at) {
                values inner = evaluated(at);
                return body(inner);
            };
        return [this, name, evaluated](values& at) { return functions.at(name)(evaluated(at)); };
    }

    compiled quantifier(const term& t, std::vector<std::string> variables) {
        const int stop = t.parts[0].atom == "exists" ? 1 : 0;
        const auto& bound = t.parts[1].parts;
        std::vector<int> limits;
        for (const auto& b : bound) {
            variables.push_back(b.parts[0].atom);
            limits.push_back(sizes.at(b.parts[1].atom));
        }
        auto body = compile(t.parts[2], variables);
        return [=](values& at) {
            const std::size_t first = at.size();
            values counter(limits.size(), 0);
            for (bool more = true; more;) {
                at.resize(first);
                at.insert(at.end(), counter.begin(), counter.end());
                const bool stops = body(at) == stop;
                at.resize(first);
                if (stops) return stop;
                more = false;
                for (std::size_t i = 0; i < counter.size() && !more; ++i) {
                    more = ++counter[i] < limits[i];
                    if (!more) counter[i] = 0;
                }
            }
            return 1 - stop;
        };
    }

    std::map<std::string, std::vector<term>> definitions_;
};

}  // namespace smt
