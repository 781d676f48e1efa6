#pragma once
// What can go wrong. The library never prints and never aborts: it throws one of these, and each
// says where, what, which rule and, where there is one, the likely fix.
#include <stdexcept>
#include <string>
#include <utility>

namespace natbound {

class error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// An argument of a formula lies outside its domain.
class domain_error : public error {
  public:
    using error::error;
};

// A scenario or design that breaks a rule. `path` is the field's, such as `clients[0].ports`.
class input_error : public error {
  public:
    input_error(std::string where, std::string what, std::string broken, std::string mend = {})
        : error(text(where, what, broken, mend)),
          path(std::move(where)),
          value(std::move(what)),
          rule(std::move(broken)),
          fix(std::move(mend)) {}

    std::string path, value, rule, fix;

  private:
    static std::string text(const std::string& where, const std::string& what,
                            const std::string& broken, const std::string& mend) {
        std::string out = where.empty() ? "" : where + ": ";
        if (!what.empty()) out += what + ": ";
        out += broken;
        if (!mend.empty()) out += "; " + mend;
        return out;
    }
};

// A question that is well put, and that this version can't settle.
class unsupported : public error {
  public:
    using error::error;
};

// Stopped on request (Ctrl-C) before an answer was found.
class interrupted : public error {
  public:
    interrupted() : error("interrupted") {}
};

}  // namespace natbound
