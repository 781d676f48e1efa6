"""Runs in one namespace, both ends of connections on its loopback, and prints what happened as JSON: how many closes of its own leave a client without
a port, which error it then gets, whether another destination is still open to it, how many connections nobody accepts, and what tcp_tw_reuse=1 does."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
import time


def listening(port: int, backlog: int) -> socket.socket:
    """A server."""
    out = socket.socket()
    out.bind(("127.0.0.1", port))
    out.listen(backlog)
    return out


def visit(server: socket.socket, *, client_first: bool = True) -> int:
    """A connection that one end closes first; 0, or the error of connect()."""
    client = socket.socket()
    try:
        client.connect(server.getsockname())
    except OSError as error:
        client.close()
        return error.errno or -1
    accepted, _ = server.accept()
    first, second = (client, accepted) if client_first else (accepted, client)
    first.close()
    second.recv(1)
    second.close()
    return 0


def until_refused(server: socket.socket, most: int, *, client_first: bool) -> tuple[int, str]:
    """Visits until connect() fails."""
    for done in range(most):
        if error := visit(server, client_first=client_first):
            return done, errno.errorcode.get(error, str(error))
    return most, ""


def waiting(server: socket.socket) -> int:
    """Connections that are made while nobody accepts any."""
    made: list[socket.socket] = []
    while True:
        client = socket.socket()
        client.settimeout(0.3)
        try:
            client.connect(server.getsockname())
        except OSError:
            return len(made)
        made.append(client)


def setting(name: str, value: str) -> None:
    """Of this namespace."""
    subprocess.run(["sysctl", "-qw", f"net.ipv4.{name}={value}"], check=True)


def main() -> None:
    ports, backlog = int(sys.argv[1]), int(sys.argv[2])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    setting("ip_local_port_range", f"40000 {39999 + ports}")
    setting("tcp_tw_reuse", "0")
    web, other, busy = listening(8080, 64), listening(8081, 64), listening(8082, backlog)
    out: dict[str, object] = {"server_first": until_refused(web, ports // 2, client_first=False)}
    out["client_first"] = until_refused(other, 2 * ports, client_first=True)
    out["elsewhere"] = visit(web)
    out["waiting"] = waiting(busy)
    time.sleep(1.5)
    out["a_second_later"] = visit(other)
    setting("tcp_tw_reuse", "1")
    out["reused"] = visit(other)
    print(json.dumps(out))


main()
