// Refusals of a search of windows, by plain simulation: the exact probability given the state,
// averaged over states. Shares no code with the library, and begins after 30 holds: with constant
// holds what is busy keeps its order for long.
//
//   make_window_loss exponential|constant PORTS LOAD-PER-PORT HOLDS SEED WINDOW...
//
// One line: law, ports, load a port, windows, refused, and its standard error over it.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <utility>
#include <vector>

int main(int count, char** words) {
    if (count < 7) return 2;
    const bool constant = std::strcmp(words[1], "constant") == 0;
    const int ports = std::atoi(words[2]);
    const double load = std::atof(words[3]) * ports, holds = std::atof(words[4]);
    std::mt19937_64 random(static_cast<std::uint64_t>(std::atoll(words[5])));
    std::vector<int> windows;
    for (int i = 6; i < count; ++i) windows.push_back(std::atoi(words[i]));
    const auto part = [&] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
    const auto draw = [&] { return static_cast<int>(part() * ports); };

    std::vector<char> busy(static_cast<std::size_t>(ports));
    int live = 0;
    const auto search = [&] {  // -1: refused
        for (const int window : windows) {
            int at = draw();
            for (int i = 0; i < window; ++i, at = at + 1 == ports ? 0 : at + 1)
                if (busy[at] == 0) return at;
        }
        return -1;
    };
    const auto refused_now = [&] {
        if (live == ports) return 1.0;
        int first = 0;
        while (busy[first] != 0) ++first;
        std::vector<double> full(windows.size());
        int run = 0;
        for (int i = 1; i <= ports; ++i) {
            if (busy[(first + i) % ports] != 0) {
                ++run;
                continue;
            }
            for (std::size_t w = 0; w < windows.size(); ++w)
                if (run >= windows[w]) full[w] += run - windows[w] + 1;
            run = 0;
        }
        double all = 1;
        for (const double f : full) all *= f / ports;
        return all;
    };

    constexpr double warm = 30, spacing = 0.1;
    constexpr int batches = 20;
    std::vector<double> sums(batches), states(batches);
    double next = warm;
    const auto look = [&] {
        const auto b = static_cast<std::size_t>((next - warm) / holds * batches);
        if (b < batches) {
            sums[b] += refused_now();
            states[b] += 1;
        }
        next += spacing;
    };
    std::deque<std::pair<double, int>> ends;
    for (double now = 0; now < warm + holds;) {
        if (constant) {
            now -= std::log(part()) / load;
            for (; !ends.empty() && ends.front().first <= now; ends.pop_front()) {
                while (next <= ends.front().first) look();
                busy[ends.front().second] = 0;
                --live;
            }
            while (next <= now) look();
        } else {
            now += 1 / (load + ports);
            while (next <= now) look();
            if (part() * (load + ports) >= load) {  // a port: what it holds ends
                const int at = draw();
                live -= busy[at];
                busy[at] = 0;
                continue;
            }
        }
        const int at = search();
        if (at < 0) continue;
        busy[at] = 1;
        ++live;
        if (constant) ends.emplace_back(now + 1, at);
    }
    double mean = 0, variance = 0;
    for (int b = 0; b < batches; ++b) mean += sums[b] / states[b] / batches;
    for (int b = 0; b < batches; ++b)
        variance += std::pow(sums[b] / states[b] - mean, 2) / batches / (batches - 1);
    std::printf("%s,%d,%s,", words[1], ports, words[3]);
    for (std::size_t w = 0; w < windows.size(); ++w)
        std::printf("%s%d", w > 0 ? "+" : "", windows[w]);
    std::printf(",%.5g,%.2g\n", mean, std::sqrt(variance) / mean);
}
