#pragma once
// Erlang B as a user would write it with Boost.Math, but that errors give NaN or infinity and no
// exception, which costs more.
#include <boost/math/special_functions/gamma.hpp>

inline double boost_ratio(double ports, double load) {
    using namespace boost::math::policies;
    using quiet = policy<domain_error<ignore_error>, overflow_error<ignore_error>,
                         evaluation_error<ignore_error>>;
    return boost::math::gamma_p_derivative(ports + 1, load, quiet()) /
           boost::math::gamma_q(ports + 1, load, quiet());
}
