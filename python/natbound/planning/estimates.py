"""Each input that was measured turned into a mean with its 95 % interval. By itself: it loads NumPy, which few commands need."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from natbound.calculator.maxima import load_from_maximum
from natbound.errors import InputError
from natbound.importing.intervals import Estimate, Z, chi_square_tail, poisson
from natbound.planning.measured import Counts, Fit, Maxima, Samples

RESAMPLES = 4000
FEWEST = 5  # samples: with fewer, an interval by resampling says nothing


def estimate(measured: Samples | Counts | Maxima | Fit, path: str = "samples") -> Estimate:
    """The mean with its 95 % interval. Bad values raise InputError with their place.

    Samples: bootstrap-t of the logarithm of the mean (B. Efron and R. Tibshirani, 1993, 12.5), for holds are skewed; the same numbers are
    drawn each time. Counts: Garwood's interval, widened where counts vary more than Poisson's do. A fit: 1.96 standard errors of the logarithm.
    """
    if isinstance(measured, Samples):
        return _of_samples(_numbers(measured.values, path, positive=True), path)
    if isinstance(measured, Counts):
        if not 0 < measured.seconds < math.inf:
            raise InputError("a time above 0 is wanted", path=path, value=str(measured.seconds))
        return _of_counts(_numbers(measured.counts, path, positive=False), measured.seconds, path)
    if isinstance(measured, Maxima):
        return _of_maxima(measured, path)
    _numbers([measured.value], path, positive=True)
    if not 0 <= measured.error < math.inf:
        raise InputError("a standard error of 0 or more is wanted", path=path, value=str(measured.error))
    wide = math.exp(Z * measured.error / measured.value)
    return Estimate(measured.value, measured.value / wide, measured.value * wide, f"a fit with standard error {measured.error:.3g}")


def _numbers(values: Sequence[float], path: str, *, positive: bool) -> np.ndarray:
    out = np.asarray(values, dtype=float)
    good = (out > 0 if positive else out >= 0) & np.isfinite(out)
    if out.ndim != 1 or out.size == 0:
        raise InputError("a list of numbers is wanted", path=path)
    if not good.all():
        at = int(np.argmin(good))
        raise InputError("a finite number above 0 is wanted" if positive else "a finite number, 0 or more, is wanted",
                         path=f"{path}[{at}]", value=str(values[at]))  # fmt: skip
    return out


def _of_samples(values: np.ndarray, path: str) -> Estimate:
    n = values.size
    if n < FEWEST:
        raise InputError(f"at least {FEWEST} samples are wanted", path=path, value=f"{n} samples")
    mean, error = values.mean(), values.std(ddof=1) / math.sqrt(n)
    basis = f"{n:,} samples"
    if error == 0:
        return Estimate(float(mean), float(mean), float(mean), basis)
    draws = np.random.default_rng(n)
    t = []
    for _ in range(-(-RESAMPLES * n // 4_000_000)):  # in pieces, so that many samples fit into memory
        size = min(RESAMPLES, max(1, 4_000_000 // n))
        again = values[draws.integers(0, n, (size, n))]
        means, errors = again.mean(axis=1), again.std(axis=1, ddof=1) / math.sqrt(n)
        good = errors > 0
        t.append(np.log(means[good] / mean) / (errors[good] / means[good]))
    low, high = np.quantile(np.concatenate(t), [0.025, 0.975])
    relative = error / mean
    return Estimate(float(mean), float(mean * math.exp(-high * relative)), float(mean * math.exp(-low * relative)), basis)


def _of_maxima(measured: Maxima, path: str) -> Estimate:
    """The load behind the mean of the maxima. Its error: what the mean over so many holds has by chance, or more, where maxima in batches of ten
    holds or longer show more."""
    values = _numbers(measured.values, path, positive=True)
    for name, value in (("seconds", measured.seconds), ("hold", measured.hold)):
        if not 0 < value < math.inf:
            raise InputError("a time above 0 is wanted", path=f"{path}.{name}", value=str(value))
    window = measured.seconds / measured.hold
    try:
        load = float(load_from_maximum(values.mean(), window))
    except ValueError as bad:
        raise InputError(str(bad), path=path) from None
    holds = values.size * window
    relaxed = (1 - (1 - math.exp(-holds)) / holds) / holds if holds > 1e-6 else 0.5
    error = math.sqrt(2 * load * relaxed)
    each = max(1, math.ceil(10 / window))
    batches = values.size // each
    if batches >= 10:
        means = values[: batches * each].reshape(batches, each).mean(axis=1)
        error = max(error, float(means.std(ddof=1)) / math.sqrt(batches))
    basis = f"{values.size:,} maxima of {measured.seconds:g} s"
    return Estimate(load, max(load - Z * error, load / 2), load + Z * error, basis)


def _of_counts(counts: np.ndarray, seconds: float, path: str) -> Estimate:
    whole = np.round(counts)
    if not (whole == counts).all():
        at = int(np.argmax(whole != counts))
        raise InputError("a whole number of connections is wanted", path=f"{path}[{at}]", value=str(counts[at]))
    total, n = int(counts.sum()), counts.size
    if total == 0:
        raise InputError("no connection was counted: no rate follows", path=path)
    spread = float(((counts - counts.mean()) ** 2).sum() / counts.mean()) if n > 1 else 0.0
    beyond = n > 1 and chi_square_tail(spread, n - 1) < 0.01
    found = poisson(total, n * seconds, spread / (n - 1) if beyond else 1.0)
    return Estimate(
        found.value, found.low, found.high, f"{total:,} in {n:,} times {seconds:g} s" + (", more uneven than Poisson" if beyond else "")
    )
