// Packets of connections that come and go, one event at a time, into a bucket (or a queue of
// constant service): what is lost and how long the others are in it. Shares nothing with the
// library.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

struct random_bits {  // splitmix64
    std::uint64_t at;
    double real() {
        at += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = at;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
    }
};

}  // namespace

// Arguments: per_second depth live each hold packets seed. Prints the share refused of those that
// open, the share lost of all packets, and the mean delay, each with its standard error over
// batches.
int main(int, char** v) {
    const double limit = std::atof(v[1]), depth = std::atof(v[2]), live = std::atof(v[3]);
    const double each = std::atof(v[4]), hold = std::atof(v[5]), packets = std::atof(v[6]);
    random_bits bits{std::strtoull(v[7], nullptr, 10) * 0x100000001b3ULL};
    const double births = live / hold;
    double n = std::round(live), waiting = 0;
    constexpr int batches = 64;
    std::vector<double> opened, refused, sent, lost, waited;
    const double per_batch = packets / batches;
    for (int batch = -4; batch < batches; ++batch) {
        double o = 0, r = 0, s = 0, l = 0, w = 0;
        while (s < per_batch) {
            const double all = births + n / hold + n * each;
            waiting -= limit * -std::log(bits.real()) / all;
            if (waiting < 0) waiting = 0;
            const double which = bits.real() * all;
            if (which < n / hold) {
                --n;
                continue;
            }
            const bool opens = which - n / hold < births, room = waiting <= depth - 1;
            ++s;
            o += opens;
            if (room) {
                waiting += 1;
                w += waiting;
                n += opens;
            } else {
                ++l;
                r += opens;
            }
        }
        if (batch < 0) continue;  // to steady state
        opened.push_back(o);
        refused.push_back(r);
        sent.push_back(s);
        lost.push_back(l);
        waited.push_back(w / limit);
    }
    const auto say = [&](const char* name, const std::vector<double>& above,
                         const std::vector<double>& below, const std::vector<double>* less) {
        double a = 0, b = 0, square = 0;
        const auto of = [&](std::size_t i) { return below[i] - (less ? (*less)[i] : 0); };
        for (std::size_t i = 0; i < batches; ++i) {
            a += above[i];
            b += of(i);
        }
        for (std::size_t i = 0; i < batches; ++i) {
            const double off = above[i] - a / b * of(i);
            square += off * off;
        }
        std::printf("%s%.5g,%.2g", name, a / b, std::sqrt(square * batches / (batches - 1)) / b);
    };
    say("", refused, opened, nullptr);
    say(",", lost, sent, nullptr);
    say(",", waited, sent, &lost);
    std::printf("\n");
}
