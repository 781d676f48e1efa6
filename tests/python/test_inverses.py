"""Every inverse against its forward formula over random inputs: the answer meets the target and the next worse one does not; targets at the
edges, and such as nothing meets, are one error that names them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from natbound import calculator as c


class Inverse(NamedTuple):
    draw: Callable[[random.Random], dict[str, Any]]  # all arguments but the target
    forward: Callable[..., float]  # of the answer, and of those
    better: int  # +1: more of it refuses less; -1: more of it refuses more
    most: float = 0.3  # of the targets that are drawn
    least: float = 1e-12
    whole: bool = True
    floor: int = 0  # what is asked of a whole number, at least


def log(draw: random.Random, low: float, high: float) -> float:
    return math.exp(draw.uniform(math.log(low), math.log(high)))


def chain(draw: random.Random) -> dict[str, Any]:
    size = draw.randint(1, 4)
    switching = [[0 if i == j else log(draw, 1e-2, 1e2) for j in range(size)] for i in range(size)]
    return {"switching": switching, "loads": [log(draw, 0.1, 30) for _ in range(size)]}


def cutting(draw: random.Random) -> dict[str, Any]:
    kind = {"life": log(draw, 0.1, 1e4), "gap": log(draw, 0.01, 100)}
    if draw.random() < 0.5:
        kind["closed_timeout"] = log(draw, 0.1, 1000)
    return kind


INVERSES: dict[str, Inverse] = {
    "ports_for_hayward": Inverse(
        lambda d: {"load": log(d, 1e-3, 1e6), "peakedness": log(d, 0.05, 50)}, lambda n, **k: c.hayward(n, **k), 1),
    "load_for_hayward": Inverse(
        lambda d: {"ports": d.randint(1, 1 << d.randint(1, 20)), "peakedness": log(d, 0.05, 50)},
        lambda a, **k: c.hayward(load=a, **k), -1, whole=False),
    "ports_for_overflow": Inverse(
        lambda d: {"mean": (m := log(d, 0.1, 1e4)), "variance": m * log(d, 0.5, 8)}, lambda n, **k: c.overflow_refusal(n, **k), 1),
    "second_ports_for": Inverse(
        lambda d: {"first_ports": d.randint(0, 20), "first_load": log(d, 0.5, 40), "second_load": d.choice([0.0, 7.5])},
        lambda n, **k: c.overflow_to_second(second_ports=n, **k).first_refusal, 1),
    "load_for_retries": Inverse(
        lambda d: {"ports": d.randint(1, 1 << d.randint(1, 20)), "tries": d.randint(1, 9), "persistence": d.choice([1, d.random()])},
        lambda a, **k: c.retries(load=a, **k).connection_failure, -1, whole=False),
    "ports_for_retries": Inverse(
        lambda d: {"load": log(d, 1e-3, 1e6), "tries": d.randint(1, 9), "persistence": d.choice([1, d.random()])},
        lambda n, **k: c.retries(n, **k).connection_failure, 1),
    "tries_for_retries": Inverse(
        lambda d: {"ports": (n := d.randint(4, 5000)), "load": n * d.uniform(0.5, 0.999), "persistence": 1},
        lambda n, **k: c.retries(tries=n, **k).connection_failure, 1, floor=1),
    "pool_for_blocks": Inverse(
        lambda d: {"block": d.randint(1, 64), "most": 40, "subscribers": d.randint(1, 300), "load": log(d, 0.05, 20)},
        lambda n, **k: c.blocks_refused(pool=n, **k).refusal, 1, least=1e-5, floor=1),
    "load_for_blocks": Inverse(
        lambda d: {"block": d.randint(1, 64), "most": d.randint(1, 8), "pool": d.randint(1, 200), "subscribers": d.randint(1, 300)},
        lambda a, **k: c.blocks_refused(load=a, **k).refusal, -1, whole=False),
    "subscribers_for": Inverse(
        lambda d: {"block": d.randint(1, 64), "most": d.randint(1, 8), "pool": d.randint(1, 600), "load": log(d, 0.05, 50)},
        lambda n, **k: c.blocks_refused(subscribers=n, **k).refusal if n else 0.0, -1),
    "size_for_cut": Inverse(
        lambda d: {"rate": log(d, 0.1, 1e5), **cutting(d)}, lambda n, **k: c.cut_probability(n, **k), 1, floor=1),
    "rate_for_cut": Inverse(
        lambda d: {"size": log(d, 10, 1e7), **cutting(d)}, lambda r, **k: c.cut_probability(rate=r, **k), -1, whole=False),
    "ports_for_window": Inverse(
        lambda d: {"load": log(d, 8e3, 6e4), "windows": d.choice([[128, 64, 32, 16, 8], [128], [64, 32]]), "hold": d.choice(["exponential", "constant"])},
        lambda n, **k: c.window_loss(n, **k), 1, least=1e-5, most=0.05),
    "load_for_window": Inverse(
        lambda d: {"ports": d.randint(8000, 60000), "windows": d.choice([[128, 64, 32, 16, 8], [128], [64, 32]]), "hold": d.choice(["exponential", "constant"])},
        lambda a, **k: c.window_loss(load=a, **k), -1, least=1e-5, most=0.05, whole=False),
    "ports_for_modulated": Inverse(chain, lambda n, **k: c.modulated(n, **k).refusal, 1),
    "scale_for_modulated": Inverse(
        lambda d: {"ports": d.randint(1, 60), **chain(d)},
        lambda x, loads, **k: c.modulated(loads=[x * a for a in loads], **k).refusal, -1, whole=False),
    "ports_for_on_off": Inverse(
        lambda d: {"sources": d.randint(1, 12), "load": log(d, 0.1, 10), "on": log(d, 0.1, 10), "off": log(d, 0.1, 10)},
        lambda n, **k: c.on_off(n, **k).refusal, 1),
    "load_for_on_off": Inverse(
        lambda d: {"ports": d.randint(1, 60), "sources": d.randint(1, 12), "on": log(d, 0.1, 10), "off": log(d, 0.1, 10)},
        lambda a, **k: c.on_off(load=a, **k).refusal, -1, whole=False),
    "sources_for_on_off": Inverse(
        lambda d: {"ports": d.randint(1, 40), "load": log(d, 1, 10), "on": log(d, 0.1, 10), "off": log(d, 0.1, 10)},
        lambda n, **k: c.on_off(sources=n, **k).refusal if n else 0.0, -1),
}  # fmt: skip


@pytest.mark.parametrize("name", INVERSES)
def test_the_answer_meets_the_target_and_the_next_worse_does_not(name: str) -> None:
    inverse, draw = INVERSES[name], random.Random(name)
    for _ in range(40):
        given = inverse.draw(draw)
        target = log(draw, inverse.least, inverse.most)
        found = getattr(c, name)(**given, target=target)
        if inverse.whole:
            assert isinstance(found, int)
            assert inverse.forward(found, **given) <= target * (1 + 1e-12), (given, target, found)
            worse = found - inverse.better
            if worse >= inverse.floor:
                assert inverse.forward(worse, **given) > target * (1 - 1e-12), (given, target, found)
        else:
            assert inverse.forward(found, **given) <= target * (1 + 1e-11), (given, target, found)
            assert inverse.forward(found * (1 + 1e-11), **given) > target * (1 - 1e-11), (given, target, found)


@pytest.mark.parametrize("name", INVERSES)
@pytest.mark.parametrize("target", [0.0, 1.0, -1e-300, 2.0])
def test_a_target_that_is_none_is_named(name: str, target: float) -> None:
    given = INVERSES[name].draw(random.Random(1))
    with pytest.raises(ValueError, match=rf"^{name}: target = .*between 0 and 1"):
        getattr(c, name)(**given, target=target)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("pool_for_blocks", {"block": 8, "most": 1, "subscribers": 5, "load": 12.0, "target": 1e-3}, "subscriber's own limit"),
        ("tries_for_retries", {"ports": 10, "load": 20.0, "target": 0.01}, "a million tries"),
        ("tries_for_retries", {"ports": 10, "load": 9.0, "target": 1e-9, "persistence": 0.5}, "a million tries"),
        ("load_for_retries", {"ports": 10, "target": 0.1, "tries": 0}, "without end"),
        ("size_for_cut", {"rate": 1.0, "life": 60.0, "gap": 1.0, "idle_timeout": 2.0, "target": 1e-6}, "idle timeout"),
        ("rate_for_cut", {"size": 100, "life": 60.0, "gap": 1.0, "idle_timeout": 2.0, "target": 1e-6}, "is met by none"),
        ("ports_for_window", {"load": 9000.0, "windows": [128], "target": 1e-9}, "at least 1e-8"),
        ("ports_for_window", {"load": 9000.0, "windows": [128], "target": 0.6}, "fewest ports"),
        ("load_for_window", {"ports": 9000, "windows": [128], "target": 0.9}, "not met at a load that was simulated"),
        ("sources_for_on_off", {"ports": 5000, "load": 1e-3, "on": 1.0, "off": 1.0, "target": 0.1}, "as many sources as the exact chain"),
        ("scale_for_modulated", {"ports": 5, "switching": [[0, 1], [1, 0]], "loads": [0.0, 0.0], "target": 0.1}, "above 0 in some phase"),
    ],
)  # fmt: skip
def test_what_nothing_meets_is_said(name: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: .*{says}"):
        getattr(c, name)(**given)


@pytest.mark.parametrize("size", [1.2, 3.7, 17.0, 200.0])
def test_geometric_batches_refused_whole(size: float) -> None:
    """Large pools have a closed form but for the last ports: held to the chain."""
    draw = random.Random(size)
    for _ in range(20):
        ports, target = int(log(draw, 200 + 60 * size, 5e4)), log(draw, 1e-30, 0.29)
        whole = {"mean_size": size, "geometric": True, "whole": True}
        load = c.load_for_batches(ports, target=target, **whole)
        assert c.batches(ports, load, **whole).refusal <= target * (1 + 1e-11)
        assert c.batches(ports, load * (1 + 1e-11), **whole).refusal > target * (1 - 1e-11)
        found = c.ports_for_batches(load := load * draw.uniform(0.9, 1), target=target, **whole)
        assert c.batches(found, load, **whole).refusal <= target < c.batches(found - 1, load, **whole).refusal


@pytest.mark.parametrize(
    ("ports", "load", "target"), [(9000, 900.0, 1e-2), (9000, 700.0, 1e-7), (20000, 8000.0, 0.2), (12000, 2000.0, 1e-4)]
)
def test_sources_of_large_pools(ports: int, load: float, target: float) -> None:
    """Guessed by smaller pools, decided by the chain."""
    found = c.sources_for_on_off(ports, load, 5.0, 20.0, target)
    assert c.on_off(ports, found, load, 5.0, 20.0).refusal <= target < c.on_off(ports, found + 1, load, 5.0, 20.0).refusal


def test_retries_without_end_of_clients_that_give_up() -> None:
    load = c.load_for_retries(50, 0.02, tries=0, persistence=0.9)
    assert c.retries(50, load, tries=0, persistence=0.9).connection_failure == pytest.approx(0.02, rel=1e-11)
    ports = c.ports_for_retries(load, 0.02, tries=0, persistence=0.9)
    assert ports == 50


def test_the_scale_of_packets_is_that_of_the_formula() -> None:
    draw = random.Random(9)
    for _ in range(12):
        limit, depth = log(draw, 100, 1e5), draw.randint(5, 2000)
        given = {
            "opening": limit * draw.uniform(0.01, 0.5),
            "live": log(draw, 1, 1e4),
            "each": log(draw, 0.1, 50),
            "hold": draw.choice([0.0, 1.0, 30.0]),
        }
        target = log(draw, 1e-8, 0.3)
        scale = c.scale_for_packets(limit, depth, target, **given)
        scaled = {**given, "opening": scale * given["opening"], "live": scale * given["live"]}
        assert c.packet_limit(limit, depth, **scaled).refusal == pytest.approx(target, rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_no_lower_rate_and_no_larger_table_cuts_more(seed: int) -> None:
    """Near a mean demand as large as the table the formula has a hill: another rate beyond it meets the target too, but lower ones do not."""
    draw, beyond = random.Random(seed), 0
    for _ in range(40):
        kind = {"life": log(draw, 0.1, 10), "gap": log(draw, 0.1, 100), "closed_timeout": log(draw, 1, 10)}
        size, fill = log(draw, 100, 1e5), kind["life"] + kind["closed_timeout"]
        full = c.cut_probability(size, size / fill, **kind)
        target = full * draw.uniform(0.2, 1.1)
        if not 1e-9 < target < 0.3:
            continue
        rate = c.rate_for_cut(size, target=target, **kind)
        deviation = 1 / math.sqrt(size)
        lower = [rate * (1 - 1e-9), *(rate * math.exp(-x * deviation) for x in np.linspace(0.02, 8, 60))]
        assert max(c.cut_probability(size, lower, **kind)) <= target * (1 + 1e-9), (size, kind, target)
        assert c.cut_probability(size, rate * (1 + 1e-6), **kind) > target
        higher = c.cut_probability(size, rate * np.exp(np.linspace(0.2, 8, 60) * deviation), **kind)
        beyond += bool(min(higher) < target)
        entries = c.size_for_cut(rate, target=target, **kind)
        larger = [entries + math.ceil(x * math.sqrt(entries)) for x in np.linspace(0, 8, 60)]
        assert max(c.cut_probability(larger, rate, **kind)) <= target * (1 + 1e-9), (size, kind, target)
        assert c.cut_probability(entries - 1, rate, **kind) > target
    assert beyond > 1  # where it matters


def test_the_rate_before_the_hill() -> None:
    """2,741 entries cut 0.91 % where the demand is as large, 0.48 % a little beyond: 0.6 % is met by 1,281/s, and beyond by 1,400/s again."""
    kind = {"life": 0.3221, "gap": 23.5, "closed_timeout": 1.79}
    rate = c.rate_for_cut(2740.6, target=0.006, **kind)
    assert rate == pytest.approx(1281, abs=1)
    assert c.cut_probability(2740.6, 1298, **kind) > 0.009 > 0.006 > c.cut_probability(2740.6, 1380, **kind)
    assert c.size_for_cut(rate, target=0.006, **kind) == 2741


def test_a_keep_alive_is_the_longest_that_will_do() -> None:
    for size, rate, life, gap, target in [(50, 3.0, 60.0, 1.0, 1e-3), (1e6, 2e4, 60.0, 2.0, 1e-9), (1e5, 5e3, 100.0, 10.0, 0.9)]:
        table = c.EvictingTable(size, [c.Connections(rate, life, gap)])
        found = c.keep_alive_for(size, rate, life, gap, target)
        assert table.evicted_after(found) <= target
        assert table.evicted_after(found * (1 + 1e-9)) > target


def test_equal_sizes_with_reservation_are_a_line_of_states() -> None:
    """Birth and death by hand: exact; of two sizes it is not, and says so."""
    ports, loads, reserved = 12, [5.0, 4.0], [0, 3]
    weights = [1.0]
    for n in range(1, ports + 1):
        weights.append(weights[-1] * sum(a for a, r in zip(loads, reserved, strict=True) if n <= ports - r) / n)
    found = c.kaufman_roberts(ports, loads, [1, 1], reserved)
    assert found.exact
    for share, r in zip(found.refusal, reserved, strict=True):
        assert share == pytest.approx(sum(weights[ports - r :]) / sum(weights), rel=1e-13)
    assert not c.kaufman_roberts(ports, loads, [1, 2], reserved).exact


@pytest.mark.parametrize("name", ["transient_full_probability", "transient_mean", "transient_law"])
@pytest.mark.parametrize("other", ["start_load", "start_ports"])
def test_two_starts_are_one_too_many(name: str, other: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: {other} = 30: .*start = 5"):
        getattr(c, name)(40, 20.0, 1.0, start=5, **{other: 30})
    said, meant = (getattr(c, name)(40, 20.0, 1.0, **given) for given in ({"start": "stationary", "start_load": 30}, {"start_load": 30}))
    assert np.all(np.asarray(said[0] if name == "transient_law" else said) == np.asarray(meant[0] if name == "transient_law" else meant))
