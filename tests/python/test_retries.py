"""Retries in `risk` and `simulate`: the fixed point where it is right, else what is simulated, else a bound that says so."""

import json
import sys
from pathlib import Path

import pytest
from natbound import InputError, Scenario, calculator
from natbound.cli.app import app
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

import measure_retries


def pool(ports: int, load: float, *given: str, **traffic: object) -> Scenario:
    """That of the measurements, with holds of a minute."""
    return measure_retries.pool(ports, load, *given, **{"hold": "60s", **traffic})


# Counted by another simulation (4 to 32 million connections, std::priority_queue): ports, load, tries, attempts refused, connections failed.
COUNTED = [(1000, 985, 7, 0.284, 2.96e-3), (1000, 985, 3, 0.101, 1.08e-2), (100, 90, 7, 0.2264, 3.3e-3)]


@pytest.mark.parametrize(("ports", "load", "tries", "refused", "failed"), COUNTED)
def test_risk_by_simulation_where_back_offs_are_short(ports: int, load: float, tries: int, refused: float, failed: float) -> None:
    found = pool(ports, load).risk(tries=tries)
    retries = found.retries
    assert retries.method == "simulated"
    assert retries.attempt_interval[0] < refused < retries.attempt_interval[1]
    assert retries.interval[0] < failed < retries.interval[1]
    assert retries.failures_per_day == pytest.approx(retries.connection_failure * found.rate * 86400)
    strangers = calculator.retries(ports, load, tries=tries)
    assert retries.interval[0] > 30 * strangers.connection_failure
    assert retries.interval[1] < found.refusal_probability  # trying again helps, if less than strangers think


def test_risk_by_the_fixed_point_where_back_offs_are_long_and_spread() -> None:
    load, days = 100.0, 86400.0
    found = pool(100, load).risk(tries=3, backoff=days, jitter=1).retries
    want = calculator.retries(100, load, tries=3, backoff=days, jitter=1, hold=60)
    assert found.method == "fixed point"
    for ours, theirs in (("attempt_refusal", "attempt_refusal"), ("connection_failure", "connection_failure"),
                         ("attempts_per_connection", "attempts"), ("mean_delay", "mean_delay")):  # fmt: skip
        assert found[ours] == pytest.approx(getattr(want, theirs), rel=1e-6)
    # without jitter those refused together come back together
    assert pool(100, load).risk(tries=3, backoff=600).retries.method == "simulated"
    # a destination in trouble does not drag another along: each has its own retries alone
    two = pool(100, 190, destinations="198.51.100.7-198.51.100.8", weights=[100, 90]).risk(tries=3, backoff=days, jitter=1).retries
    other = calculator.retries(100, 90, tries=3, backoff=days, jitter=1, hold=60)
    assert two.connection_failure == pytest.approx((100 * want.connection_failure + 90 * other.connection_failure) / 190, rel=1e-6)


def test_what_is_too_rare_is_bounded_by_what_is_refused_without_retries() -> None:
    found = pool(1000, 800).risk()
    assert found.retries.method == "bound"
    assert found.retries.connection_failure is None
    assert found.retries.at_most == found.refusal_probability
    assert "too rare" in found.retries.why
    # seen, and none of them failed at all tries
    seen = pool(1000, 930).risk(tries=60, backoff=60, factor=1).retries
    assert seen.method == "simulated"
    assert seen.connection_failure is None
    assert 0 < seen.at_most <= calculator.erlang_b(1000, 930) * (1 + 1e-9)


@pytest.mark.parametrize("design", ["ideal", "linux-masquerade", "vpp-nat44-ed", "cilium", "ovs"])
@pytest.mark.parametrize("hold", [{"law": "exponential", "mean": "60s"}, {"law": "constant", "mean": "60s"}, {"law": "lognormal", "mean": "60s", "cv": 2}],
                         ids=lambda h: str(h["law"]))  # fmt: skip
def test_no_more_fail_with_retries_than_without(design: str, hold: dict[str, object]) -> None:
    s = pool(300, 280, design=design, hold=hold)
    once = s.simulate(arrivals=150_000)
    for policy in ({"tries": 2, "backoff": 0.1}, {"tries": 7}, {"tries": 3, "backoff": 300, "jitter": 1}):
        again = s.simulate(arrivals=150_000, **policy).retries.connection_failure
        assert again.interval[0] < once["interval"][1]
        assert again.value < 1.3 * once["refusal_probability"]


def test_port_blocks_on_demand_are_stepped_with_their_retries() -> None:
    dealt = pool(300, 280).canonical
    dealt["nats"][0]["port-set"] = {"port-set-size": 10, "port-sets-per-subscriber": 20}
    assert Scenario(dealt).risk().retries.method == "simulated"


def test_what_cannot_be_simulated_is_bounded_and_says_why() -> None:
    dealt = pool(300, 280).canonical
    dealt["nats"][0]["port-set"] = {"port-set-size": 10, "port-sets-per-subscriber": 20}
    dealt["nats"][0]["rate-limits"] = {"connections": "1000/s"}
    found = Scenario(dealt).risk()
    assert found.retries.method == "bound"
    assert "rate-limits" in found.retries.why
    assert found.retries.at_most >= found.refusal_probability


def test_retries_at_the_shell(tmp_path) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps(pool(100, 95).canonical))
    run = CliRunner()
    policy = ["--tries", "3", "--backoff", "2s", "--factor", "1", "--jitter", "0.5"]
    page = run.invoke(app, ["simulate", str(path), "--arrivals", "50000", *policy])
    assert page.exit_code == 0, page.output
    assert "connections gave up after 3 tries" in page.output
    assert "mean delay to get in" in page.output
    data = json.loads(run.invoke(app, ["simulate", str(path), "--arrivals", "50000", *policy, "--json"]).stdout)
    assert data["policy"] == {"tries": 3, "backoff": 2, "factor": 1, "jitter": 0.5}
    assert data["retries"]["attempts"] > data["arrivals"] == 50_000
    assert data["retries"]["attempt_refusal"]["value"] == pytest.approx(data["retries"]["refused"] / data["retries"]["attempts"])
    assert sum(kind["retries"]["gave_up"] for kind in data["kinds"]) == data["retries"]["gave_up"]
    risk = run.invoke(app, ["risk", str(path), *policy])
    assert "of connections fail (95 %: " in risk.output
    assert "simulated" in risk.output
    assert "too few independent refusals to judge" in run.invoke(app, ["risk", str(path), "--tries", "1", "--simulate", "500"]).output
    assert "at most" in run.invoke(app, ["risk", str(path), "--scale", "0.5"]).output


@pytest.mark.parametrize(
    "bad", [{"tries": 1001}, {"tries": -1}, {"backoff": -1.0}, {"backoff": float("nan")}, {"factor": 0.5}, {"jitter": 1.5}]
)
def test_bad_policies_name_what_is_wrong(bad: dict[str, float]) -> None:
    for call in (pool(100, 90).simulate, pool(100, 90).risk):
        with pytest.raises(InputError, match=next(iter(bad))):
            call(**bad)


def test_the_formula_refuses_back_offs_that_it_is_wrong_for() -> None:
    with pytest.raises(ValueError, match=r"backoff = 0.016.*natbound simulate FILE --tries"):
        calculator.retries(1000, 985, tries=7, backoff=1 / 60)
    with pytest.raises(ValueError, match=r"backoff = 10: .*\[1\]"):
        calculator.retries(100, 95, backoff=[1e4, 10], jitter=1)
    assert calculator.retries(100, 95, backoff=60e4, jitter=1, hold=60).mean_delay > 0
    with pytest.raises(ValueError, match=r"backoff = 9: "):  # 32 times as many fail, though the ports are full for 4 holds in 9
        calculator.retries(10, 9, tries=20, backoff=9, factor=1, jitter=1)


def test_risk_simulates_where_many_tries_meet_again() -> None:
    given = {"backoff": 10 * 60.0, "factor": 1, "jitter": 1}
    long = pool(10, 9).risk(tries=3, backoff=86400.0, factor=1, jitter=1).retries
    found = pool(10, 9).risk(tries=10, **given).retries
    assert (long.method, found.method) == ("fixed point", "simulated")
    # another simulation (6 million connections): 2.6 times as many fail as strangers would
    strangers = calculator.retries(10, 9, tries=10).connection_failure
    assert found.interval[0] > 1.5 * strangers
