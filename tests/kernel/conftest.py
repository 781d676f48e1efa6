"""A client, a router and a server in network namespaces of this machine, where it has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOOLS = ("ip", "iptables", "conntrack", "sysctl")


class Network:
    """Three namespaces: client (192.168.77.0/24) - router - server (198.18.77.0/24)."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, where: str, *command: str) -> str:
        done = subprocess.run(["ip", "netns", "exec", self.prefix + where, *command], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def python(self, where: str, program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.prefix + where, sys.executable, str(Path(__file__).with_name(program)), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def open(self, where: str, *arguments: str) -> dict[str, list[str]]:
        """Runs the client, which keeps its connections open until the network is torn down."""
        process = self.python(where, "client.py", *arguments)
        assert process.stdout is not None
        return dict(json.loads(process.stdout.readline()))

    def link(self, a: str, device_a: str, b: str, device_b: str) -> None:
        """A cable between two namespaces."""
        ends = [device_a, "netns", self.prefix + a, "type", "veth", "peer", "name", device_b, "netns", self.prefix + b]
        subprocess.run(["ip", "link", "add", *ends], check=True, capture_output=True)

    def build(self, clients: int, servers: int, pool: int, *, home: bool = False) -> None:
        """`home`: another router (h: lan0, and up0 with 100.64.77.2) between the client and the router, for a cascade."""
        spaces = "chrs" if home else "crs"
        for n in spaces:
            subprocess.run(["ip", "netns", "add", self.prefix + n], check=True, capture_output=True)
        near = "h" if home else "r"
        self.link("c", "in0", near, "lan0")
        self.link("s", "out0", "r", "wan0")
        up = [("c", "in0"), (near, "lan0"), ("r", "wan0"), ("s", "out0")]
        if home:
            self.link("h", "up0", "r", "lan0")
            self.run("h", "ip", "addr", "add", "100.64.77.2/24", "dev", "up0")
            self.run("r", "ip", "addr", "add", "100.64.77.1/24", "dev", "lan0")
            up += [("h", "up0"), ("r", "lan0")]
        for i in range(clients):
            self.run("c", "ip", "addr", "add", f"192.168.77.{10 + i}/24", "dev", "in0")
        self.run(near, "ip", "addr", "add", "192.168.77.1/24", "dev", "lan0")
        for i in range(pool):
            self.run("r", "ip", "addr", "add", f"198.18.77.{1 + i}/24", "dev", "wan0")
        for i in range(servers):
            self.run("s", "ip", "addr", "add", f"198.18.77.{100 + i}/24", "dev", "out0")
        for where, device in up:
            self.run(where, "ip", "link", "set", device, "up")
        self.run("c", "ip", "route", "add", "default", "via", "192.168.77.1")
        if home:
            self.run("h", "ip", "route", "add", "default", "via", "100.64.77.1")
        for n in {near, "r"}:
            self.run(n, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        server = self.python("s", "server.py", "7777", "7778")
        assert server.stdout is not None
        server.stdout.readline()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        for n in "chrs":
            subprocess.run(["ip", "netns", "del", self.prefix + n], capture_output=True)


@pytest.fixture
def network() -> Iterator[Network]:
    """A fresh network, or a skip that says why not."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin" + os.pathsep + "/sbin"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root here")
    net = Network(f"nb{os.getpid() % 10000}")
    probe = subprocess.run(["ip", "netns", "add", net.prefix + "probe"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no network namespaces: {probe.stderr.strip()}")
    nat = subprocess.run(["ip", "netns", "exec", net.prefix + "probe", "iptables", "-t", "nat", "-L", "-n"], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", net.prefix + "probe"], capture_output=True)
    if nat.returncode != 0:
        pytest.skip(f"no iptables NAT in this kernel: {nat.stderr.strip()}")
    try:
        yield net
    finally:
        net.close()
