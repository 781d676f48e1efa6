"""The cheapest of what meets a target, against every combination of small grids and the formulas by themselves."""

import itertools
import math
import random

import natbound
import pytest
from natbound import InputError, Scenario, calculator
from natbound.planning.cheapest import Ladder, Search
from test_planning import gateway


@pytest.mark.parametrize("seed", range(300))
def test_the_cheapest_is_that_of_all_combinations(seed: int) -> None:
    r = random.Random(seed)
    tops = [r.randint(1, 9) for _ in range(r.randint(1, 3))]
    corners = [tuple(r.randint(1, top) for top in tops) for _ in range(r.randint(1, 4))]

    def meets(levels: tuple[int, ...]) -> bool:
        return any(all(a >= b for a, b in zip(levels, corner, strict=True)) for corner in corners)

    prices = [list(itertools.accumulate(r.choice([0, 0.5, 1, r.random()]) for _ in range(top + 1))) for top in tops]
    ladders = [Ladder(1, top, price.__getitem__, r.randint(1, top)) for top, price in zip(tops, prices, strict=True)]
    search = Search(ladders, meets)
    every = [levels for levels in itertools.product(*(range(1, top + 1) for top in tops)) if meets(levels)]
    found = search.cheapest()
    assert found is not None
    assert meets(found)
    assert search.cost(found) == pytest.approx(min(map(search.cost, every)))
    for other in Search(ladders, meets).alternatives(5):
        assert meets(other)


@pytest.mark.parametrize(("rate", "prices"), [(2500, (4, 0.001)), (2500, (4, 0.0001)), (1060, (1, 0.0001)), (3200, (2, 0.0003))])
def test_addresses_and_ports_together(rate: float, prices: tuple[float, float]) -> None:
    """Of every number of addresses with the least ports that do with it, by Erlang's formula."""
    found = gateway(rate).size(1e-4, widen=(1024, 65535), prices={"address": prices[0], "port": prices[1]})
    needed = int(calculator.ports_for(rate * 60, 1e-4))
    every = {}
    for n in range(1, 12):
        each = max(55_000, math.ceil(needed / n))
        if each <= 64_512:
            every[n] = (n - 1) * prices[0] + (each - 55_000) * prices[1]
    best = found.options[0]
    assert best.cost == pytest.approx(min(every.values()))
    assert best.cost == pytest.approx(every[best.addresses])
    assert all(one.refusal_probability > 1e-4 for one in best.one_less)
    assert [option.cost for option in found.options] == sorted(option.cost for option in found.options)


def test_a_table_that_binds_is_sized_and_one_less_is_too_little() -> None:
    s = gateway(850).with_settings("nats.0.connection-limits.limit-per-instance=40000")
    best = s.size(1e-6).options[0]
    table = int(calculator.ports_for(51_000, 1e-6))
    assert best.changes == [f"a flow table of {table:,}"]
    assert best.one_less[-1].refusal_probability > 1e-6
    kept = s.size(1e-6, keep=["table"]).options[0]
    assert kept.cost is None
    assert "the tables of gateway" in kept.why
    assert s.size(1e-6, prices={"table": 0.01}).options[0].cost == pytest.approx((table - 40_000) * 0.01)
    with pytest.raises(InputError, match="no such limit"):
        s.size(keep=["power"])


def test_what_servers_hold_is_sized() -> None:
    s = gateway(850).with_settings("servers.0.connection-limits.limit-per-endpoint=500")
    assert s.size(1e-6).options[0].changes == [f"{int(calculator.ports_for(51_000, 1e-6)):,} connections on each endpoint of api"]


def test_the_longest_timer_that_does() -> None:
    s = gateway(600, hold=None, life="10s").with_settings("nats.0.timers.tcp-fin=120s")
    found = s.size(1e-6, timers={"time_wait": (30, 120)}, prices={"timers": 0.5, "address": 4})
    best = next(option for option in found.options if option.cost == 0.5)
    longest = max(t for t in range(30, 121) if calculator.erlang_b(55_000, 600 * (10 + t)) <= 1e-6)
    assert best.changes == [f"tcp-fin {longest} s"]
    with pytest.raises(InputError, match="whole holds"):
        gateway().size(timers={"udp": (1, 2)})
    with pytest.raises(InputError, match="no such timer"):
        s.size(timers={"tcp-never": (1, 2)})


def test_a_firewalls_table_is_sized() -> None:
    s = natbound.load("examples/firewall.yaml", ["traffic.rate=500/s"])
    load = s.risk(tries=1).load
    assert s.size(1e-6).options[0].changes == [f"a flow table of {int(calculator.ports_for(load, 1e-6)):,}"]


def test_a_psid_grows_to_the_share_that_is_enough() -> None:
    s = natbound.load("examples/map-ce.yaml", ["traffic.0.rate=60/s"])
    best = s.size(1e-6).options[0]
    # 7,200 live to 32 endpoints; 252 ports of 8 bits, twice as many of 7
    assert calculator.erlang_b(252, 225) > 1e-6 >= calculator.erlang_b(504, 225)
    assert (best.addresses, best.cost) == (1 / 128, pytest.approx(1 / 128 - 1 / 256))


def test_sets_for_ever_are_as_large_as_is_enough() -> None:
    s = natbound.load("examples/cgnat-deterministic.yaml", ["traffic.1.rate-per-client=20/s"])
    best = s.size(1e-6).options[0]
    ports = int(calculator.ports_for(600, 1e-6))  # each subscriber's 20/s x 30 s to one endpoint
    assert best.changes == [f"sets of {ports:,} ports"]
    assert best.addresses == math.ceil(2000 / (64_512 // ports))


def test_the_nat_that_refuses_first_grows_and_then_the_next() -> None:
    ports = {"start-port-number": 1024, "end-port-number": 1523}
    s = Scenario(
        {
            "clients": [{"name": f"home{i}", "addresses": f"192.168.{i}.0/26"} for i in (1, 2)],
            "nats": [
                *(
                    {
                        "name": f"cpe{i}",
                        "inside": [f"home{i}"],
                        "external-ip-address-pool": f"100.64.{i}.1",
                        "port-set-restrict": ports,
                        "design": "ideal",
                    }
                    for i in (1, 2)
                ),
                {"name": "cgn", "inside": ["cpe1", "cpe2"], "external-ip-address-pool": "203.0.113.5", "design": "ideal"},
            ],
            "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
            "traffic": [{"from": ["home1", "home2"], "to": "C", "rate": "14/s", "hold": "100s"}],
        }
    )
    found = s.size(1e-4)
    needed = math.ceil(int(calculator.ports_for(700, 1e-4)) / 500)
    assert set(found.nats) == {"cpe1", "cpe2"}
    best = found.options[0]
    assert best.cost == 2 * (needed - 1)
    assert len(best.one_less) == 2
    assert all(one.refusal_probability > 1e-4 for one in best.one_less)
    assert s.size(1e-4, nat="cpe1").options[0].cost is None


def test_a_design_that_keeps_to_one_address_says_that_more_do_not_help() -> None:
    options = gateway(2500).size(1e-6, designs=["cilium"]).options
    why = next(option.why for option in options if option.change == "design cilium")
    assert "more do not help" in why


def test_blocks_refuse_more_as_the_load_grows() -> None:
    """8 addresses have 2,016 blocks for 4,232 subscribers: at ten times the load no fewer are refused than at a tenth."""
    s = natbound.load("examples/cgnat-port-blocks.yaml", ["nats.external-ip-address-pool=203.0.113.0/29"])
    refused = [s.risk(scale, tries=1).refusal_probability for scale in (0.01, 0.1, 1.0, 3.0, 10.0, 100.0)]
    assert all(a <= b * (1 + 1e-9) for a, b in itertools.pairwise(refused))
    assert refused[1] > 0.4


def test_bad_numbers() -> None:
    assert isinstance(gateway(), Scenario)
    with pytest.raises(InputError, match="--widen"):
        gateway().size(widen=(2000, 1000))
