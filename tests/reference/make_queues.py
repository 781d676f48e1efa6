"""Writes more reference tables of the calculator, to 50 digits, by other arithmetic than the library's.

    python tests/reference/make_queues.py [TABLE...]     # needs mpmath; seeds are fixed; some minutes

erlang_c.csv  ports, load < ports, C, log C, d log C/dload, d log C/dports
slopes.csv    ports, load, d log B/dload, d log B/dports
engset.csv    sources, ports, alpha, time and call congestion, their logarithms
loads.csv     ports, target, the most load with B <= target and with C <= target
ports.csv     load, target, the least ports with B <= target and with C <= target
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator

from common import DIGITS, text, write
from make_erlang import MOST_PORTS, SEED, anywhere, deviance, near_diagonal, ratio, real_ports
from mpmath import mp, mpf


def shown(x: float) -> str:
    return f"{int(x)}" if x == int(x) and abs(x) < 1e16 else repr(x)


def ratio_slope(ports: float, load: float) -> mpf:
    """dR/dports, R = e^a Gamma(c+1)/a^c - 1 - sum_j a^j/((c+1)...(c+j)), term by term."""
    lost = deviance(ports, load) / 2.3 if load > ports else 0
    with mp.workdps(int(DIGITS + 20 + lost)):
        c, a = mpf(ports), mpf(load)
        whole = mp.exp(a - c * mp.log(a) + mp.loggamma(c + 1)) * (mp.psi(0, c + 1) - mp.log(a))
        bits = mp.prec + 64
        above, below = load.as_integer_ratio()
        up, down = float(ports).as_integer_ratio()
        term, harmonic, total, j = 1 << bits, 0, 0, 1
        while term:
            term = term * above * down // (below * (up + j * down))
            harmonic += (down << bits) // (up + j * down)
            total += term * harmonic >> bits
            j += 1
        return whole + mpf(total) / mpf(2) ** bits


def log_b_slopes(ports: float, load: float) -> tuple[mpf, mpf]:
    """d log B/dload = -R'/(1 + R) with R' = -R (c/R + c - a)/a; and the same in ports."""
    r, c, a = ratio(ports, load), mpf(ports), mpf(load)
    with mp.workdps(120):
        in_load = (c + (c - a) * r) / a / (1 + r)
    if load > ports and deviance(ports, load) > 700:
        return in_load, -mean_exponent(c, a)
    return in_load, -ratio_slope(ports, load) / (1 + r)


def mean_exponent(c: mpf, a: mpf) -> mpf:
    """The mean of u under exp((c+1) u - a (e^u - 1)) on u > 0; for a well above c."""
    width = 1 / (a - c)
    ends = [0, *(width * 2**k for k in range(-2, 8))]
    weight = lambda u: mp.exp((c + 1) * u - a * mp.expm1(u))  # noqa: E731
    return mp.quad(lambda u: u * weight(u), ends) / mp.quad(weight, ends)


def erlang_c_rows() -> Iterator[str]:
    draw = random.Random(SEED + 2)
    cases = {
        (float(c), float(c * share))
        for c in (1, 2, 3, 10, 63, 64, 65, 1000, 28232, 64512, MOST_PORTS)
        for share in (1e-3, 0.25, 0.5, 0.9, 0.999, 1 - 2**-20)
    }
    for pick, count in ((near_diagonal, 900), (anywhere, 400), (real_ports, 150)):
        cases |= {case for case in (pick(draw) for _ in range(count)) if 0 < case[1] < case[0]}
    for ports, load in sorted(cases):
        c, a, r = mpf(ports), mpf(load), ratio(ports, load)
        s = (1 - a / c) * r
        in_load, in_ports = log_b_slopes(ports, load)
        # d log S = d log(1 - a/c) + d log R, and d log R = -(1 + R)/R d log B
        load_slope = s / (1 + s) * (1 / (c - a) + (1 + r) / r * in_load)
        ports_slope = s / (1 + s) * ((1 + r) / r * in_ports - a / (c * (c - a)))
        yield f"{shown(ports)},{load!r},{text(1 / (1 + s))},{text(-mp.log1p(s))},{text(load_slope)},{text(ports_slope)}"


def slope_rows() -> Iterator[str]:
    draw = random.Random(SEED + 3)
    cases = {(c, a) for c in (0.0, 0.5, 1.0, 2.0, 10.0, 64.0, 65.0, 28232.0, float(MOST_PORTS)) for a in (1e-3, 1.0, 60.0, 1e5)}
    for pick, count in ((near_diagonal, 250), (anywhere, 150), (real_ports, 150)):
        cases |= {pick(draw) for _ in range(count)}
    for ports, load in sorted(cases):
        if load > ports and deviance(ports, load) > 700 and ports != int(ports):
            continue
        slopes = log_b_slopes(ports, load)
        yield f"{shown(ports)},{load!r},{text(slopes[0])},{text(slopes[1])}"


def engset_ratio(sources: int, ports: int, alpha: float) -> mpf:
    """1/E - 1 in integers scaled by 2^bits: the terms below `ports`, or the whole minus those from it on."""
    bits, (above, below) = 300, alpha.as_integer_ratio()
    term = 1 << bits
    total = 0
    if (sources - ports) * alpha >= ports:
        for k in range(ports, 0, -1):
            term = term * k * below // ((sources - k + 1) * above)
            total += term
            if not term:
                break
        return mpf(total) / mpf(2) ** bits
    for k in range(ports, sources + 1):
        total += term
        term = term * (sources - k) * above // ((k + 1) * below)
        if not term:
            break
    n, c, a = mpf(sources), mpf(ports), mpf(alpha)
    with mp.workdps(DIGITS + 30):
        log_choose = mp.loggamma(n + 1) - mp.loggamma(c + 1) - mp.loggamma(n - c + 1)
        return mp.exp(n * mp.log1p(a) - log_choose - c * mp.log(a)) - mpf(total) / mpf(2) ** bits


def engset_recursion(sources: int, ports: int, alpha: float) -> mpf:
    e = mpf(1)
    for k in range(1, ports + 1):
        up = (sources - k + 1) * mpf(alpha) * e
        e = up / (k + up)
    return e


def engset_cases(draw: random.Random) -> Iterator[tuple[int, int, float]]:
    yield from ((3, 2, 5 / 7), (10, 5, 0.5), (20, 10, 0.5), (100, 20, 0.15), (64, 32, 0.5), (1000, 64, 0.05), (10000, 1024, 0.1))
    for sources in (2, 3, 10, 1000, 10**7):
        for ports in {1, 2, sources // 2, sources - 1}:
            for alpha in (1e-6, 0.3, 1.0, 50.0):
                if 0 < ports < sources:
                    yield sources, ports, alpha
    for _ in range(700):
        sources = max(2, int(1e7 ** draw.random()))
        alpha = 10 ** draw.uniform(-5, 2)
        share = alpha / (1 + alpha)
        middle = sources * share + draw.uniform(-30, 30) * (sources * share * (1 - share)) ** 0.5
        ports = int(middle) if draw.random() < 0.7 else draw.randint(1, sources - 1)
        if 1 <= ports <= sources - 1:
            yield sources, ports, alpha


def engset_rows() -> Iterator[str]:
    for sources, ports, alpha in sorted(set(engset_cases(random.Random(SEED + 4)))):
        r = engset_ratio(sources, ports, alpha)
        seen = engset_ratio(sources - 1, ports, alpha) if ports < sources else None
        if ports <= 1500:
            e = engset_recursion(sources, ports, alpha)
            if abs(e * (1 + r) - 1) > mpf(10) ** -40:
                sys.exit(f"two formulas differ at {sources}, {ports}, {alpha!r}")
        call = "0,-inf" if ports > sources - 1 or seen is None else f"{text(1 / (1 + seen))},{text(-mp.log1p(seen))}"
        yield f"{sources},{ports},{alpha!r},{text(1 / (1 + r))},{text(-mp.log1p(r))},{call}"


def solve(f: Callable[[float], tuple[mpf, mpf]], low: float, high: float) -> mpf:
    """The root of f, decreasing in log a: Newton within a bracket on doubles, one last step in full."""
    a = (low + high) / 2
    for _ in range(200):
        above, slope = f(a)
        if above > 0:
            low = max(low, a)
        else:
            high = min(high, a)
        step = above / slope  # slope < 0
        full = mpf(a) * mp.exp(-step)
        if abs(step) < 1e-13:
            return full
        a = float(full) if low < full < high else (low * high) ** 0.5 if low > 0 and high > 4 * low else (low + high) / 2
    sys.exit("no root")


def load_rows() -> Iterator[str]:
    draw = random.Random(SEED + 5)
    for i in range(320):
        ports = draw.randint(1, 30) if i % 4 == 0 else int(MOST_PORTS ** draw.random())
        target = draw.choice([1e-6, 1e-3, 0.01, 0.1, 10 ** draw.uniform(-250, 0), draw.random(), draw.random()])
        c, wanted = mpf(ports), mp.log((1 - mpf(target)) / target)

        def by_b(a: float, ports: int = ports, c: mpf = c, wanted: mpf = wanted) -> tuple[mpf, mpf]:
            r = ratio(float(ports), a)
            return mp.log(r) - wanted, -(c / r + c - a)

        def by_c(a: float, ports: int = ports, c: mpf = c, wanted: mpf = wanted) -> tuple[mpf, mpf]:
            r = ratio(float(ports), a)
            return mp.log((1 - a / c) * r) - wanted, -(c / r + c - a) - a / (c - a)

        most = float(c / (1 - mpf(target)) + 1)  # B > 1 - c/a
        b = solve(by_b, 1e-300, most)
        yield f"{ports},{target!r},{text(b)},{text(solve(by_c, 1e-300, min(float(b) * (1 + 1e-12), ports)))}"


def port_rows() -> Iterator[str]:
    draw = random.Random(SEED + 6)
    for i in range(220):
        load = draw.uniform(0.01, 50) if i % 3 == 0 else 1e-3 * 1e9 ** draw.random()
        target = draw.choice([1e-6, 1e-3, 0.01, 10 ** draw.uniform(-250, 0), draw.random()])

        def refuses(n: int, load: float = load) -> mpf:
            return 1 / (1 + ratio(float(n), load))

        def waits(n: int, load: float = load) -> mpf:
            return mpf(1) if n <= load else 1 / (1 + (1 - mpf(load) / n) * ratio(float(n), load))

        yield f"{load!r},{target!r},{least(refuses, load, target)},{least(waits, load, target)}"


def least(f: Callable[[int], mpf], load: float, target: float) -> int:
    few, step = max(0, int(load * (1 - target)) - 2), 1  # f(few) > target, or few = 0
    if few == 0 and f(0) <= target:
        return 0
    while f(few + step) > target:
        step *= 2
    low, high = few, few + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if f(middle) <= target else (middle, high)
    return high


TABLES = {
    "erlang_c.csv": ("ports,load,erlang_c,log_erlang_c,log_load_derivative,log_ports_derivative", erlang_c_rows),
    "slopes.csv": ("ports,load,log_load_derivative,log_ports_derivative", slope_rows),
    "engset.csv": ("sources,ports,alpha,time,log_time,call,log_call", engset_rows),
    "loads.csv": ("ports,target,erlang_b,erlang_c", load_rows),
    "ports.csv": ("load,target,erlang_b,erlang_c", port_rows),
}


def main() -> int:
    mp.dps = DIGITS + 10
    for name in sys.argv[1:] or TABLES:
        columns, rows = TABLES[name]
        write(name, columns, rows(), "make_queues.py", more=f", seed {SEED}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
