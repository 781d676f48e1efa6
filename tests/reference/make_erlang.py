"""Writes the reference tables of the calculator, to 50 digits, by other formulas than the library's.

    python tests/reference/make_erlang.py        # needs mpmath; seeds are fixed; some minutes

erlang_b.csv      ports, load, B, log B and dB/dload, over the whole domain; half near the diagonal,
                  load = ports + z sqrt(ports), |z| <= 37
attempts.csv      ports, tries, how a port is drawn, load, log of the refusal probability
first_passage.csv ports, load, mean times from empty to full and to the first refusal

Numbers are exact doubles on input and rounded to 25 digits on output.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from common import DIGITS, text, write
from mpmath import mp, mpf

SEED = 20240607
MOST_PORTS = 4194304


def deviance(ports: float, load: float) -> float:
    return float(mpf(ports) * mp.log(mpf(ports) / load) - ports + load) if ports else load


def by_falling_terms(ports: int, load: float) -> mpf:
    """1/B - 1 = sum_{k>=1} c (c-1) ... (c-k+1) / a^k, in integers scaled by 2^bits; for c <= a."""
    bits = 260
    above, below = load.as_integer_ratio()
    term = total = ports * below * (1 << bits) // above if ports else 0
    k = 1
    while term > total >> 210:
        term = term * (ports - k) * below // above
        total += term
        k += 1
        if k > ports:
            break
    return mpf(total) / mpf(2) ** bits


def by_whole_exponential(ports: float, load: float) -> mpf:
    """1/B = e^a Gamma(c+1)/a^c - sum_{j>=1} a^j/((c+1)...(c+j)): any real c, but digits cancel for c < a."""
    lost = deviance(ports, load) / 2.3 if load > ports else 0
    with mp.workdps(int(DIGITS + 20 + lost)):
        c, a = mpf(ports), mpf(load)
        whole = mp.exp(a - c * mp.log(a) + mp.loggamma(c + 1))
        bits = mp.prec + 64
        above, below = load.as_integer_ratio()
        up, down = float(ports).as_integer_ratio()
        # a^j/((c+1)...(c+j)): one more factor is above * down / (below * (up + j down))
        term, total, j = 1 << bits, 0, 1
        while term:
            term = term * above * down // (below * (up + j * down))
            total += term
            j += 1
        return whole - 1 - mpf(total) / mpf(2) ** bits


def ratio(ports: float, load: float) -> mpf:
    if ports == 0:
        return mpf(0)
    if ports == int(ports) and load >= ports:
        small = load > 1e4 * ports  # so small that fixed point would lose digits
        return by_series(int(ports), load) if small else by_falling_terms(int(ports), load)
    return by_whole_exponential(ports, load)


def by_series(ports: int, load: float) -> mpf:
    term = total = mpf(ports) / load
    for k in range(1, ports):
        term = term * (ports - k) / load
        total += term
        if term < total * mpf(10) ** -60:
            break
    return total


def near_diagonal(draw: random.Random) -> tuple[float, float]:
    while True:
        ports = draw.randint(1, MOST_PORTS) if draw.random() < 0.5 else int(MOST_PORTS ** draw.random())
        load = ports + draw.uniform(-37, 37) * ports**0.5
        if load >= 1e-3:
            return float(ports), load


def anywhere(draw: random.Random) -> tuple[float, float]:
    ports = draw.randint(0, MOST_PORTS) if draw.random() < 0.5 else int(MOST_PORTS ** draw.random())
    return float(ports), 1e-3 * 1e11 ** draw.random()


def real_ports(draw: random.Random) -> tuple[float, float]:
    ports = draw.choice([draw.random(), draw.uniform(0, 80), MOST_PORTS ** draw.random()])
    if draw.random() < 0.5:
        return ports, 1e-3 * 1e6 ** draw.random()
    return ports, max(1e-3, ports + draw.uniform(-37, 8) * ports**0.5)


def inputs() -> Iterator[tuple[float, float]]:
    draw = random.Random(SEED)
    for ports in (0, 1, 2, 3, 10, 62, 63, 64, 65, 66, 1000, 28232, 64512, 1048576, MOST_PORTS):
        for load in (1e-3, 1.0, 1e3, 1e8, *(ports + z * ports**0.5 for z in (-7, -1, 0, 1, 4.99, 5.01, 6))):
            if load >= 1e-3:
                yield float(ports), float(load)
    for real in (0.5, 1e-9, 1.0000000001, 9.999999, 63.5, 64.5):
        for load in (1e-3, 0.25, 0.999, 1.001, 7.5, 60.0, 90.0):
            yield real, load
    for _ in range(850):
        yield near_diagonal(draw)
    for _ in range(450):
        yield anywhere(draw)
    for _ in range(150):
        yield real_ports(draw)


def erlang_rows() -> Iterator[str]:
    for ports, load in sorted(set(inputs())):
        if ports != int(ports) and load > ports and deviance(ports, load) > 3000:
            continue  # the sum for real ports would need thousands of digits
        r = ratio(ports, load)
        b = 1 / (1 + r)
        with mp.workdps(150):  # c - a + a B cancels
            slope = 1 / (1 + r) * (mpf(ports) - load + load / (1 + r)) / load
        if load > 1e4 * ports:
            slope = overload_slope(ports, load)
        shown = f"{int(ports)}" if ports == int(ports) else repr(ports)
        yield f"{shown},{load!r},{text(b)},{text(-mp.log1p(r))},{text(slope)}"


def overload_slope(ports: float, load: float) -> mpf:
    """dB/da with more digits than `ratio` has: c - a + a B all but vanishes."""
    with mp.workdps(150):
        if ports == 0:
            return mpf(0)
        if ports != int(ports):
            r = by_whole_exponential(ports, load)
            return 1 / (1 + r) * (mpf(ports) - load + load / (1 + r)) / load
        term = total = mpf(ports) / load
        for k in range(1, int(ports)):
            term = term * (ports - k) / load
            total += term
            if term < total * mpf(10) ** -140:
                break
        b = 1 / (1 + total)
        return b * (mpf(ports) - load + load * b) / load


def refusal(ports: int, tries: int, n: int, again: bool) -> mpf:
    if again:
        return (mpf(n) / ports) ** tries
    return mpf(mp.binomial(n, tries)) / mp.binomial(ports, tries) if n >= tries else mpf(n == ports)


def attempts_rows() -> Iterator[str]:
    draw = random.Random(SEED + 1)
    for ports in (1, 2, 3, 10, 64, 500, 1500):
        for tries in sorted({1, 2, 3, 7, 32, ports // 3 + 1, ports, 3 * ports}):
            for again in (True, False):
                for share in (1e-3, 0.3, 0.8, 0.95, 1.0, 1.3, 20.0, draw.uniform(0.5, 1.1)):
                    load = ports * share
                    weight, total, refused = mpf(1), mpf(0), mpf(0)
                    for n in range(ports + 1):
                        r = refusal(ports, min(tries, ports) if not again else tries, n, again)
                        total += weight
                        refused += weight * r
                        weight *= load * (1 - r) / (n + 1)
                    how = "with" if again else "without"
                    yield f"{ports},{tries},{how},{load!r},{text(mp.log(refused / total))}"


def first_passage_rows() -> Iterator[str]:
    for ports in (1, 2, 5, 10, 64, 1000, 28232):
        for share in (0.01, 0.5, 0.9, 0.99, 1.0, 1.1, 5.0):
            load = ports * share
            step, total = mpf(0), mpf(0)
            for k in range(ports):
                step = (1 + k * step) / load
                total += step
            last = (1 + ports * step) / load
            yield f"{ports},{load!r},{text(mp.log(total))},{text(mp.log(total + last))}"


def main() -> int:
    mp.dps = DIGITS + 10
    for ports, load in ((1, 1.5), (64, 70.25), (1000, 1100.5), (5, 5.0), (300, 300.125)):
        two = by_falling_terms(ports, load), by_whole_exponential(ports, load)
        if abs(two[0] / two[1] - 1) > mpf(10) ** -DIGITS:
            sys.exit(f"the two formulas differ at {ports}, {load}: {two}")
    write("erlang_b.csv", "ports,load,erlang_b,log_erlang_b,load_derivative", erlang_rows(), "make_erlang.py", more=f", seed {SEED}")
    write("attempts.csv", "ports,tries,draws,load,log_refusal", attempts_rows(), "make_erlang.py", more=f", seed {SEED}")
    write("first_passage.csv", "ports,load,log_full,log_first_refusal", first_passage_rows(), "make_erlang.py", more=f", seed {SEED}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
