"""The two real captures, end to end: import, the hash's picks against the table, and the answer."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import natbound
import pytest
from natbound.importing import import_paths

EXAMPLES = Path(__file__).parents[2] / "examples"


def picks(folder: Path) -> dict[tuple[str, str], str]:
    """(client, server) to the external address that the kernel picked."""
    out: dict[tuple[str, str], str] = {}
    for line in gzip.decompress((folder / "conntrack-L.txt.gz").read_bytes()).decode().splitlines():
        addresses = re.findall(r"\b(?:src|dst)=(\S+)", line)
        if len(addresses) == 4:
            pair = addresses[0], addresses[1]
            assert out.setdefault(pair, addresses[3]) == addresses[3]
    return out


@pytest.mark.parametrize("name", ["linux-router-quiet", "linux-router-exhausted"])
def test_jhash2_picks_the_kernels_address_for_every_pair(name: str) -> None:
    scenario = natbound.Scenario(import_paths([EXAMPLES / name]).scenario)
    found = picks(EXAMPLES / name)
    assert len(found) > 60
    base = scenario.canonical
    servers = {s["addresses"][0]: s["name"] for s in base["servers"]}
    for (client, server), address in found.items():
        one = dict(base)
        one["clients"] = [{**base["clients"][0], "addresses": client}]
        one["servers"] = [{**next(s for s in base["servers"] if s["name"] == servers[server])}]
        one["traffic"] = []
        blocks = natbound.Scenario(one).capacity()["maximum"]["evidence"]["fits"]["blocks"]
        assert {a for block in blocks for a in block["via"]["addresses"]} == {address}, (client, server)


def test_the_quiet_router_answers_and_its_truth_is_inside() -> None:
    truth = json.loads((EXAMPLES / "linux-router-quiet" / "truth.json").read_text())
    imported = import_paths([EXAMPLES / "linux-router-quiet"])
    answer = natbound.Scenario(imported.scenario).answer(remedies=False)
    assert answer.traffic.rate == pytest.approx(truth["rate_per_s"], rel=0.05)
    assert answer.maximum.connections == 2 * 200 * 8
    # no connection failed of 3,590
    assert (answer.traffic.refusal_probability.to_dict().get("value") or 0) < 1e-3


def test_the_exhausted_router_refuses_in_the_model_too() -> None:
    answer = natbound.Scenario(import_paths([EXAMPLES / "linux-router-exhausted"]).scenario).answer(remedies=False)
    # insert_failed counted 6,347 of about 24,000 tries, retries included; the model's first attempts
    assert 0.05 < answer.traffic.refusal_probability.value < 0.4
