"""What a formula for all sizes obliges to, as SMT-LIB 2 without quantifiers or products (docs/all-sizes.md).

For each network: `bound`: nothing that keeps within the capacities passes a cut. `reached`: a flow to which nothing can be added is no less
than the least cut. `heaviest`: filled in that order, each weight gets what all cuts leave it, and all of that can be carried.
"""

from __future__ import annotations

from .all_sizes_terms import Block, Names, Network, Term, block_cuts, least_cut, orders, plus

HEAD: list[Term] = [
    ["set-logic", "QF_LIA"],
    ["define-fun", "min", [["a", "Int"], ["b", "Int"]], "Int", ["ite", ["<=", "a", "b"], "a", "b"]],
]


def numbered(net: Network) -> tuple[list[Term], list[Names]]:
    """Names of all capacities: b of groups, r of rights, s of leaves, the latter two counted through the blocks."""
    names: list[Names] = []
    r = s = 0
    for block in net.blocks:
        names.append(([f"r{r + a}" for a in range(block.rights)], [f"s{s + i}" for i in range(len(block.leaves))]))
        r, s = r + block.rights, s + len(block.leaves)
    return [f"b{g}" for g in range(net.groups)], names


def declared(names: list[Term]) -> list[Term]:
    """Integers of at least 0."""
    return [command for name in names for command in (["declare-const", name, "Int"], ["assert", ["<=", "0", name]])]


def defined(name: str, term: Term) -> Term:
    return ["define-fun", name, [], "Int", term]


def edges(block: Block) -> list[tuple[int, int]]:
    """Which leaf is open to which right."""
    return [(i, a) for i, leaf in enumerate(block.leaves) for a in leaf.open]


def flows(net: Network) -> tuple[list[Term], dict[tuple[Term, Term], Term]]:
    """Flows within the capacities: the commands, and the name of each edge's."""
    names = numbered(net)
    flow: dict[tuple[Term, Term], Term] = {}
    tops: dict[Term, list[Term]] = {name: [] for name in names[0]}
    for block, (rights, leaves) in zip(net.blocks, names[1]):  # noqa: B905
        tops.update({name: [] for name in (*leaves, *rights)})
        for i, a in edges(block):
            x = flow[leaves[i], rights[a]] = f"x-{leaves[i]}-{rights[a]}"
            group = block.leaves[i].group
            for name in (*([names[0][group]] if group >= 0 else []), leaves[i], rights[a]):
                tops[name].append(x)
    out = [*HEAD, *declared(list(tops)), *declared(list(flow.values()))]
    return out + [["assert", ["<=", plus(xs), name]] for name, xs in tops.items() if xs], flow


def bound(net: Network) -> list[Term]:
    """No flow within the capacities is more than a cut, nor any part of it by weight more than a cut of that part."""
    names = numbered(net)
    out, flow = flows(net)
    passed: list[Term] = [[">", plus(list(flow.values())), least_cut(net, names)]]
    if not net.groups:
        block, own = net.blocks[0], names[1][0]
        kinds = max(leaf.weight for leaf in block.leaves) + 1
        for some in range(1, (1 << kinds) - 1):
            left = {i for i, leaf in enumerate(block.leaves) if some >> leaf.weight & 1}
            carried = plus([flow[own[1][i], own[0][a]] for i, a in edges(block) if i in left])
            passed.append([">", carried, block_cuts(block, own, left)])
    return [*out, ["assert", passed[0] if len(passed) == 1 else ["or", *passed]], ["check-sat"]]


def reached(net: Network) -> list[Term]:
    """A flow to which nothing can be added is no less than the least cut. `in-x`: what one more could be sent to from outside, by taking
    other paths back where need be; where a right that has room is among these, one more fits."""
    names = numbered(net)
    out, flow = flows(net)
    nodes = [*names[0], *(name for rights, leaves in names[1] for name in (*leaves, *rights))]
    out += [["declare-const", f"in-{name}", "Bool"] for name in nodes]

    def follows(reason: list[Term], what: Term) -> None:
        out.append(["assert", ["=>", reason[0] if len(reason) == 1 else ["and", *reason], what]])

    for k, b in enumerate(names[0]):
        carried: list[Term] = []
        for block, own in zip(net.blocks, names[1]):  # noqa: B905
            carried += [flow[own[1][i], own[0][a]] for i, a in edges(block) if block.leaves[i].group == k]
        follows([["<", plus(carried), b]], f"in-{b}")
    for block, (rights, leaves) in zip(net.blocks, names[1]):  # noqa: B905
        for i, leaf in enumerate(block.leaves):
            sent = plus([flow[leaves[i], rights[a]] for a in leaf.open])
            top = [f"in-{names[0][leaf.group]}"] if leaf.group >= 0 else []
            follows([*top, ["<", sent, leaves[i]]], f"in-{leaves[i]}")
            for above in top:
                follows([f"in-{leaves[i]}", ["<", "0", sent]], above)
        for i, a in edges(block):
            follows([f"in-{leaves[i]}"], f"in-{rights[a]}")
            follows([f"in-{rights[a]}", ["<", "0", flow[leaves[i], rights[a]]]], f"in-{leaves[i]}")
        for a, r in enumerate(rights):
            follows([["<", plus([flow[leaves[i], r] for i, at in edges(block) if at == a]), r]], ["not", f"in-{r}"])
    return [*out, ["assert", ["<", plus(list(flow.values())), least_cut(net, names)]], ["check-sat"]]


def heaviest(net: Network, order: list[int]) -> list[Term]:
    """What is left for each leaf by the cuts, the first first, lies within its own capacity, and all of it can be carried together."""
    names = numbered(net)
    block, own = net.blocks[0], names[1][0]
    out = [*HEAD, *declared([*own[0], *own[1]]), defined("all", block_cuts(block, own, set(order)))]
    before: Term = "0"
    for k, i in enumerate(order):
        now = block_cuts(block, own, set(order[: k + 1]))
        out.append(defined(f"y{i}", now if before == "0" else ["-", now, before]))
        before = now
    ys: list[Term] = [f"y{i}" for i in range(len(block.leaves))]
    out.append(defined("carried", block_cuts(block, (own[0], ys), set(order))))
    holds = ["and", *(part for i in order for part in (["<=", "0", f"y{i}"], ["<=", f"y{i}", f"s{i}"])), ["=", "carried", "all"]]
    return [*out, ["assert", ["not", holds]], ["check-sat"]]


def obligations_of(networks: list[Network]) -> dict[str, list[Term]]:
    """All, by name: the network's number, and what it is."""
    out: dict[str, list[Term]] = {}
    for n, net in enumerate(networks, 1):
        out[f"{n}-bound"] = bound(net)
        out[f"{n}-reached"] = reached(net)
        weights = {leaf.weight for leaf in net.blocks[0].leaves} if not net.groups else {0}
        for k, order in enumerate(orders(net.blocks[0]) if len(weights) > 1 else [], 1):
            out[f"{n}-heaviest-{k}"] = heaviest(net, order)
    return out
