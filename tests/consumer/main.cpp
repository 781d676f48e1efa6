// Uses each installed library once. Exits 0 if what it got makes sense.
#include <iostream>

#include "natbound/calculator/erlang.hpp"
#include "natbound/model/address.hpp"

int main() {
    const auto text = natbound::to_string(natbound::parse_address("203.0.113.5"));
    const double refused = natbound::calculator::erlang_b(2, 1);  // 1/5: A. K. Erlang, 1917
    std::cout << text << ' ' << refused << '\n';
    return text == "203.0.113.5" && refused > 0.1999999 && refused < 0.2000001 ? 0 : 1;
}
