"""A real Linux NAT against the design `linux-snat`: as many connections as the model's maximum, per destination, and the addresses that its hash picks."""

from __future__ import annotations

import re
from typing import Any

import natbound
import pytest

FIRST, LAST = 2000, 2007  # a power of two: every start covers the range, so the kernel refuses only when it is full


def scenario(clients: int, servers: int, pool: int, ports: tuple[int, int]) -> dict[str, Any]:
    return {
        "clients": [{"name": "lan", "addresses": f"192.168.77.10-192.168.77.{9 + clients}", "ports": "1024-65535"}],
        "nats": [
            {
                "name": "router",
                "inside": ["lan"],
                "external-ip-address-pool": [f"198.18.77.{1 + i}" for i in range(pool)],
                "port-set-restrict": {"start-port-number": ports[0], "end-port-number": ports[1]},
                "design": "linux-snat",
            }
        ],
        "servers": [{"name": "web", "addresses": f"198.18.77.100-198.18.77.{99 + servers}", "ports": [7777, 7778]}],
    }


def translated(network: Any) -> list[tuple[str, str, int, str, int]]:
    """(client, destination, destination port, external address, external port) of each entry of the kernel's table."""
    out = []
    for line in network.run("r", "conntrack", "-L", "-p", "tcp").splitlines():
        addresses = re.findall(r"\b(?:src|dst)=(\S+)", line)
        ports = [int(p) for p in re.findall(r"\b[sd]port=(\d+)", line)]
        if len(addresses) == 4:
            out.append((addresses[0], addresses[1], ports[1], addresses[3], ports[3]))
    return out


def snat(network: Any, where: str, device: str, to: str) -> None:
    """Translates what leaves by that device."""
    rule = ["-t", "nat", "-A", "POSTROUTING", "-o", device, "-p", "tcp", "-j", "SNAT", "--to-source", to]
    network.run(where, "iptables", *rule)


@pytest.mark.parametrize(("home", "carrier"), [((3000, 3015), (FIRST, LAST)), ((FIRST, LAST), (3000, 3015))])
def test_a_cascade_of_two_nats_holds_what_its_narrower_one_does(network: Any, home: tuple[int, int], carrier: tuple[int, int]) -> None:
    network.build(clients=1, servers=2, pool=1, home=True)
    snat(network, "h", "up0", f"100.64.77.2:{home[0]}-{home[1]}")
    snat(network, "r", "wan0", f"198.18.77.1:{carrier[0]}-{carrier[1]}")
    model = scenario(1, 2, 1, carrier)
    inner = {**model["nats"][0], "name": "home", "external-ip-address-pool": ["100.64.77.2"]}
    inner["port-set-restrict"] = {"start-port-number": home[0], "end-port-number": home[1]}
    model["nats"] = [inner, {**model["nats"][0], "inside": ["home"]}]
    answer = natbound.Scenario(model).answer(remedies=False)
    ports = LAST - FIRST + 1
    assert answer.maximum.connections == 4 * ports
    assert answer.guaranteed.to_dict().get("at_least", answer.guaranteed.connections) == ports
    for host, port in (("198.18.77.100", "7777"), ("198.18.77.100", "7778"), ("198.18.77.101", "7777")):
        seen = network.open("c", host, port, str(ports + 2), "192.168.77.10")
        assert (len(seen["opened"]), len(seen["refused"])) == (ports, 2)


def test_a_small_range_fills_per_destination_and_then_refuses(network: Any) -> None:
    network.build(clients=1, servers=2, pool=1)
    snat(network, "r", "wan0", f"198.18.77.1:{FIRST}-{LAST}")
    model = natbound.Scenario(scenario(1, 2, 1, (FIRST, LAST)))
    answer = model.answer(remedies=False)
    ports = LAST - FIRST + 1
    assert answer.maximum.connections == 4 * ports
    assert answer.guaranteed.connections == ports
    for host, port in (("198.18.77.100", "7777"), ("198.18.77.100", "7778"), ("198.18.77.101", "7777")):
        seen = network.open("c", host, port, str(ports + 2), "192.168.77.10")
        assert len(seen["opened"]) == ports
        assert len(seen["refused"]) == 2
    used: dict[tuple[str, int], set[int]] = {}
    for _, host, port, address, external in translated(network):
        assert address == "198.18.77.1"
        used.setdefault((host, port), set()).add(external)
    assert len(used) == 3
    assert all(found == set(range(FIRST, LAST + 1)) for found in used.values())


def test_the_hash_picks_the_same_addresses_as_the_kernel(network: Any) -> None:
    clients, servers = 6, 4
    network.build(clients=clients, servers=servers, pool=2)
    snat(network, "r", "wan0", "198.18.77.1-198.18.77.2:3000-3015")
    for i in range(clients):
        for j in range(servers):
            seen = network.open("c", f"198.18.77.{100 + j}", "7777", "1", f"192.168.77.{10 + i}")
            assert not seen["refused"]
    picked = {(client, host): address for client, host, _, address, _ in translated(network)}
    assert len(picked) == clients * servers
    # The model's maximum counts, for each destination, the addresses that its clients are hashed to.
    model = natbound.Scenario(scenario(clients, servers, 2, (3000, 3015)))
    expected = sum(2 * 16 * len({picked[f"192.168.77.{10 + i}", f"198.18.77.{100 + j}"] for i in range(clients)}) for j in range(servers))
    assert model.capacity().maximum.connections == expected
    for (client, host), address in picked.items():
        one = model.with_settings(f"clients.lan.addresses={client}", f"servers.web.addresses={host}", "servers.web.ports=7777")
        blocks = one.capacity()["maximum"]["evidence"]["fits"]["blocks"]
        assert {a for block in blocks for a in block["via"]["addresses"]} == {address}
