"""Maxima as formulas: least cuts of small networks, whose capacities are names, and the order in which mappings of several weights are laid.

A term is a name, a number as text, or a list (operator, terms).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

Term = Any
Names = tuple[list[Term], list[Term]]  # of the rights and the leaves of a block


@dataclass(frozen=True)
class Leaf:
    """Mappings that may use the same external endpoints: of client set `group` (where a quota tells them apart), of one weight."""

    group: int
    weight: int
    open: tuple[int, ...]  # places in the block's `rights`


@dataclass(frozen=True)
class Block:
    """Leaves and the external endpoints (`rights` of them) that they share with nobody else."""

    rights: int
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class Network:
    """Blocks, joined by the quotas of client sets where there are `groups`."""

    groups: int
    blocks: tuple[Block, ...]


def _joined(name: str, terms: list[Term], nothing: str) -> Term:
    flat = [part for t in terms for part in (t[1:] if isinstance(t, list) and t[0] == name else [t]) if part != nothing]
    return nothing if not flat else flat[0] if len(flat) == 1 else [name, *flat]


def plus(terms: list[Term]) -> Term:
    """A sum, of all that sums within it add."""
    return _joined("+", terms, "0")


def times(terms: list[Term]) -> Term:
    """A product, likewise; none of nothing."""
    return "0" if "0" in terms else _joined("*", terms, "1")


def extreme(name: str, terms: list[Term]) -> Term:
    """min or max, which take two each; nothing is less than 0 here."""
    if name == "min" and "0" in terms:
        return "0"
    return terms[0] if len(terms) == 1 else [name, terms[0], extreme(name, terms[1:])]


def block_cuts(block: Block, names: Names, left: set[int]) -> Term:
    """The least cut of a block: some rights, and every leaf (of `left`) that is open to another."""
    rights, leaves = names
    cuts: list[Term] = []
    for cut in range(1 << block.rights):
        counted = [i for i, leaf in enumerate(block.leaves) if i in left and any(not cut >> a & 1 for a in leaf.open)]
        cuts.append(plus([*(rights[a] for a in range(block.rights) if cut >> a & 1), *(leaves[i] for i in counted)]))
    return extreme("min", cuts)


def least_cut(net: Network, names: tuple[list[Term], list[Names]]) -> Term:
    """The formula of a network: the least of its cuts. `names`: of the groups, and for each block of rights and leaves."""
    cuts = []
    for cut in range(1 << net.groups):
        parts = [names[0][g] for g in range(net.groups) if cut >> g & 1]
        for block, own in zip(net.blocks, names[1]):  # noqa: B905
            parts.append(block_cuts(block, own, {i for i, leaf in enumerate(block.leaves) if leaf.group < 0 or not cut >> leaf.group & 1}))
        cuts.append(plus(parts))
    return extreme("min", cuts)


def orders(block: Block) -> list[list[int]]:
    """The leaves of a block, for each order of its weights the heaviest first."""
    kinds = max(leaf.weight for leaf in block.leaves) + 1
    return [
        [i for kind in order for i, leaf in enumerate(block.leaves) if leaf.weight == kind]
        for order in itertools.permutations(range(kinds))
    ]


def block_formula(block: Block, own: Names, weights: list[Term]) -> Term:
    """The most that a block carries: filled by weight, in the order of weights that gives most."""
    found = []
    for order in itertools.permutations(range(len(weights))):
        before, parts, left = "0", [], set()
        for kind in order:
            left |= {i for i, leaf in enumerate(block.leaves) if leaf.weight == kind}
            now = block_cuts(block, own, left)
            parts.append(times([weights[kind], now if before == "0" else ["-", now, before]]))
            before = now
        found.append(plus(parts))
    return extreme("max", found)
