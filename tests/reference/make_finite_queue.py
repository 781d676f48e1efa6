"""Writes finite_queue.csv: M/M/1/K and M/D/1/K to 25 digits, from the chain of departures solved as a linear system.

    python tests/reference/make_finite_queue.py        # needs mpmath

service, room, load; loss, mean number in the system. M/D/1/K: the number left by departures is a Markov chain on 0 .. K-1 with Poisson
arrivals in a service; solved by elimination that subtracts nothing (Grassmann, Taksar, Heyman 1985), not by the level crossings of the
library. With p its law, all else follows from the cycle: P(lost) = 1 - 1 / (p0 + load).
"""

from __future__ import annotations

from collections.abc import Iterator

from common import write
from mpmath import mp, mpf


def stationary(p: list[list[mpf]]) -> list[mpf]:
    size = len(p)
    for n in range(size - 1, 0, -1):
        out = mp.fsum(p[n][:n])
        for i in range(n):
            p[i][n] /= out
            for j in range(n):
                p[i][j] += p[i][n] * p[n][j]
    law = [mpf(1)]
    for n in range(1, size):
        law.append(mp.fsum(law[i] * p[i][n] for i in range(n)))
    total = mp.fsum(law)
    return [x / total for x in law]


def constant(room: int, load: mpf) -> tuple[mpf, mpf]:
    arrivals = [mp.exp(-load) * load**k / mp.factorial(k) for k in range(room + 1)]
    rows = []
    for i in range(room):
        base = max(i - 1, 0)
        row = [arrivals[j - base] if j >= base else mpf(0) for j in range(room)]
        # Those beyond the room are lost.
        row[room - 1] = 1 - mp.fsum(arrivals[: room - 1 - base])
        rows.append(row)
    left = stationary(rows)
    whole = left[0] + load
    loss = 1 - 1 / whole
    return loss, mp.fsum(j * x for j, x in enumerate(left)) / whole + room * loss


def exponential(room: int, load: mpf) -> tuple[mpf, mpf]:
    weights = [load**n for n in range(room + 1)]
    total = mp.fsum(weights)
    return weights[room] / total, mp.fsum(n * w for n, w in enumerate(weights)) / total


def row(service: str, room: int, load: float) -> str:
    loss, length = (exponential if service == "exponential" else constant)(room, mpf(load))
    delay = length / (load * (1 - loss))  # J. D. C. Little 1961, of those that get in
    numbers = ",".join(mp.nstr(x, 25) for x in (mp.log(loss), length, delay, delay - 1))
    return f"{service},{room},{load!r},{numbers}"


def rows() -> Iterator[str]:
    for room in (1, 2, 3, 7, 20, 60):
        for load in (1e-3, 0.1, 0.5, 0.9, 0.999, 1.0, 1.0000001, 1.1, 2.0, 7.5, 40.0):
            for service in ("exponential", "constant"):
                yield row(service, room, load)
    for room, load in ((1000, 0.9), (1000, 0.9999), (5000, 1.0), (5000, 1.0 + 1e-9), (3000, 1.02)):
        yield row("exponential", room, load)


def main() -> None:
    mp.dps = 400
    write("finite_queue.csv", "service,room,load,log_loss,length,delay,waiting", rows(), "make_finite_queue.py", digits=mp.dps)


if __name__ == "__main__":
    main()
