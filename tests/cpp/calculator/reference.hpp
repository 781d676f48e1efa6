#pragma once
// The tables of tests/reference: comma-separated, a line of origin, a line of names, then numbers.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace reference {

struct row {
    std::map<std::string, std::string> fields;
    double number(const std::string& name) const {
        return std::strtod(text(name).c_str(), nullptr);
    }
    const std::string& text(const std::string& name) const { return fields.at(name); }
};

inline std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) out.push_back(field);
    return out;
}

inline std::vector<row> table(const std::string& name) {
    std::ifstream file(std::string(NATBOUND_TEST_DATA) + "/" + name);
    if (!file) throw std::runtime_error("no reference table " + name);
    std::string line;
    std::getline(file, line);  // origin
    std::getline(file, line);
    const auto names = split(line);
    std::vector<row> rows;
    while (std::getline(file, line)) {
        const auto fields = split(line);
        row next;
        for (std::size_t i = 0; i < names.size(); ++i) next.fields[names[i]] = fields.at(i);
        rows.push_back(next);
    }
    return rows;
}

// |got - want| relative to want.
inline double relative_error(double got, double want) {
    if (got == want) return 0;
    return std::abs((got - want) / want);
}

}  // namespace reference
