"""Races: connections that pick a port at the same time, before any of them is entered into the table."""

from __future__ import annotations

from typing import Any

import numpy as np

from natbound.calculator._each import each

MOST = 2**26


def _whole(function: str, name: str, value: float, least: int) -> int:
    if not least <= value <= MOST or value != int(value):
        raise ValueError(f"{function}: {name} = {value:g}: must be a whole number from {least} to 2^26")
    return int(value)


def _none_same(ports: int, flows: int) -> Any:
    """log P(all drew another port) after 0, 1, ... `flows` draws."""
    return np.concatenate([[0.0], np.cumsum(np.log1p(-np.arange(flows) / ports))])


def race_probability(ports: Any, flows: Any) -> Any:
    """The probability that at least two of `flows` connections, opened at one time, drew the same of `ports` ports.

    Each draws once, uniformly, and none sees the others' choice: a NAT that selects a port and confirms it later (Linux, whose loser is
    dropped and counted as insert_failed). Where ports are busy give the free ones as `ports`; a search that walks on from a busy port to the
    next free one makes races likelier than that.
    ports: 1 to 2^26; flows: 0 to 2^26. The birthday problem: 1 - (1 - 1/N)(1 - 2/N)...; relative error 1e-12.
    Scalars or arrays, which broadcast. ValueError outside. Source: as said.
    """

    def one(ports: float, flows: float) -> tuple[float]:
        n, m = _whole("race_probability", "ports", float(ports), 1), _whole("race_probability", "flows", float(flows), 0)
        sure = m > n or m * (m - 1) > 1600 * n  # P(all different) <= exp(-m (m - 1) / 2n) is nothing beside 1
        return (1.0 if sure else float(-np.expm1(np.log1p(-np.arange(m) / n).sum())),)

    return each("race_probability", one, 1, ("ports", ports, 0), ("flows", flows, 0))[0]


def race_flows_for(ports: Any, target: Any) -> Any:
    """The most connections opened at one time with `race_probability(ports, flows) <= target`; 1 at least. 0 < target < 1.

    Scalars or arrays, which broadcast; connections; ports: 1 to 2^26; ValueError outside. Exact: decided by `race_probability`, its source.
    """

    def one(ports: float, target: float) -> tuple[int]:
        n, p = _whole("race_flows_for", "ports", float(ports), 1), float(target)
        if not 0 < p < 1:
            raise ValueError(f"race_flows_for: target = {p:g}: must be above 0 and below 1")
        most = min(n, int(2 * (-2 * n * np.log1p(-p)) ** 0.5) + 2)  # twice what 1 - exp(-m^2 / 2N) says
        same = -np.expm1(_none_same(n, most))
        return (max(1, int(np.searchsorted(same, p, side="right")) - 1),)

    return each("race_flows_for", one, 1, ("ports", ports, 0), ("target", target, 0))[0]
