// Simulates searches of one window on a large ring of ports and prints how long its busy runs are:
// window_patterns.csv, of which pack_window_patterns.py makes calculator/src/window_patterns.inc.
//
//   make_window_patterns exponential|constant WINDOW LOAD-PER-PORT HOLDS SEED
//
// One line: hold, window, load, share busy, then for x in the list below the share of windows of
// round(x * window) successive ports that are busy throughout.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

constexpr std::uint32_t ports = 1U << 18;  // many times what a window reaches; fits a cache
constexpr double parts[] = {0.0625, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 2};

class ring {
  public:
    // The first free port of `length` from `at` on; `ports` where there is none.
    std::uint32_t free_from(std::uint32_t at, std::uint32_t length) const {
        for (std::uint32_t seen = 0; seen < length;) {
            const std::uint64_t open = ~words_[at / 64] >> (at % 64);
            const auto skip = static_cast<std::uint32_t>(std::countr_zero(open));
            const std::uint32_t here = 64 - at % 64;
            if (open != 0) return seen + skip < length ? at + skip : ports;
            seen += here;
            at = (at + here) % ports;
        }
        return ports;
    }
    bool busy(std::uint32_t at) const { return (words_[at / 64] >> (at % 64) & 1) != 0; }
    void turn(std::uint32_t at) { words_[at / 64] ^= std::uint64_t{1} << (at % 64); }
    // Counts the busy runs by length.
    void count(std::vector<double>& runs) const {
        std::uint32_t start = 0;
        while (start < ports && busy(start)) ++start;
        if (start == ports) return;
        std::uint32_t length = 0;
        for (std::uint32_t seen = 1; seen <= ports;) {
            const std::uint32_t at = (start + seen) % ports;
            if (at % 64 == 0 && seen + 64 <= ports && words_[at / 64] == ~std::uint64_t{0}) {
                length += 64;
                seen += 64;
                continue;
            }
            if (busy(at)) {
                ++length;
            } else if (length > 0) {
                runs[length < runs.size() ? length : runs.size() - 1] += 1;
                length = 0;
            }
            ++seen;
        }
    }

  private:
    std::vector<std::uint64_t> words_ = std::vector<std::uint64_t>(ports / 64);
};

class noise {
  public:
    explicit noise(std::uint64_t seed) : engine_(seed) {}
    std::uint32_t port() { return static_cast<std::uint32_t>(engine_() >> 46U); }
    double part() { return (static_cast<double>(engine_() >> 11U) + 0.5) * 0x1p-53; }

  private:
    std::mt19937_64 engine_;
};

}  // namespace

int main(int count, char** words) {
    if (count != 6) return 2;
    const bool constant = std::strcmp(words[1], "constant") == 0;
    const auto window = static_cast<std::uint32_t>(std::atoi(words[2]));
    const double load = std::atof(words[3]), holds = std::atof(words[4]);
    noise random(static_cast<std::uint64_t>(std::atoll(words[5])));
    ring state;
    std::vector<double> runs(2 * window + 2000);
    double busy = 0, states = 0;
    constexpr double warm = 12, spacing = 0.2;
    double next = warm;
    std::uint32_t live = 0;
    const auto look = [&] {
        state.count(runs);
        busy += live;
        states += 1;
        next += spacing;
    };
    const double rate = load * ports;
    if (constant) {
        struct taken {
            double end;
            std::uint32_t at;
        };
        std::vector<taken> queue(ports + 1);
        std::uint32_t first = 0, last = 0;
        for (double now = 0; now < warm + holds;) {
            now -= std::log(random.part()) / rate;
            while (first != last && queue[first].end <= now) {
                while (next <= queue[first].end) look();
                state.turn(queue[first].at);
                first = first == ports ? 0 : first + 1;
                --live;
            }
            while (next <= now) look();
            const auto at = state.free_from(random.port(), window);
            if (at == ports) continue;
            state.turn(at);
            queue[last] = {now + 1, at};
            last = last == ports ? 0 : last + 1;
            ++live;
        }
    } else {
        const double all = rate + ports, arrives = rate / all;
        for (double now = 0; now < warm + holds;) {
            now += 1 / all;
            if (random.part() < arrives) {
                const auto at = state.free_from(random.port(), window);
                if (at != ports) state.turn(at), ++live;
            } else {
                const auto at = random.port();
                if (state.busy(at)) state.turn(at), --live;
            }
            if (now >= next) look();
        }
    }
    std::printf("%s,%u,%.10g,%.8g", words[1], window, load, busy / states / ports);
    for (const double x : parts) {
        const auto k = static_cast<std::size_t>(std::lround(x * window));
        double sum = 0;
        for (std::size_t n = k == 0 ? 1 : k; n < runs.size(); ++n)
            sum += runs[n] * static_cast<double>(n - k + 1);
        std::printf(",%.6g", sum / states / ports);
    }
    std::printf("\n");
}
