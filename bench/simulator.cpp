// The simulator's speed: one system of 64,512 ports, two clients, Linux masquerading, exponential
// holds of 60 s, 90 % load, one thread. Prints one JSON line; bench/simulator_peers.py runs it
// beside SimPy and Ciw.
//
//   simulator [arrivals]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <natbound/calculator/simulation.hpp>
#include <natbound/calculator/systems.hpp>
#include <vector>

using namespace natbound;
using namespace natbound::calculator;

int main(int arguments, char** argument) {
    const std::uint64_t arrivals =
        arguments > 1 ? std::strtoull(argument[1], nullptr, 10) : 5'000'000;
    const auto s = parse_scenario(R"({
        "clients": [{"name": "A", "addresses": "192.168.1.10", "ports": "1024-65535"},
                    {"name": "X", "addresses": "192.168.1.11", "ports": "1024-65535"}],
        "nats": [{"name": "router", "inside": ["A", "X"], "external-ip-address-pool": ["203.0.113.5"],
                  "design": "linux-masquerade"}],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
        "traffic": [{"from": ["A", "X"], "to": "C", "hold": "60s", "live": 58060.8}]})");
    const auto all = split(s, fill_traffic(s));
    std::vector<std::size_t> kinds;
    const auto input = input_for(s, all, all.systems.front(), kinds);
    simulation run(input, 7);
    run.fill();
    run.advance(3 * input.load());
    // the best of five runs: others may use the machine
    double best = 0, best_cpu = 0;
    std::uint64_t refused = 0, offered = 0;
    for (int i = 0; i < 5; ++i) {
        run.clear_counts();
        const std::uint64_t before = run.events();
        const auto start = std::chrono::steady_clock::now();
        const std::clock_t cpu = std::clock();
        run.arrive(arrivals);
        const double busy = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
        const auto events = static_cast<double>(run.events() - before);
        best = std::max(best, events / wall.count());
        best_cpu = std::max(best_cpu, events / busy);
        for (const auto& k : run.counts()) {
            refused += k.refused;
            offered += k.arrivals;
        }
    }
    std::printf(
        "{\"events_per_second\": %.4g, \"events_per_cpu_second\": %.4g, \"arrivals\": %llu, "
        "\"refusal_probability\": %.4g}\n",
        best, best_cpu, static_cast<unsigned long long>(offered),
        static_cast<double>(refused) / static_cast<double>(offered));
}
