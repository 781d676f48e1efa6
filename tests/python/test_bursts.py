"""Arrivals in bursts: exact chains for complete searches, counted refusals for the others, and what is right for Poisson alone refuses."""

import math
from typing import Any

import pytest
from natbound import InputError, Scenario, calculator

BATCHES = {"law": "batches", "mean-batch": 7}
ON_OFF = {"law": "on-off", "on": "5s", "off": "15s"}
STATES = [{"weight": 2, "mean": "30s", "next": [0, 3, 1]}, {"weight": 3, "mean": "10s"}, {"weight": 1, "mean": "20s"}]
MMPP = {"law": "mmpp", "states": STATES}


def home(
    arrivals: dict[str, Any] | None,
    design: str = "ideal",
    load: float = 440,
    ports: int = 500,
    hold: Any = "10s",
    pool: str = "203.0.113.1",
    nat: dict[str, Any] | None = None,
    more: tuple[dict[str, Any], ...] = (),
) -> Scenario:
    entry = {"from": "A", "to": "S", "rate": f"{load / 10 / (1 + len(more))}/s", "hold": hold}
    entries = [{**entry, "arrivals": arrivals} if arrivals else entry, *({**entry, **extra} for extra in more)]
    return Scenario(
        {
            "clients": [{"name": "A", "addresses": "10.0.0.0/28"}],
            "nats": [
                {
                    "name": "r",
                    "inside": ["A"],
                    "external-ip-address-pool": pool,
                    "design": design,
                    "port-set-restrict": {"start-port-number": 20000, "end-port-number": 19999 + ports},
                    **(nat or {}),
                }
            ],
            "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 443}],
            "traffic": entries,
        }
    )


def test_a_complete_search_has_the_exact_chain() -> None:
    batches = home(BATCHES).risk()
    assert batches["exact"]
    assert "batches of 7" in batches["method"]
    assert batches["refusal_probability"] == pytest.approx(calculator.batches(500, 440, 7, geometric=True).refusal, rel=1e-12)
    source = home(ON_OFF).risk()
    # in mean holds: on for half of one, off for one and a half, four times the load while on
    assert source["refusal_probability"] == pytest.approx(calculator.on_off(500, 1, 1760, 0.5, 1.5).refusal, rel=1e-12)
    assert source["exact"]
    states = home(MMPP, load=400).risk()
    # shares of time: of 30 s + 0.75 x 10 s + 20 s; the mean weight from them
    parts = [30 / 57.5, 7.5 / 57.5, 20 / 57.5]
    mean = 2 * parts[0] + 3 * parts[1] + parts[2]
    switching = [[0, 0.75 / 3, 0.25 / 3], [0, 0, 1], [0.5, 0, 0]]
    assert states["refusal_probability"] == pytest.approx(
        calculator.modulated(500, switching, [400 * w / mean for w in (2, 3, 1)]).refusal, rel=1e-10
    )
    assert states["exact"]
    assert "modulated by 3 states" in states["method"]
    poisson = home(None).risk()["refusal_probability"]
    assert poisson < batches["refusal_probability"] < source["refusal_probability"]


def test_likely_is_the_load_of_the_exact_chain() -> None:
    answer = home(BATCHES).answer(1e-4, remedies=False)
    load = answer["likely"]["connections"]
    assert load == pytest.approx(calculator.load_for_batches(500, 7, 1e-4, geometric=True), rel=1e-9)
    assert any("each batch goes to one endpoint" in text for text in answer["assumptions"])
    assert not any("connections arrive by Poisson" in text for text in answer["assumptions"])


def test_batches_that_are_spread_over_addresses_are_thinned() -> None:
    """Two addresses drawn at random: of seven 1 + 6/2 come to one of them, if any does."""
    spread = home(BATCHES, {"base": "ideal", "pool": {"choice": "random", "fallback": False}}, pool="203.0.113.0/31", load=800)
    found = spread.risk()["refusal_probability"]
    assert found == pytest.approx(calculator.batches(500, 400, 4, geometric=True).refusal, rel=1e-12)
    count = spread.simulate(seed=5, arrivals=500_000)
    assert abs(count["refusal_probability"] - found) < 4 * (count["interval"][1] - count["interval"][0]) / 4.08


COUNTED = {
    "batches, windows": home(BATCHES, "linux-masquerade"),
    "batches, constant holds": home(BATCHES, hold={"law": "constant", "mean": "10s"}),
    "batches, few tries": home(BATCHES, "vpp-nat44-ed"),
    "on and off, windows": home(ON_OFF, "linux-masquerade", load=300),
    "on and off, few tries": home(ON_OFF, "cilium", load=300),
    "three states, windows": home(MMPP, "linux-masquerade", load=330),
    "batches beside Poisson": home(BATCHES, "linux-masquerade", more=({},)),
    "batches beside on and off": home(BATCHES, "vpp-nat44-ed", load=350, more=({"arrivals": ON_OFF},)),
    "two sources": home(ON_OFF, "ideal", load=350, more=({"arrivals": {"law": "on-off", "on": "20s", "off": "5s"}},)),
}


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_averaged_over_states_is_what_is_counted(name: str) -> None:
    """Had the state been read as Poisson arrivals see it, batches would be refused half as often."""
    risk = COUNTED[name].risk(seed=2)
    count = COUNTED[name].simulate(seed=3, arrivals=400_000)
    errors = [(high - low) / 3.92 for low, high in (risk["interval"], count["interval"])]
    z = (count["refusal_probability"] - risk["refusal_probability"]) / math.hypot(*errors)
    assert abs(z) < 4, (risk["refusal_probability"], risk["interval"], count["refusal_probability"], count["interval"])
    assert max(errors) < 0.2 * risk["refusal_probability"]
    assert not risk["exact"]
    assert "as those find them who arrive in bursts" in risk["method"]


def test_counting_agrees_with_the_exact_chains() -> None:
    for arrivals in (BATCHES, ON_OFF, MMPP):
        exact = home(arrivals, load=400).risk()["refusal_probability"]
        count = home(arrivals, load=400).simulate(seed=4, arrivals=1_000_000)
        assert abs(count["refusal_probability"] - exact) < 4 * (count["interval"][1] - count["interval"][0]) / 4.08


def test_what_is_right_for_poisson_alone_is_counted() -> None:
    bursty = home(BATCHES)
    constant = {"law": "constant", "mean": "10s"}
    table = home(BATCHES, hold=constant, nat={"connection-limits": {"limit-per-instance": 400}})
    quota = home(ON_OFF, more=({},), nat={"connection-limits": {"limit-per-subscriber": 40}})
    for scenario, why in ((table, "a flow table that arrivals in bursts can fill"), (quota, "a quota under arrivals in bursts")):
        counted = scenario.risk(tries=1)
        assert counted.method.startswith("counted: ")
        assert why in counted.method
        again = scenario.simulate(seed=9)
        assert again.interval[0] * 0.8 < counted.refusal_probability < again.interval[1] * 1.25
        assert why in scenario.answer(remedies=False).to_dict()["likely"]["unknown"]
    found = bursty.risk()
    assert found["seconds_to_first_refusal"] is None
    assert found["retries"]["tries"] == 7
    assert found["retries"]["method"] == "simulated"
    assert found["retries"]["interval"][0] < found["refusal_probability"]


@pytest.mark.parametrize("arrivals", [BATCHES, ON_OFF, MMPP], ids=lambda a: str(a["law"]))
@pytest.mark.parametrize("limit", [{"limit-per-instance": 400}, {"limit-per-subscriber": 25}], ids=["table", "quota"])
def test_tables_and_quotas_have_the_chain_of_the_bursts(arrivals: dict[str, Any], limit: dict[str, int]) -> None:
    """One address in sixteen has its part of each batch; states are the same for all."""
    scenario = home(arrivals, load=300, ports=2000, nat={"connection-limits": limit})
    found = scenario.risk()
    table = "limit-per-instance" in limit
    room, load = (400, 300.0) if table else (25, 300 / 16)
    if arrivals is BATCHES:
        expected = calculator.batches(room, load, 7 if table else 1 + 6 / 16, geometric=True).refusal
    elif arrivals is ON_OFF:
        expected = calculator.on_off(room, 1, 4 * load, 0.5, 1.5).refusal
    else:
        mean = (2 * 30 + 3 * 7.5 + 20) / 57.5
        switching = [[0, 0.75 / 3, 0.25 / 3], [0, 0, 1], [0.5, 0, 0]]
        expected = calculator.modulated(room, switching, [load * w / mean for w in (2, 3, 1)]).refusal
    assert found["refusal_probability"] == pytest.approx(expected, rel=1e-4)  # the ports add next to nothing
    count = scenario.simulate(seed=8, arrivals=500_000)
    assert abs(count["refusal_probability"] - expected) < 4 * (count["interval"][1] - count["interval"][0]) / 4.08
    first = scenario.answer(0.01, remedies=False)["first_limit"]
    assert first["kind"] == ("table" if table else "quota")
    at = scenario.risk(first["factor"])["limits"][0]
    assert at["refusal_probability"] == pytest.approx(0.01, rel=1e-6)


def test_poisson_said_is_poisson_unsaid() -> None:
    assert home({"law": "poisson"}).canonical == home(None).canonical
    assert home(ON_OFF).canonical["traffic"][0]["arrivals"] == {**ON_OFF, "states": []}
    assert Scenario(home(MMPP).canonical).canonical == home(MMPP).canonical


def test_on_off_are_two_states_and_unseen_refusals_are_bounded_by_being_on() -> None:
    two = {"law": "mmpp", "states": [{"weight": 9, "mean": "5s"}, {"weight": 0, "mean": "15s"}]}
    assert home(two, load=300).risk()["refusal_probability"] == pytest.approx(
        home(ON_OFF, load=300).risk()["refusal_probability"], rel=1e-12
    )
    seldom = {"law": "on-off", "on": "600s", "off": "3000s"}
    found = home(seldom, "linux-masquerade", load=3000, ports=40000).risk()
    on = home(None, "linux-masquerade", load=18_000, ports=40000).risk()
    assert found["at_most"] < 1e-6
    assert found["at_most"] >= (on["refusal_probability"] or 0) / 3
    assert Scenario(home(BATCHES).canonical).canonical == home(BATCHES).canonical


@pytest.mark.parametrize(
    ("arrivals", "says"),
    [
        ({"law": "batches"}, r"traffic\[0\]\.arrivals\.mean-batch.*add mean-batch: 4"),
        ({"law": "batches", "mean-batch": 0.5}, r"mean-batch: '0\.5': a batch has 1 to 65,536"),
        ({"law": "poisson", "mean-batch": 2}, "goes with law: batches"),
        ({"law": "on-off", "on": "1s"}, r"arrivals\.off: .*add on: 10s, off: 50s"),
        ({"law": "on-off", "on": "1s", "off": "0s"}, r"arrivals\.off: '0s': a time above 0"),
        ({"law": "batches", "mean-batch": 2, "on": "1s"}, r"arrivals\.on: '1s': on and off go with law: on-off"),
        ({"law": "bathces"}, "did you mean batches"),
        ({"law": "mmpp"}, r"arrivals\.states: .*add states"),
        ({"law": "on-off", "on": "1s", "off": "1s", "states": STATES}, "states go with law: mmpp"),
        ({"law": "mmpp", "states": STATES[:1]}, "1 states': 2 to 32 states are wanted"),
        ({"law": "mmpp", "states": [*STATES[:2], {"weight": 1, "mean": "0s"}]}, r"states\[2\]\.mean: '?0s'?: a time above 0"),
        ({"law": "mmpp", "states": [{"weight": 1, "mean": "1s", "next": [1, 1]}, STATES[1]]}, "another state follows"),
        (
            {"law": "mmpp", "states": [{"weight": 1, "mean": "1s", "next": [0, 1, 1]}, STATES[1]]},
            "one weight a state is wanted, and there are 2",
        ),
        ({"law": "mmpp", "states": [{**s, "weight": 0} for s in STATES]}, "at least one weight above 0"),
        ({"law": "mmpp", "states": [{**STATES[0], "next": [0, 1, 0]}, {**STATES[1], "next": [1, 0, 0]}, STATES[2]]}, "in the end"),
    ],
)
def test_bad_arrivals(arrivals: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        home(arrivals)


def test_alert_and_rules_take_bursts() -> None:
    """The threshold is the load at which the worst kind is refused that often, and the mean is taken over turns of the bursts, too."""
    scenario = home(ON_OFF, load=400)
    alert = scenario.alert(1e-3)
    there = scenario.risk(alert["connections"] / (1 - 1e-3) / scenario.risk()["load"], tries=1)  # carried: less the refused
    assert there["worst_refusal_probability"]["value"] == pytest.approx(1e-3, rel=1e-6)
    turn = sum(float(ON_OFF[key].removesuffix("s")) for key in ("on", "off"))
    assert alert["averaged_over_seconds"] >= 10 * turn
    assert {row["rule"] for row in scenario.rules()["rules"]}
