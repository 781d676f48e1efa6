"""New connections a second: a limit of its own beside guaranteed and maximum, with the loss of a token bucket."""

from typing import Any

import pytest
from natbound import InputError, Scenario, Unsupported, calculator


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


def test_what_is_not_modelled_says_so() -> None:
    limited = gateway(500, {"connections": "1000/s"})
    with pytest.raises(Unsupported, match="rate-limits"):
        limited.simulate(arrivals=1000)
    bursty = gateway(500, {"connections": "1000/s"}, arrivals={"law": "batches", "mean-batch": 4})
    with pytest.raises(Unsupported, match="a rate limit under arrivals in bursts"):
        bursty.risk()


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"connections": "0/s"}, r"nats\[0\]\.rate-limits\.connections: '0/s': a rate above 0"),
        ({"connections-burst": 5}, "new connections a second are wanted"),
        ({"connections": "5/s", "connections-burst": 0}, "a burst of 0 admits nothing"),
        ({"connection": "5/s"}, "did you mean connections"),
    ],
)
def test_bad_limits(limits: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        gateway(500, limits)
