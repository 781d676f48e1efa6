"""Makes python/natbound/calculator/_maxima.py: the mean maximum of the stationary Ornstein-Uhlenbeck process over a window.

    python tests/reference/make_maxima.py > python/natbound/calculator/_maxima.py

X has mean 0, variance 1 and relaxation time 1. For each barrier b the generator, killed at b, is made symmetric by the root of the normal
density and its eigenpairs found: second order finite volumes at three widths, extrapolated (Richardson).
Then P(max over [0, t] <= b) = sum_k w_k^2 exp(-l_k t), and E max = integral of P(max > b) - [b < 0].
Below a hundredth of a relaxation time E max is 2 sqrt(t/pi), as of Brownian motion, to 1e-3 of itself. Needs NumPy.
"""

from __future__ import annotations

import numpy as np

TIMES = 10.0 ** np.linspace(-2, 4, 49)
BARRIERS = np.linspace(-6.5, 8.0, 117)  # a smooth integrand that ends at 0: the trapezoid rule converges fast


def survival(barrier: float, cells: int) -> np.ndarray:
    """P(max over [0, t] <= barrier) from the stationary start, at all times."""
    low = min(-8.5, barrier - 3.0)
    edges = np.linspace(low, barrier, cells + 1)
    width = edges[1] - edges[0]
    centres = (edges[:-1] + edges[1:]) / 2
    density = np.exp(-(centres**2) / 2) / np.sqrt(2 * np.pi)
    flux = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi) / width**2  # over each edge, per unit of slope
    main = np.zeros(cells)
    main[:-1] += flux[1:-1]
    main[1:] += flux[1:-1]
    main[-1] += 2 * flux[-1]  # killed at the barrier, half a cell away; the low end reflects
    off = -flux[1:-1]
    root = np.sqrt(density)
    matrix = np.diag(main / density) + np.diag(off / (root[:-1] * root[1:]), 1) + np.diag(off / (root[:-1] * root[1:]), -1)
    values, vectors = np.linalg.eigh(matrix)
    weights = (vectors.T @ (root * np.sqrt(width))) ** 2
    return np.exp(-np.outer(TIMES, np.maximum(values, 0))) @ weights


def mean_maximum(cells: int) -> np.ndarray:
    """E max over [0, t], at all times."""
    step = BARRIERS[1] - BARRIERS[0]
    total = np.zeros_like(TIMES)
    for b in BARRIERS:
        part = 1 - survival(b, cells)
        total += step * (part - (1.0 if b < 0 else 0.5 if b == 0 else 0.0))
    return total


def main() -> None:
    """Prints the module."""
    coarse, middle, fine = (mean_maximum(n) for n in (100, 200, 400))
    first, second = middle + (middle - coarse) / 3, fine + (fine - middle) / 3
    worst = np.max(np.abs(second - first))
    print(
        '"""Made by tests/reference/make_maxima.py: E max of a stationary Ornstein-Uhlenbeck process over windows of TIMES[i] relaxation times."""\n'
    )
    print(f"WORST = {worst:.1e}  # between two extrapolations of the grid")
    print("LOG10_FROM, LOG10_TO = -2.0, 4.0")
    print("MEANS = (")
    for value in second:
        print(f"    {value:.7f},")
    print(")")


if __name__ == "__main__":
    main()
