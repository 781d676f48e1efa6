"""Source NAT rules, as `iptables-save` and `nft -j list ruleset` print them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

from natbound.importing.problem import ImportProblem
from natbound.importing.source import Source


@dataclass(frozen=True, slots=True)
class Rule:
    """One SNAT or MASQUERADE rule. `pool` is empty for MASQUERADE and where the dump hides it."""

    file: str
    text: str
    masquerade: bool
    pool: tuple[tuple[str, str], ...] = ()  # ranges, first and last
    ports: tuple[int, int] | None = None
    random: bool = False
    persistent: bool = False
    interface: str | None = None  # going out by
    sources: tuple[str, ...] = ()  # -s
    protocol: str | None = None
    hidden: bool = False  # nft shows rules of iptables as {"xt": ...}, without their options


def _ports(text: str, file: str, line: int | None) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise ImportProblem(file, line, text, "not a port or a range of ports", "for example 20000-20199")
    low, high = int(first), int(last or first)
    if not 1 <= low <= high <= 65535:
        raise ImportProblem(file, line, text, "ports are from 1 to 65535, the lower one first")
    return low, high


def _range(text: str, file: str, line: int | None) -> tuple[str, str]:
    first, _, last = text.replace("[", "").replace("]", "").partition("-")
    try:
        low, high = ip_address(first), ip_address(last or first)
    except ValueError as error:
        raise ImportProblem(file, line, text, "not an address or a range of addresses") from error
    if low.version != high.version or int(low) > int(high):
        raise ImportProblem(file, line, text, "the range of addresses is reversed or mixes IPv4 and IPv6")
    return str(low), str(high)


def _to_source(text: str, file: str, line: int | None) -> tuple[tuple[str, str], tuple[int, int] | None]:
    """`A[-B][:p[-q]]`, IPv6 in brackets where ports follow."""
    if text.startswith("["):
        addresses, closing, ports = text.rpartition("]")
        addresses, ports = addresses + closing, ports.removeprefix(":")
    elif text.count(":") > 1:
        addresses, ports = text, ""
    else:
        addresses, _, ports = text.partition(":")
    return _range(addresses, file, line), _ports(ports, file, line) if ports else None


def read_iptables(source: Source) -> list[Rule]:
    """The SNAT and MASQUERADE rules of table nat; a table without its COMMIT is a truncated capture."""
    rules: list[Rule] = []
    table, opened, number = None, 0, 0
    for number, line in source.lines():
        if line.startswith("*"):
            table, opened = line[1:].strip(), number
        elif line.strip() == "COMMIT":
            table = None
        elif table == "nat" and line.startswith("-A "):
            try:
                words = shlex.split(line)
            except ValueError as error:
                raise ImportProblem(source.name, number, line, f"not a rule: {error}") from error
            rule = _iptables_rule(words, line, source.name, number)
            if rule:
                rules.append(rule)
    if table is not None:
        raise ImportProblem(
            source.name,
            number,
            f"*{table}",
            f"the table that begins in line {opened} has no COMMIT: the capture is truncated",
            "run iptables-save again",
        )
    return rules


def _iptables_rule(words: list[str], line: str, file: str, number: int) -> Rule | None:
    target = next((b for a, b in pairwise(words) if a in ("-j", "--jump")), None)
    if target not in ("SNAT", "MASQUERADE"):
        return None
    rule = Rule(file, line.strip(), target == "MASQUERADE")
    for before, word, value in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word in ("--random", "--random-fully"):
            rule = replace(rule, random=True)
        elif word == "--persistent":
            rule = replace(rule, persistent=True)
        elif word == "--to-source":
            pool, ports = _to_source(value, file, number)
            rule = replace(rule, pool=(*rule.pool, pool), ports=ports or rule.ports)
        elif word == "--to-ports":
            rule = replace(rule, ports=_ports(value, file, number))
        elif before == "!":
            continue
        elif word in ("-o", "--out-interface"):
            rule = replace(rule, interface=value)
        elif word in ("-s", "--source"):
            rule = replace(rule, sources=tuple(value.split(",")))
        elif word in ("-p", "--protocol"):
            rule = replace(rule, protocol=value)
    if not rule.masquerade and not rule.pool:
        raise ImportProblem(file, number, line, "SNAT without --to-source", "run iptables-save again")
    return rule


def read_nft(value: Mapping[str, Any], file: str) -> list[Rule]:
    """The snat and masquerade statements of every rule."""
    rules = []
    for item in value["nftables"]:
        rule = item.get("rule") if isinstance(item, dict) else None
        if isinstance(rule, dict):
            found = _nft_rule([e for e in rule.get("expr") or [] if isinstance(e, dict)], file)
            if found:
                rules.append(found)
    return rules


def _nft_rule(expressions: list[dict[str, Any]], file: str) -> Rule | None:
    rule: Rule | None = None
    matches: dict[str, Any] = {}
    for expression in expressions:
        if "match" in expression:
            match = expression["match"]
            left = match.get("left") if isinstance(match, dict) else None
            if isinstance(left, dict) and match.get("op") in ("==", "in"):
                field = left.get("meta") or left.get("payload") or {}
                if isinstance(field, dict):
                    matches[str(field.get("key") or field.get("field"))] = match.get("right")
        elif "xt" in expression:
            name = str((expression["xt"] or {}).get("name"))
            if name in ("SNAT", "MASQUERADE"):
                rule = Rule(file, f"xt {name}", name == "MASQUERADE", hidden=True)
        elif "snat" in expression or "masquerade" in expression:
            rule = _nft_statement(expression, file)
    if rule is None:
        return None
    interface = matches.get("oifname", matches.get("oif"))
    protocol = matches.get("l4proto", matches.get("protocol"))
    return replace(
        rule,
        interface=interface if isinstance(interface, str) else None,
        protocol=protocol if isinstance(protocol, str) else None,
        sources=_nft_sources(matches.get("saddr")),
    )


def _nft_statement(expression: Mapping[str, Any], file: str) -> Rule:
    masquerade = "masquerade" in expression
    body = expression.get("masquerade" if masquerade else "snat") or {}
    text = f"{'masquerade' if masquerade else 'snat'} {body or ''}".strip()
    if not isinstance(body, dict):
        raise ImportProblem(file, None, text, "not a statement of nft's JSON")
    flags = body.get("flags") or []
    flags = [flags] if isinstance(flags, str) else flags
    rule = Rule(
        file, text, masquerade, random=bool({"random", "fully-random"} & set(flags)),
        persistent="persistent" in flags,
    )  # fmt: skip
    port = body.get("port")
    if isinstance(port, dict) and isinstance(port.get("range"), list):
        rule = replace(rule, ports=_ports("-".join(map(str, port["range"])), file, None))
    elif isinstance(port, (int, str)):
        rule = replace(rule, ports=_ports(str(port), file, None))
    address = body.get("addr")
    if isinstance(address, str) and not address.startswith("@"):
        rule = replace(rule, pool=(_range(address, file, None),))
    elif isinstance(address, dict) and isinstance(address.get("range"), list):
        rule = replace(rule, pool=(_range("-".join(map(str, address["range"])), file, None),))
    elif isinstance(address, dict) and isinstance(address.get("prefix"), dict):
        network = ip_network(f"{address['prefix'].get('addr')}/{address['prefix'].get('len')}", strict=False)
        rule = replace(rule, pool=((str(network[0]), str(network[-1])),))
    elif not masquerade:
        rule = replace(rule, hidden=True)  # a map or a named set
    return rule


def _nft_sources(right: Any) -> tuple[str, ...]:
    if isinstance(right, str):
        return (right,)
    if isinstance(right, dict) and isinstance(right.get("prefix"), dict):
        return (f"{right['prefix'].get('addr')}/{right['prefix'].get('len')}",)
    if isinstance(right, dict) and isinstance(right.get("set"), list):
        return tuple(text for item in right["set"] for text in _nft_sources(item))
    return ()
