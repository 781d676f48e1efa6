"""Device profiles: published limits fill in what a NAT leaves out, each with its source."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from natbound import InputError, Scenario, _core, load
from natbound.cli import main

PROFILES = [json.loads(text) for text in _core.device_profiles()]


def behind(profile: Any, **fields: Any) -> dict[str, Any]:
    return {
        "clients": [{"name": "A", "addresses": "10.0.0.0/28"}],
        "nats": [{"name": "r", "inside": "A", "external-ip-address-pool": "203.0.113.1", "design": "ideal", "profile": profile, **fields}],
        "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 443}],
        "traffic": [{"from": "A", "to": "S", "rate": "20/s", "hold": "10s", "packets": 20}],
    }


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: str(p["name"]))
def test_every_number_of_the_catalogue_has_a_source_and_arrives(profile: dict[str, Any]) -> None:
    scenario = Scenario(behind(profile["name"]))
    nat = scenario.canonical["nats"][0]
    for key, value in profile["limits"].items():
        fields = [key] if key in ("timers", "port-set", "port-set-restrict") else [f"{key}.{one}" for one in value]
        for field in fields:
            assert field in [source["field"] for source in profile["sources"]]
        if key != "rate-limits":  # a rate is written out anew
            assert value.items() <= nat[key].items() or key == "memory"
    assert all(source["link"].startswith("https://") and source["says"] for source in profile["sources"])
    assert nat["profile"] == {k: v for k, v in profile.items() if k != "limits"}
    assert Scenario(scenario.canonical).canonical == scenario.canonical
    scenario.risk()


def test_what_the_nat_says_itself_goes_first() -> None:
    nat = Scenario(behind("azure-nat-gateway", **{"connection-limits": {"limit-per-instance": 7}, "timers": {"tcp-rst": "1s"}})).canonical[
        "nats"
    ][0]
    assert nat["connection-limits"] == {"limit-per-instance": 7}
    assert nat["timers"] == {"tcp-fin": "65s", "tcp-rst": "1s", "tcp-silence": "240s"}
    own = {"start-port-number": 2000, "end-port-number": 2009}
    assert Scenario(behind("aws-nat-gateway", **{"port-set-restrict": own})).canonical["nats"][0]["port-set-restrict"] == own


def test_groups_are_filled_in_field_by_field() -> None:
    gateway = Scenario(behind("gcp-cloud-nat"))
    wider = gateway.with_settings("nats.r.port-set.port-set-size=128").canonical["nats"][0]["port-set"]
    assert wider == gateway.canonical["nats"][0]["port-set"] | {"port-set-size": 128}
    assert wider["deterministic"]
    half = Scenario(behind("aws-nat-gateway", **{"port-set-restrict": {"end-port-number": 40000}})).canonical["nats"][0]
    assert half["port-set-restrict"] == {"start-port-number": 1024, "end-port-number": 40000}
    psid = {"psid-offset": 6, "psid-len": 2, "psid": 1}  # the other way to say which ports
    other = Scenario(behind("aws-nat-gateway", **{"port-set-restrict": psid})).canonical["nats"][0]
    assert other["port-set-restrict"] == psid


def test_what_sets_the_number_is_named() -> None:
    words = "the memory of r (16MiB for entries of 320B) holds 52,428"
    box = Scenario(behind(None, memory={"total": "16MiB", "per-entry": "320B"}))
    assert box.capacity()["maximum"]["sets_it"] == words
    assert box.capacity(60_000)["sets_it"].startswith(words + ", and 60,000")
    assert box.answer(remedies=False)["guaranteed"]["sets_it"].startswith(words)
    smaller = box.with_settings("nats.r.connection-limits.limit-per-instance=50000")
    assert smaller.capacity()["maximum"]["sets_it"] == "the flow table of r holds 50,000"
    wall = box.with_settings("nats.r.translates=false", "nats.r.external-ip-address-pool=", "nats.r.design=")
    assert wall.capacity()["maximum"]["sets_it"] == words


def test_memory_is_a_table_of_so_many_entries() -> None:
    nat = Scenario(behind("linux-conntrack-below-1gib", memory={"total": "512MiB"})).canonical["nats"][0]
    assert nat["connection-limits"] == {"limit-per-instance": 4096}
    small = Scenario(behind("pfsense", memory={"total": "1GB"}, **{"connection-limits": {"limit-per-instance": 100}}))
    assert small.canonical["nats"][0]["connection-limits"] == {"limit-per-instance": 100}


def test_the_answer_names_the_source() -> None:
    limits = Scenario(behind("huawei-nat-gateway-small")).answer(remedies=False)["limits"]
    (packets,) = [limit for limit in limits if limit["kind"] == "packets"]
    assert "2,000,000 packets per second" in packets["source"]
    assert packets["connections"] == 2_000_000 * 10 // 20


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    profile = {"name": "box", "limits": {"rate-limits": {"connections": "50/s"}}, "sources": []}
    (tmp_path / "box.json").write_text(json.dumps(profile))
    (tmp_path / "net.json").write_text(json.dumps(behind("box.json")))
    assert load(tmp_path / "net.json").canonical["nats"][0]["rate-limits"] == {"connections": "50/s"}


def called(arguments: list[str], monkeypatch: Any, capsys: Any) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["natbound", *arguments])
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0), str(capsys.readouterr().out)
    return 0, str(capsys.readouterr().out)


def test_commands(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    assert "azure-nat-gateway" in called(["profile", "list"], monkeypatch, capsys)[1]
    shown = json.loads(called(["profile", "show", "tnsr", "--json"], monkeypatch, capsys)[1])
    assert shown["limits"] == {"connection-limits": {"limit-per-instance": 10240}}
    assert "max-translations-per-thread" in called(["profile", "show", "tnsr"], monkeypatch, capsys)[1]
    assert called(["profile", "show", "tnsx"], monkeypatch, capsys)[0] == 2
    (tmp_path / "net.json").write_text(json.dumps(behind("huawei-nat-gateway-small")))
    for command in ("answer", "risk"):
        said = called([command, str(tmp_path / "net.json")], monkeypatch, capsys)[1]
        said = said[said.index("Limits, by the factor on the traffic") :]
        assert said.index("flow table of r") < said.index("free ports for A") < said.index("packets of r")


@pytest.mark.parametrize(
    ("profile", "fields", "says"),
    [
        ("aws-nat", {}, "no such profile"),
        (5, {}, r"nats\[0\]\.profile.*a device's name"),
        ({"name": "x", "limits": {"pool": 1}}, {}, "a profile does not set this"),
        ({"name": "x", "limits": 1}, {}, "fields of a NAT"),
        ("pfsense", {"memory": {"total": "10MiB", "per-entry": "0B"}}, "a size above 0"),
        ("pfsense", {"memory": {"total": "10B"}}, "less than one entry takes"),
        ("pfsense", {"memory": {"total": "10"}}, "the unit is missing"),
        ("pfsense", {"memory": {"total": "10Mb"}}, "no such unit"),
        ("pfsense", {"memory": {"total": "0.3B"}}, "no whole number of bytes"),
        ("tnsr", {"memory": {"total": "10MB"}}, "what one entry takes is wanted"),
    ],
)
def test_bad_profiles(profile: Any, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Scenario(behind(profile, **fields))
