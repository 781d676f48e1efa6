"""The packages beside which bench/calculator.py measures: each is called as its users call it, one input a call."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
Row = dict[str, float]
Answers = tuple[list[float], list[float]]  # values, seconds a call


class Missing(Exception):
    """A peer that is not installed: why, and how to get it."""


def one_by_one(call: Callable[[Row], float], rows: Sequence[Row], repeats: int = 5) -> Answers:
    """Each value, and the median time of a call."""
    values, times = [], []
    for row in rows:
        spent, value = [], math.nan
        for _ in range(repeats):
            start = time.perf_counter()
            try:
                value = float(call(row))
            except (ArithmeticError, ValueError):
                value = math.nan
            spent.append(time.perf_counter() - start)
        values.append(value)
        times.append(statistics.median(spent))
    return values, times


# Erlang B and C


def natbound_scalar(rows: Sequence[Row]) -> Answers:
    from natbound import calculator

    return one_by_one(lambda r: calculator.erlang_b(r["ports"], r["load"]), rows)


def natbound_array(rows: Sequence[Row]) -> Answers:
    import numpy as np
    from natbound import calculator

    ports, load = np.array([r["ports"] for r in rows]), np.array([r["load"] for r in rows])
    values, times = [], []
    for _ in range(20):
        start = time.perf_counter()
        values = calculator.erlang_b(ports, load)
        times.append((time.perf_counter() - start) / len(rows))
    return list(values), [statistics.median(times)] * len(rows)


def natbound_waiting(rows: Sequence[Row]) -> Answers:
    from natbound import calculator

    return one_by_one(lambda r: calculator.erlang_c(r["ports"], r["load"]), rows)


def boost(rows: Sequence[Row]) -> Answers:
    compiler = next((c for c in ("c++", "g++", "clang++") if shutil.which(c)), None)
    if compiler is None:
        raise Missing("no C++ compiler: apt install g++")
    headers = Path(sysconfig.get_path("purelib")) / "boost_headers" / "include"
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "boost-ratio")
        made = subprocess.run(
            [compiler, "-std=c++20", "-O2", f"-I{headers}", "-o", program, str(ROOT / "bench" / "boost_ratio.cpp")],
            capture_output=True, text=True,
        )  # fmt: skip
        if made.returncode:
            raise Missing("Boost's headers: python -m pip install boost-headers")
        given = "".join(f"{r['ports']!r} {r['load']!r}\n" for r in rows)
        out = subprocess.run([program], input=given, capture_output=True, text=True, check=True).stdout
    cells = [line.split() for line in out.splitlines()]
    return [float(value) for value, _ in cells], [float(spent) * 1e-9 for _, spent in cells]


def scipy(rows: Sequence[Row]) -> Answers:
    try:
        from scipy.stats import poisson
    except ImportError:
        raise Missing("python -m pip install scipy") from None
    import warnings

    warnings.simplefilter("ignore")
    return one_by_one(lambda r: poisson.pmf(r["ports"], r["load"]) / poisson.cdf(r["ports"], r["load"]), rows, 3)


def scipy_special(rows: Sequence[Row]) -> Answers:
    """The same by special functions, without the overhead of distributions."""
    try:
        from scipy import special
    except ImportError:
        raise Missing("python -m pip install scipy") from None

    def ratio(row: Row) -> float:
        c, a = row["ports"], row["load"]
        return float(math.exp(c * math.log(a) - a - special.gammaln(c + 1)) / special.gammaincc(c + 1, a))

    return one_by_one(ratio, rows)


def natbound_finite(rows: Sequence[Row]) -> Answers:
    from natbound import calculator

    return one_by_one(lambda r: calculator.engset_time_congestion(r["sources"], r["ports"], r["alpha"]), rows)


def scipy_finite(rows: Sequence[Row]) -> Answers:
    """Each source is busy with probability alpha/(1 + alpha), and more than `ports` cannot be."""
    try:
        from scipy.stats import binom
    except ImportError:
        raise Missing("python -m pip install scipy") from None

    import warnings

    warnings.simplefilter("ignore")

    def ratio(row: Row) -> float:
        law = binom(row["sources"], row["alpha"] / (1 + row["alpha"]))
        return float(law.pmf(row["ports"]) / law.cdf(row["ports"]))

    return one_by_one(ratio, rows, 3)


def natbound_tail(rows: Sequence[Row]) -> Answers:
    from natbound import calculator

    return one_by_one(lambda r: calculator.poisson_tail(r["ports"], r["load"]), rows)


def scipy_tail(rows: Sequence[Row]) -> Answers:
    try:
        from scipy.stats import poisson
    except ImportError:
        raise Missing("python -m pip install scipy") from None
    return one_by_one(lambda r: float(poisson.sf(r["ports"], r["load"])), rows, 3)


def pyworkforce(rows: Sequence[Row]) -> Answers:
    try:
        from pyworkforce.queuing import ErlangC
    except ImportError:
        raise Missing("python -m pip install pyworkforce") from None

    def waiting(row: Row) -> float:
        return float(ErlangC(transactions=row["load"], aht=1, asa=1, interval=1).waiting_probability(positions=int(row["ports"])))

    return one_by_one(waiting, rows, 1)


def r_queueing(function: str) -> Callable[[Sequence[Row]], Answers]:
    return lambda rows: in_r(function, rows)


def in_r(function: str, rows: Sequence[Row]) -> Answers:
    if shutil.which("Rscript") is None:
        raise Missing("no Rscript: apt install r-base-core, then Rscript -e 'install.packages(\"queueing\")'")
    code = f"""
        if (!requireNamespace("queueing", quietly = TRUE)) quit(status = 7)
        rows <- read.table(file("stdin"))
        for (i in seq_len(nrow(rows))) {{
            c <- rows[i, 1]; u <- rows[i, 2]; n <- 1000
            spent <- system.time(for (k in seq_len(n)) b <- suppressWarnings(queueing::{function}(c, u)))[["elapsed"]] / n
            cat(sprintf("%.17g %.9g\\n", b, spent))
        }}
    """
    given = "".join(f"{r['ports']!r} {r['load']!r}\n" for r in rows)
    done = subprocess.run(["Rscript", "-e", code], input=given, capture_output=True, text=True)
    if done.returncode:
        raise Missing("R has no queueing: Rscript -e 'install.packages(\"queueing\")'")
    cells = [line.split() for line in done.stdout.splitlines()]
    values = [float(value) if value not in ("NA", "NaN") else math.nan for value, _ in cells]
    return values, [float(spent) for _, spent in cells]


# Transients and first passages


def natbound_transient(rows: Sequence[Row]) -> Answers:
    from natbound import calculator as c

    return one_by_one(lambda r: c.transient_full_probability(r["ports"], r["load"], r["time"], start=r["start"]), rows)


def natbound_passage(rows: Sequence[Row]) -> Answers:
    from natbound import calculator as c

    return one_by_one(lambda r: c.first_passage_cdf(r["ports"], r["load"], r["time"], start=r["start"], event="full"), rows)


def storm(formula: str) -> Callable[[Sequence[Row]], Answers]:
    """Storm on the chain written out; the time has the building of the chain in it."""

    def work(rows: Sequence[Row]) -> Answers:
        try:
            import stormpy
        except ImportError:
            raise Missing("python -m pip install stormpy") from None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "loss.sm"

            def probability(row: Row) -> float:
                c, start = int(row["ports"]), int(row["start"])
                file.write_text(
                    f"ctmc\nmodule m\n  n : [0..{c}] init {start};\n  <> n<{c} -> {row['load']!r} : (n'=n+1);\n"
                    f'  <> n>0 -> n : (n\'=n-1);\nendmodule\nlabel "full" = n={c};\n'
                )
                program = stormpy.parse_prism_program(str(file))
                wanted = stormpy.parse_properties(formula.format(t=repr(row["time"])), program)
                model = stormpy.build_model(program, wanted)
                found = stormpy.model_checking(model, wanted[0])
                return float((found.get_value if hasattr(found, "get_value") else found.at)(model.initial_states[0]))  # stormpy 2, 1

            with silence():
                return one_by_one(probability, rows, 1)

    return work


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """What a library writes to standard output and error by itself (Storm warns of underflow) goes nowhere."""
    sys.stdout.flush()
    kept = [os.dup(fd) for fd in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd in (1, 2):
            os.dup2(nowhere, fd)
        yield
    finally:
        for fd, was in zip((1, 2), kept, strict=True):
            os.dup2(was, fd)
            os.close(was)
        os.close(nowhere)
