"""Destinations that nobody measured: a guess at the busiest one's share, and the answer as a range."""

import pytest
from natbound import InputError, Scenario, calculator

PORTS = 64_512


def network(top: str, to: str = "unknown", **more: object) -> dict[str, object]:
    return {
        "clients": [{"name": "vms", "addresses": "10.0.0.0/22", "ports": "1024-65535"}],
        "nats": [{"name": "gw", "inside": ["vms"], "external-ip-address-pool": "203.0.113.5", "design": "ideal"}],
        "traffic": [{"from": "vms", "to": to, "top-share": top, "rate": "500/s", "hold": "60s"}],
        **more,
    }


def test_the_busiest_destination_decides() -> None:
    answer = Scenario(network("25%")).answer(remedies=False)
    assert answer.likely.connections == pytest.approx(calculator.load_for(PORTS, 1e-6) / 0.25, rel=1e-9)
    assert "range" not in answer.likely


def test_a_guess_between_bounds_gives_a_range() -> None:
    answer = Scenario(network("10%-100%")).answer(remedies=False)
    alone = calculator.load_for(PORTS, 1e-6)
    assert answer.likely.connections == pytest.approx(alone, rel=1e-9)
    assert answer.likely.range == pytest.approx([alone, alone / 0.1], rel=1e-9)
    least, most = answer.traffic.refusal_probability_range
    assert most["log"] == pytest.approx(calculator.log_erlang_b(PORTS, 30_000), rel=1e-9)
    assert least["log"] < most["log"]


def test_a_share_among_known_servers_is_that_of_the_first() -> None:
    servers = [{"name": "web", "addresses": "198.51.100.1-198.51.100.4", "ports": 443}]
    shared = Scenario(network("40%", to="web", servers=servers))
    weighted = network("40%", to="web", servers=servers)
    entry = weighted["traffic"][0]  # type: ignore[index]
    del entry["top-share"]
    entry["weights"] = [0.4, 0.2, 0.2, 0.2]
    assert shared.answer(remedies=False).likely.connections == pytest.approx(
        Scenario(weighted).answer(remedies=False).likely.connections, rel=1e-12
    )


def test_it_is_kept_in_the_canonical_form() -> None:
    scenario = Scenario(network("10%-100%"))
    again = Scenario(scenario.canonical)
    assert again.canonical == scenario.canonical
    assert scenario.canonical["traffic"][0]["top-share"] == "10%-100%"


@pytest.mark.parametrize(
    ("top", "where", "says"),
    [
        ("100%-10%", "traffic[0].top-share", "reversed"),
        ("0.01%", "traffic[0].top-share", "even share"),
        ("120%", "traffic[0].top-share", "at most 100%"),
        ("a tenth", "traffic[0].top-share", "not a"),
        ("", "traffic[0].top-share", ""),
    ],
)
def test_shares_that_cannot_be(top: str, where: str, says: str) -> None:
    with pytest.raises(InputError) as failed:
        Scenario(network(top))
    assert where in str(failed.value)
    assert says in str(failed.value)


def test_unknown_destinations_want_a_guess() -> None:
    value = network("10%")
    del value["traffic"][0]["top-share"]  # type: ignore[index]
    with pytest.raises(InputError, match="top-share: 10%-100%"):
        Scenario(value)
    mixed = network("10%", to="unknown")
    mixed["traffic"][0]["to"] = ["unknown", "web"]  # type: ignore[index]
    with pytest.raises(InputError, match="an entry of its own"):
        Scenario(mixed)
