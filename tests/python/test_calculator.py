"""The formulas from Python: broadcasting, names of results, errors with their index, other threads and Ctrl-C meanwhile."""

from __future__ import annotations

import csv
import doctest
import inspect
import math
import signal
import threading
import time
from pathlib import Path

import natbound
import numpy as np
import pytest
from natbound import calculator as calc

REFERENCE = Path(__file__).parents[1] / "reference"


def column(name: str, *columns: str) -> list[np.ndarray]:
    with (REFERENCE / name).open() as lines:
        next(lines)
        rows = list(csv.DictReader(lines))
    return [np.array([float(row[c]) for row in rows]) for c in columns]


def test_whole_tables_in_one_call() -> None:
    ports, load, want = column("erlang_c.csv", "ports", "load", "log_erlang_c")
    assert calc.log_erlang_c(ports, load) == pytest.approx(want, rel=1e-13)
    sources, ports, alpha, want = column("engset.csv", "sources", "ports", "alpha", "log_call")
    assert calc.log_engset_call_congestion(sources, ports, alpha) == pytest.approx(want, rel=1e-12)
    load, target, least = column("ports.csv", "load", "target", "erlang_b")
    found = calc.ports_for(load, target)
    assert found.dtype == np.int64
    assert (found == least).all()


def test_scalars_give_scalars_and_arrays_broadcast() -> None:
    assert isinstance(calc.erlang_b(10, 5), float)
    assert isinstance(calc.ports_for(10, 1e-3), int)
    assert calc.erlang_b(np.float32(10), np.int16(5)) == calc.erlang_b(10, 5)
    grid = calc.erlang_b([[10], [20], [30]], np.array([5.0, 8.0])[::-1])
    assert grid.shape == (3, 2)
    assert grid[2, 0] == calc.erlang_b(30, 8)
    assert grid[0, 1] == calc.erlang_b(10, 5)
    assert calc.erlang_b(np.empty((0, 3)), 1).shape == (0, 3)
    transposed = np.arange(1.0, 7.0).reshape(2, 3).T
    assert (calc.erlang_b(transposed, 2) == [[calc.erlang_b(p, 2) for p in row] for row in transposed]).all()
    assert (calc.erlang_b(np.broadcast_to(7.0, (4,)), 2) == calc.erlang_b(7, 2)).all()


def test_errors_name_argument_value_rule_and_index() -> None:
    with pytest.raises(ValueError, match=r"^erlang_b: load = -1: must be at least 0 and at most 1e300$"):
        calc.erlang_b(3, -1)
    with pytest.raises(ValueError, match=r"erlang_b: load = nan: .* \(at index \[0, 2\]\)$"):
        calc.erlang_b([[3.0], [4.0]], [1, 2, math.nan])
    with pytest.raises(ValueError, match=r"at index \[1, 0\]"):
        calc.erlang_b([[3.0], [-4.0]], [1, 2, 3])
    with pytest.raises(ValueError, match=r"engset_call_congestion: ports = 2\.5: must be a whole number"):
        calc.engset_call_congestion(10, 2.5, 0.1)
    with pytest.raises(ValueError, match=r"tries = -1: must be a whole number"):
        calc.refusal_probability(10, -1, 5)
    with pytest.raises(ValueError, match="shapes do not fit together: lengths 2 and 3"):
        calc.erlang_b([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="no number of tries"):
        calc.tries_for(10, 10, 0.2)
    with pytest.raises(ValueError, match=r"kaufman_roberts: loads\[1\] = -1: .*"):
        calc.kaufman_roberts(5, [1, -1], [1, 2])
    with pytest.raises(ValueError, match=r"loads\[0\] = -1: .* \(at index \[2\]\)"):
        calc.kaufman_roberts(5, [[1, 2], [3, 4], [-1, 1]], [1, 2])
    with pytest.raises(ValueError, match=r"modulated: switching\[0\]\[1\] = -1"):
        calc.modulated(5, [[0, -1], [1, 0]], [1, 2])
    with pytest.raises(TypeError):
        calc.erlang_b("many", 1)


def test_sizing() -> None:
    assert calc.rate_for(28232, 60, 1e-6) * 60 == pytest.approx(calc.load_for(28232, 1e-6))
    assert calc.hold_for(28232, [400, 450], 1e-6).shape == (2,)
    assert calc.tries_for(64512, 0.8 * 64512, [1e-3, 7.800244e-4]).tolist() == [31, 32]
    assert calc.tries_for(20, 10, 0.2, with_replacement=False) <= calc.tries_for(20, 10, 0.2)
    assert calc.addresses_for(250000, 64512, 1e-6) == 4
    assert calc.addresses_for(250000, 64512, 1e-6, shared=[True, False]).tolist() == [4, 4]


def test_results_with_names() -> None:
    one = calc.batches(64, 50, 3)
    assert one.refusal == pytest.approx(0.03361877238, rel=1e-9)
    assert calc.batches([64, 128], [[50], [60], [70]], 3).refusal.shape == (3, 2)
    assert calc.batches(64, 50, 3, geometric=[False, True], whole=True).mean.shape == (2,)
    assert calc.overflow(64, 60).peakedness == pytest.approx(4.33736819689)
    assert calc.overflow_to_second(10, 10, 5).overflow_refusal == pytest.approx(0.170083637562)
    assert calc.retries(64, 60, tries=0, persistence=0.9).attempt_load == pytest.approx(67.7272736783)
    gives_up = calc.retries(64512, 60000, tries=5, search_tries=[0, 32])
    assert gives_up.attempt_refusal[1] == pytest.approx(calc.refusal_probability(64512, 32, gives_up.attempt_load[1]), rel=1e-9)
    assert gives_up.connection_failure[1] == pytest.approx(gives_up.attempt_refusal[1] ** 5, rel=1e-9)
    assert calc.retries(64, [50, 60], tries=[[1], [3]]).connection_failure.shape == (2, 2)
    assert calc.on_off(20, 3, 10, 1, [1, 2]).refusal.shape == (2,)


def test_vectors_of_classes_and_phases() -> None:
    one = calc.kaufman_roberts(5, [2, 1], [1, 2])
    assert one.refusal == pytest.approx([0.172185430464, 0.381898454746])
    assert one.exact
    many = calc.kaufman_roberts([[5], [12]], [[2, 1], [3, 1], [4, 1]], [1, 2], reserved=[0, 0])
    assert many.refusal.shape == (2, 3, 2)
    assert many.refusal[0, 0] == pytest.approx(one.refusal)
    assert many.mean.shape == (2, 3)
    assert not calc.kaufman_roberts(5, [2, 1], [1, 2], reserved=[1, 0]).exact
    switching, loads = [[0, 1], [2, 0]], [[5, 5], [1, 9]]
    found = calc.modulated(10, switching, loads)
    assert found.refusal.shape == (2,)
    assert found.full_by_phase.shape == (2, 2)
    assert found.refusal[0] == pytest.approx(calc.erlang_b(10, 5))
    assert isinstance(calc.modulated(10, switching, [1, 2]).refusal, float)
    assert calc.modulated_peakedness(switching, [5, 5]) == pytest.approx(1)
    assert calc.modulated_peakedness(switching, loads).shape == (2,)


def test_other_threads_run_and_ctrl_c_interrupts() -> None:
    # The main thread computes for seconds; another one runs meanwhile and asks it to stop.
    ran = []

    def interrupt() -> None:
        time.sleep(0.3)
        ran.append(True)
        signal.raise_signal(signal.SIGINT)

    # a shell's background jobs are started with the signal ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        other = threading.Thread(target=interrupt)
        other.start()
        begun = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            calc.batches(np.full(2000, 100000), 90000, 3)
        other.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran
    assert time.perf_counter() - begun < 5


def test_every_formula_is_listed_and_documented() -> None:
    assert calc.__all__ == sorted(calc.__all__)
    for name in calc.__all__:
        formula = getattr(calc, name)
        assert inspect.isclass(formula) or inspect.getdoc(formula), name


def test_the_examples_of_the_manual() -> None:
    text = (REFERENCE.parents[1] / "docs" / "calculator.md").read_text().replace("```", "\n")
    examples = doctest.DocTestParser().get_doctest(text, {}, "docs/calculator.md", None, None)
    assert len(examples.examples) >= 3
    result = doctest.DocTestRunner().run(examples)
    assert result.failed == 0


def test_inverses_of_finite_sources_sizes_and_batches():
    """Arrays broadcast, whole numbers are whole, and one less (one more) does not meet the target."""
    ports = calc.ports_for_engset([1000, 20], 0.05, [[3.5e-3], [1e-9]])
    assert ports.shape == (2, 2)
    assert ports.dtype.kind in "iu"
    assert (calc.engset_call_congestion([1000, 20], ports, 0.05) <= [[3.5e-3], [1e-9]]).all()
    assert (calc.engset_call_congestion([1000, 20], ports - 1, 0.05) > [[3.5e-3], [1e-9]]).all()
    assert calc.load_for_engset(3, 2, calc.engset_time_congestion(3, 2, 5 / 7), time=True) == pytest.approx(5 / 7, rel=1e-12)
    assert calc.rate_for_engset(30, 8, 60, 1e-3) * 60 == pytest.approx(calc.load_for_engset(30, 8, 1e-3))
    assert calc.hold_for_engset(30, 8, 0.01, 1e-3) * 0.01 == pytest.approx(calc.load_for_engset(30, 8, 1e-3))
    most = calc.sources_for_engset(64, 0.05, 1e-3)
    assert calc.engset_call_congestion(most, 64, 0.05) <= 1e-3 < calc.engset_call_congestion(most + 1, 64, 0.05)
    few = calc.ports_for_sizes([20, 5, 1], [1, 4, 16], [0.3, 1e-6])
    assert few.shape == (2,)
    for n, target in zip(few, [0.3, 1e-6], strict=True):
        assert calc.kaufman_roberts(n, [20, 5, 1], [1, 4, 16]).refusal.max() <= target
        assert calc.kaufman_roberts(n - 1, [20, 5, 1], [1, 4, 16]).refusal.max() > target
    scale = calc.scale_for_sizes(63, [20, 5, 1], [1, 4, 16], 1e-3)
    assert calc.kaufman_roberts(63, scale * np.array([20, 5, 1]), [1, 4, 16]).refusal.max() == pytest.approx(1e-3)
    assert calc.ports_for_batches(1000, [1, 10], 1e-6, geometric=True).tolist() == [calc.ports_for(1000, 1e-6), 1530]
    assert calc.batches(1000, calc.load_for_batches(1000, 5, 1e-6), 5).refusal == pytest.approx(1e-6)
    assert calc.finite_queue(20, calc.load_for_room(20, 1e-3)).loss == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: calc.load_for_engset(3, [2, 3], 0.1), r"load_for_engset: ports = 3: is a port for each source.*index \[1\]"),
        (lambda: calc.sources_for_engset(10, 0, 0.1), "is met by the most sources there are"),
        (lambda: calc.sources_for_engset(0, 1, 0.1), "is not met by one source alone"),
        (lambda: calc.scale_for_sizes(5, [1, 1], [1, 6], 0.1), "is too few for a connection of a class"),
        (lambda: calc.ports_for_sizes([1e11], [1], 0.1), r"needs more than 2\^26 ports"),
        (lambda: calc.load_for_batches(2, 3, 0.3), "is met at no load"),
        (lambda: calc.ports_for_engset(2.5, 1, 0.3), "must be a whole number"),
    ],
)
def test_targets_that_nothing_meets_are_one_clear_error(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_bound_at_a_low_load_is_no_worse_than_at_a_higher_one() -> None:
    s = {"clients": [{"name": "A", "addresses": "10.0.0.0/24"}], "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
         "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.1", "design": "linux-masquerade"}]}  # fmt: skip
    for load in (100, 225):  # below the ports that the fewest probes try, and above
        risk = natbound.Scenario({**s, "traffic": [{"from": "A", "to": "C", "rate": "5/s", "hold": f"{load / 5}s"}]}).risk().to_dict()
        assert risk["at_most"] < 1e-8
