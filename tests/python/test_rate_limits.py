"""New connections a second: a limit of its own beside guaranteed and maximum, with the loss of a token bucket."""

from typing import Any

import pytest
from natbound import InputError, Scenario, calculator


def gateway(rate: float, limits: dict[str, Any] | None, ports: int = 64512, **traffic: Any) -> Scenario:
    nat = {
        "name": "r",
        "inside": ["A"],
        "external-ip-address-pool": "203.0.113.1",
        "design": "ideal",
        "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
    }
    return Scenario(
        {
            "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
            "nats": [{**nat, "rate-limits": limits} if limits else nat],
            "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 443}],
            "traffic": [{"from": "A", "to": "S", "rate": f"{rate}/s", "hold": "10s", **traffic}],
        }
    )


def test_risk_has_the_loss_of_the_token_bucket() -> None:
    found = gateway(980, {"connections": "1000/s", "connections-burst": 50}).risk(tries=1)
    loss = calculator.finite_queue(50, 0.98).loss
    (limit,) = found["rate_limits"]
    assert limit == {**limit, "nat": "r", "connections": 1000, "burst": 50, "offered": 980}
    assert limit["refusal_probability"] == pytest.approx(loss, rel=1e-9)
    assert found["refusal_probability"] == pytest.approx(loss, rel=1e-9)  # ports lose 1e-9000
    assert not found["exact"]
    assert "M/D/1/K" in found["method"]
    assert any("independently of all else" in text for text in found["assumptions"])


def test_limits_in_sequence_are_joined_from_above() -> None:
    found = gateway(980, {"connections": "1000/s", "connections-burst": 50}, ports=10_000).risk(tries=1)
    bucket, ports = calculator.finite_queue(50, 0.98).loss, calculator.erlang_b(10_000, 9_800)
    assert found["refusal_probability"] == pytest.approx(1 - (1 - bucket) * (1 - ports), rel=1e-9)
    assert found["interval"][0] == pytest.approx(max(bucket, ports), rel=1e-9)


def test_the_answer_ranks_it_in_the_same_unit_and_leaves_the_other_numbers_alone() -> None:
    limited = gateway(500, {"connections": "1000/s"}).answer(remedies=False)
    free = gateway(500, None).answer(remedies=False)
    first = limited["limits"][0]
    assert first["kind"] == "rate"
    assert first["name"] == "new connections of r: 1000/s"
    assert first["connections"] == 10_000
    assert first["load"] == pytest.approx(calculator.load_for_room(1000, 1e-6) * 10_000, rel=1e-9)
    assert limited["likely"]["connections"] == pytest.approx(first["load"], rel=1e-6)
    for number in ("guaranteed", "maximum"):
        assert limited[number]["connections"] == free[number]["connections"]
    assert [x["load"] for x in limited["limits"] if x["kind"] == "search"] == [x["load"] for x in free["limits"] if x["kind"] == "search"]


def test_certificates_of_such_a_scenario_are_checked() -> None:
    from natbound.check import check

    answer = gateway(500, {"connections": "1000/s"}).answer(remedies=False)
    assert check(answer["maximum"]["evidence"]).valid


def packets(rate: float, each: float, limit: float, burst: int, *, hold: str = "10s", law: str = "exponential") -> Scenario:
    return gateway(rate, {"packets": f"{limit}/s", "packets-burst": burst}, packets=each, hold={"law": law, "mean": hold})


@pytest.mark.parametrize(
    ("law", "hold", "limit"), [("exponential", "10s", 10_500), ("constant", "10s", 10_500), ("exponential", "1s", 10_500)]
)
def test_packets_are_lost_as_simulated(law: str, hold: str, limit: float) -> None:
    scenario = packets(100, 100, limit, 50, hold=hold, law=law)
    found = scenario.risk(tries=1)
    (row,) = found["rate_limits"]
    assert (row["packets"], row["burst"], row["offered"]) == (limit, 50, pytest.approx(10_000))
    seen = scenario.simulate(seed=3, arrivals=400_000)
    lost = seen["packets"]["lost"] / seen["packets"]["offered"]
    assert 0.8 < row["packet_loss"] / lost < 1.25  # the simulation is known to a tenth
    assert 0.8 < row["refusal_probability"] / seen["refusal_probability"] < 1.25
    assert seen["refused_by_rate"] == seen["refused"]  # the ports have room
    assert row["refusal_probability"] > 3 * calculator.finite_queue(50, 10_000 / limit).loss  # the mean rate alone says far too little
    assert found["interval"][0] < seen["refusal_probability"]
    assert any("spread evenly" in text for text in found["assumptions"])


def test_packets_whose_senders_stay_are_an_average_of_queues() -> None:
    """Without a hold the number live stays: M/D/1/K summed over Poisson's law, by itself."""
    import math

    limit, depth, opening, live, each = 1100.0, 20, 20.0, 200.0, 4.9
    terms = [
        (
            math.exp(n * math.log(live) - live - math.lgamma(n + 1)),
            opening + n * each,
            calculator.finite_queue(depth, (opening + n * each) / limit).loss,
        )
        for n in range(400)
    ]
    found = calculator.packet_limit(limit, depth, opening=opening, live=live, each=each)
    assert found.refusal == pytest.approx(sum(p * loss for p, _, loss in terms), rel=1e-4)
    assert found.loss == pytest.approx(sum(p * rate * loss for p, rate, loss in terms) / (opening + live * each), rel=1e-4)
    scale = calculator.scale_for_packets(limit, depth, 1e-6, opening=opening, live=live, each=each)
    assert calculator.packet_limit(limit, depth, opening=opening * scale, live=live * scale, each=each).refusal == pytest.approx(
        1e-6, rel=1e-3
    )


def test_connections_are_policed_as_simulated() -> None:
    scenario = gateway(980, {"connections": "1000/s", "connections-burst": 20})
    seen = scenario.simulate(seed=1, arrivals=1_000_000)
    assert seen["interval"][0] * 0.9 < calculator.finite_queue(20, 0.98).loss < seen["interval"][1] * 1.1


@pytest.mark.parametrize(
    ("kind", "limits", "more"),
    [
        ("rate", {"rate-limits": {"connections": "60/s", "connections-burst": 10}}, {}),
        ("packets", {"rate-limits": {"packets": "2000/s", "packets-burst": 30}}, {"packets": 40}),
        ("table", {"connection-limits": {"limit-per-instance": 500}}, {}),
        ("memory", {"memory": {"total": "160kB", "per-entry": "320B"}}, {}),
        ("quota", {"connection-limits": {"limit-per-subscriber": 8}}, {}),
    ],
)
def test_the_first_limit_binds_where_the_simulation_says(kind: str, limits: dict[str, Any], more: dict[str, Any]) -> None:
    """At the factor that the ranking gives for 2 % the simulation refuses 2 %, whatever binds."""
    document = gateway(30, None, hold="10s", **more).canonical
    document["nats"][0].update(limits)
    scenario = Scenario(document)
    found = scenario.risk(tries=1, epsilon=0.02)
    first = found["first_limit"]
    assert first["kind"] == kind
    assert first["next"]["factor"] == pytest.approx(first["factor"] * first["next"]["times"])
    listed = found["limits"][0]
    assert (listed["name"], listed["headroom"]) == (first["name"], first["factor"])
    assert listed["refusal_probability"] <= found["refusal_probability"] * (1 + 1e-9)
    seen = scenario.with_settings(f"traffic.rate={30 * first['factor']}/s").simulate(seed=5, arrivals=300_000)
    assert seen["refusal_probability"] == pytest.approx(0.02, rel=0.35 if kind == "packets" else 0.12)
    answered = scenario.answer(0.02, remedies=False)
    assert answered["first_limit"]["name"] == first["name"]
    assert answered["first_limit"]["factor"] == pytest.approx(first["factor"])


def test_a_limit_on_packets_without_their_number_says_so() -> None:
    found = gateway(980, {"packets": "1000/s"}).risk(tries=1)
    assert "rate_limits" not in found
    assert any("does not say how many packets" in text for text in found["assumptions"])


def test_certificates_hold_memory_to_its_entries() -> None:
    import copy

    from natbound.check import check

    document = gateway(30, None).canonical
    document["nats"][0]["memory"] = {"total": "160kB", "per-entry": "320B"}
    document["nats"][0]["profile"] = "pfsense"
    answer = Scenario(document).answer(remedies=False)
    evidence = answer["maximum"]["evidence"]
    assert answer["maximum"]["connections"] == 500
    assert check(evidence).valid
    more = copy.deepcopy(evidence)
    more["scenario"]["nats"][0]["connection-limits"]["limit-per-instance"] = 501
    assert not check(more).valid


def test_what_is_not_modelled_says_so() -> None:
    bursty = gateway(500, {"connections": "1000/s"}, arrivals={"law": "batches", "mean-batch": 4})
    counted = bursty.risk(tries=1)
    assert counted.method.startswith("counted: ")
    assert "a rate limit under arrivals in bursts" in counted.method
    assert "a rate limit under arrivals in bursts" in bursty.answer(remedies=False).to_dict()["likely"]["unknown"]


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"connections": "0/s"}, r"nats\[0\]\.rate-limits\.connections: '0/s': a rate above 0"),
        ({"connections-burst": 5}, "new connections a second are wanted"),
        ({"packets": "5/s", "connections-burst": 5}, "a burst goes with a rate"),
        ({"packets": "0/s"}, r"packets: '0/s': a rate above 0"),
        ({"packets": "5/s", "packets-burst": 0}, "a burst of 0 admits nothing"),
        ({"connections": "5/s", "connections-burst": 0}, "a burst of 0 admits nothing"),
        ({"connection": "5/s"}, "did you mean connections"),
    ],
)
def test_bad_limits(limits: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        gateway(500, limits)


@pytest.mark.parametrize("rate", [26, 28, 32, 60])
def test_connections_that_are_refused_send_no_packets(rate: int) -> None:
    """In overload those that get in leave room for themselves alone: the fixed point, where the packets of all would lose twice as many."""
    scenario = gateway(rate, {"packets": "500/s", "packets-burst": 200}, hold="60s", packets=20)
    found = scenario.risk(tries=1)["refusal_probability"]
    seen = scenario.simulate(seed=1, arrivals=1_000_000)["refusal_probability"]  # known to 2 %: overloads last
    assert found == pytest.approx(seen, rel=0.15 if rate < 28 else 0.05)


def test_a_table_smaller_than_the_ports_refuses_alone() -> None:
    scenario = gateway(16, None, hold="60s")
    document = scenario.canonical
    document["nats"][0]["connection-limits"] = {"limit-per-instance": 980}
    document["nats"][0]["port-set-restrict"] = {"start-port-number": 40000, "end-port-number": 40999}
    found = Scenario(document).risk(tries=1)
    assert found.exact
    assert found["refusal_probability"] == pytest.approx(calculator.erlang_b(980, found["load"]), rel=1e-12)


def test_a_table_that_drops_its_oldest_refuses_nobody() -> None:
    document = gateway(100, None, hold="60s", packets=30).canonical
    nat = document["nats"][0]
    nat["connection-limits"], nat["design"]["pressure"] = {"limit-per-instance": 4000}, "drop-least-recently-used"
    scenario = Scenario(document)
    found = scenario.risk()
    assert found["refusal_probability"] == 0
    assert found["retries"]["connection_failure"] == 0
    (cut,) = found["cuts"]
    assert cut["probability"] == pytest.approx(scenario.simulate(seed=1, arrivals=300_000)["refusal_probability"], rel=0.03)
    # entries are gone when they close: there is no closed one to drop
    kind = calculator.Connections(100, 60, 60 / 29, closed_timeout=1e-6)
    assert cut["silence"] == pytest.approx(calculator.EvictingTable(4000, [kind]).characteristic_time(), rel=1e-4)
