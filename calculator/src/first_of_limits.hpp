#pragma once
// When a connection is refused for the first time, from an empty start, where several limits could
// refuse it: each is Erlang's loss system of the connections that meet it (Poisson arrivals,
// exponential holds).
//
// Until the first refusal nothing was refused, so each limit sees the traffic as it is offered, and
// T is the least of the times at which each by itself refuses first. Of limits that share no
// connection (several addresses, destinations, subscribers) these are independent. Else they are
// positively associated: that none has refused until t falls with every connection that is added
// (T. E. Harris 1960; C. M. Fortuin et al., Comm. Math. Phys. 22 (1971) 89), so that P(T > t) is no
// less than their product.
#include <cstdint>
#include <optional>
#include <vector>

namespace natbound::calculator::detail {

struct filling_limit {
    std::uint64_t room = 0;  // how many it lets live
    double load = 0;         // Erlangs offered to it
    double hold = 0;         // mean hold, seconds
    double copies = 1;       // so many limits are alike, and share no connection
};

struct mean_bounds {
    double low = 0, high = 0;  // seconds; infinite where nothing is refused, or beyond 1e308
};

// Mean time to the first refusal. Where no connection meets two of the limits (`apart`) low and
// high are equal, up to about 1e-3: by integration; past 10,000 holds by the sum of the limits' own
// rates 1 / mean, as such times are exponential in the long run; and past 40,000 ports of all
// limits that matter that sum is a bound from below, and high is infinite (from empty a limit is
// the likelier to refuse the longer it has not: Barlow and Proschan, Statistical Theory of
// Reliability, 1975, ch. 6). Else low is that of limits apart, and high that of the soonest.
// Nothing where the limits that matter have more than 2e7 ports together.
std::optional<mean_bounds> mean_first_refusal(const std::vector<filling_limit>& limits, bool apart);

}  // namespace natbound::calculator::detail
