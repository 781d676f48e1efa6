"""Linux at the ends of connections, against `time-wait` and `listen`: a client that closes first has one connection a port towards a destination until
TIME_WAIT is over (60 s, which is not waited for here), and another destination is open to it; a backlog of n holds n + 1."""

from __future__ import annotations

import json
from typing import Any

import natbound

PORTS, BACKLOG = 64, 7


def test_a_client_that_closes_first_runs_out_of_ports(network: Any) -> None:
    network.build(clients=1, servers=1, pool=1)
    process = network.python("c", "ends.py", str(PORTS), str(BACKLOG))
    assert process.stdout is not None
    seen = json.loads(process.stdout.readline())
    model = natbound.Scenario(
        {
            "clients": [{"name": "c", "addresses": "127.0.0.1", "ports": f"40000-{39999 + PORTS}", "time-wait": "60s"}],
            "servers": [{"name": "v", "addresses": "127.0.0.1", "ports": 8081}],
            "traffic": [{"from": "c", "to": "v", "rate": "1/s", "life": "1ms"}],
        }
    )
    own = model.risk(tries=1).to_dict()["own_ports"][0]
    assert seen["client_first"] == [own["ports"], "EADDRNOTAVAIL"]
    assert "EADDRNOTAVAIL" in model.answer(remedies=False).to_dict()["limits"][0]["failure"]
    assert seen["elsewhere"] == 0
    assert seen["server_first"] == [PORTS // 2, ""]  # TIME_WAIT is the server's
    assert seen["a_second_later"] != 0
    assert seen["reused"] == 0  # tcp_tw_reuse=1 after a second
    assert seen["waiting"] == BACKLOG + 1  # nothing is in hand: natbound's room is one more
