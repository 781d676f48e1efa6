"""`--set PATH=VALUE`: which field is meant, and what is said where none is, or several are."""

from __future__ import annotations

import json
from pathlib import Path

import natbound
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
HOME = EXAMPLES / "home-lan.yaml"
MANY = EXAMPLES / "ten-thousand-clients.yaml"


def test_the_only_element_needs_no_name() -> None:
    home = natbound.load(HOME, ["traffic.rate=900/s", "nats.design=cilium", "servers.ports=443"]).canonical
    assert home["traffic"][0]["rate"] == "900/s"
    assert home["nats"][0]["design"]["name"] == "cilium"
    assert home["servers"][0]["ports"] == ["443"]
    assert (
        natbound.load(HOME, ["nats.design.pressure=drop-least-recently-used"]).canonical["nats"][0]["design"]["pressure"]
        == "drop-least-recently-used"
    )
    # a field that the element does not have yet
    limited = natbound.load(HOME, ["nats.mapping-limits.limit-port-mappings=7"]).canonical
    assert limited["nats"][0]["mapping-limits"]["limit-port-mappings"] == 7


def test_an_index_or_a_name_everywhere() -> None:
    for setting in ("traffic.0.rate=9/s", "traffic[0].rate=9/s"):
        assert natbound.load(HOME, [setting]).canonical["traffic"][0]["rate"] == "9/s"
    many = natbound.load(MANY, ["traffic.1.rate=9/s", "servers.others.ports=22", "servers.0.ports=25"]).canonical
    assert [t["rate"] for t in many["traffic"]] == ["500/s", "9/s"]
    assert [v["ports"] for v in many["servers"]] == [["25"], ["22"]]
    assert len(natbound.load(MANY, ["traffic.1="]).canonical["traffic"]) == 1
    assert natbound.load(HOME, ["traffic.hold=", "traffic.live=30000"]).canonical["traffic"][0]["live"] == 30000


def test_a_design_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({**natbound.designs["ideal"].to_dict(), "name": "mine"}))
    monkeypatch.chdir(tmp_path)
    home = natbound.load(HOME)
    assert home.with_settings("nats.design=mine.json").canonical["nats"][0]["design"]["name"] == "mine"
    assert home.compare(["mine.json"])[0].guaranteed.connections == 64512


def test_an_index_where_there_is_no_list() -> None:
    with pytest.raises(natbound.InputError, match=r"traffic has no entries here; write the first into the file"):
        natbound.load(HOME, ["traffic=", "traffic.0.rate=9/s"])


@pytest.mark.parametrize(
    ("file", "setting", "says"),
    [
        (
            MANY,
            "traffic.rate=9/s",
            "2 entries: which one?; say traffic.0.rate (from office to popular) or traffic.1.rate (from office to others)",
        ),
        (HOME, "clients.ports=9", "clients has 2 entries: which one?; say clients.A.ports or clients.X.ports"),
        (HOME, "nats.routr.design=cilium", "'routr': no such element; known: router"),
        (HOME, "clients.B.ports=9", "no such element; known: A, X"),
        (HOME, "traffic.7.rate=9/s", "no such element; known: 0 (from A, X to C)"),
        (HOME, "traffic.hold.mean.x=9", "has no fields"),
        (HOME, "nonsense", "PATH=VALUE is wanted"),
        (HOME, "=9", "PATH=VALUE is wanted"),
        (HOME, ".=9", "PATH=VALUE is wanted"),
        (HOME, "clients.A.ports={", "--set clients.A.ports: '{': not YAML"),
        (HOME, "clients.A.prots=", "no such field to take away"),
    ],
)
def test_what_is_said(file: Path, setting: str, says: str) -> None:
    with pytest.raises(natbound.InputError) as caught:
        natbound.load(file, [setting])
    assert says in str(caught.value)
    assert "--set" in str(caught.value)


@pytest.mark.parametrize(
    "setting", ["traffic.rate=-5/s", "nats.design.search=foo", "clients.A.colour=red", "cleints.0=1", "nats.design=nowhere.yaml"]
)
def test_a_wrong_value_is_blamed_on_the_setting(setting: str) -> None:
    with pytest.raises(natbound.InputError) as caught:
        natbound.load(HOME, [setting])
    assert str(caught.value).startswith(f"--set {setting}: ")
    assert caught.value.line is None
