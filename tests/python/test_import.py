"""Reading captures: told apart by content, every dialect read, every damage named."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from natbound.importing import ImportProblem, import_paths
from natbound.importing import source as reading
from natbound.importing.conntrack_line import is_conntrack_line, parse_line
from natbound.importing.detect import Kind, kind_of

EXAMPLES = Path(__file__).parents[2] / "examples"
QUIET = EXAMPLES / "linux-router-quiet"
EXHAUSTED = EXAMPLES / "linux-router-exhausted"

LISTED = (
    "ipv4     2 tcp      6 431942 ESTABLISHED src=192.168.1.6 dst=198.18.0.102 sport=50625 dport=80"
    " src=198.18.0.102 dst=198.18.0.11 sport=80 dport=20129 [ASSURED] mark=0 delta-time=58 use=1"
)


@pytest.fixture(scope="module")
def quiet():
    return import_paths([QUIET])


def text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


# --- the captures ----------------------------------------------------------------------------------------


def test_the_quiet_capture_gives_its_scenario(quiet):
    scenario = quiet.scenario
    assert scenario["clients"] == [{"name": "lan", "addresses": "192.168.1.2-192.168.1.21", "ports": "32768-60999"}]
    assert scenario["nats"] == [
        {
            "name": "router",
            "inside": ["lan"],
            "external-ip-address-pool": ["198.18.0.11-198.18.0.12"],
            "port-set-restrict": {"start-port-number": 20000, "end-port-number": 20199},
            "design": "linux-snat",
            "connection-limits": {"limit-per-instance": 262144},
            "timers": {"tcp-fin": "10s", "tcp-rst": "10s", "tcp-silence": "432000s", "udp": "30s"},
        }
    ]
    truth = json.loads((QUIET / "truth.json").read_text())
    by_name = {s["name"]: f"{s['addresses']}:{s['ports']}" for s in scenario["servers"]}
    assert sorted(by_name.values()) == sorted(truth["by_destination"])
    for entry in scenario["traffic"]:
        rate = float(entry["rate"].removesuffix("/s"))
        done = truth["by_destination"][by_name[entry["to"]]] / truth["duration_s"]
        assert rate == pytest.approx(done, rel=0.01)
        assert entry["ends"] == {"fin": "100%"}
    assert not [line for line in quiet.report if line.startswith("warning")]


def test_yaml_reads_back_and_tells_intervals(quiet):
    written = quiet.to_yaml()
    assert yaml.safe_load(written) == quiet.scenario
    traffic = written[written.index("\ntraffic:") :].splitlines()[2:]
    for i, line in enumerate(traffic):
        if line.startswith("  - "):
            assert "life" in traffic[i - 1]
            assert "95 %" in traffic[i - 1]
            assert "95 %" in traffic[i - 2]


def test_each_pair_of_hosts_keeps_one_address_of_the_pool():
    """find_best_ips_proto hashes source and destination, so a pair never sees the pool's other address."""
    for folder in (QUIET, EXHAUSTED):
        pairs: dict[tuple[str, str], set[str]] = {}
        for line in text(folder / "conntrack-events.txt.gz").splitlines():
            entry = parse_line(line)
            assert entry is not None
            pairs.setdefault((entry.flow[0], entry.flow[2]), set()).add(entry.external[0])
        assert len(pairs) == 80
        assert all(len(addresses) == 1 for addresses in pairs.values())
        assert set.union(*pairs.values()) == {"198.18.0.11", "198.18.0.12"}


def test_names_do_not_matter(tmp_path, quiet):
    files = [p for p in QUIET.iterdir() if p.name != "README.md"]
    names = random.Random(3).sample(range(1000), len(files))
    for path, name in zip(files, names, strict=True):
        data = path.read_bytes()
        flipped = gzip.decompress(data) if path.suffix == ".gz" else gzip.compress(data)
        (tmp_path / f"{name}.dat").write_bytes(flipped)
    assert import_paths([tmp_path]).scenario == quiet.scenario
    assert import_paths(sorted(tmp_path.iterdir(), reverse=True)).scenario == quiet.scenario
    assert import_paths([tmp_path, *tmp_path.iterdir()]).scenario == quiet.scenario  # each file counts once


def test_what_is_ignored_is_listed(quiet):
    ignored = [line for line in quiet.report if line.startswith("ignored")]
    assert [any(name in line for line in ignored) for name in ("kernel.txt", "truth.json", "README.md")] == [True] * 3


# --- kinds and lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (LISTED, Kind.TABLE),
        ("udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=", Kind.TABLE),
        ("    [NEW] tcp      6 120 SYN_SENT src=1.1.1.1 dst=2.2.2.2", Kind.EVENTS),
        ("[1795344417.1]\t[DESTROY] udp 17 src=1.1.1.1 dst=2.2.2.2", Kind.EVENTS),
        ("cpu=0   \tfound=4920 invalid=0", Kind.COUNTERS),
        ("State Recv-Q Send-Q Local Address:Port", Kind.SOCKETS),
        ("ESTAB 0 0 192.168.1.2:5 1.2.3.4:80", Kind.SOCKETS),
        ("*nat\n:PREROUTING ACCEPT [0:0]", Kind.RULES),
        ("# my notes\n# Generated by iptables-save v1.8.9", Kind.RULES),
        ("net.netfilter.nf_conntrack_max = 5", Kind.SYSCTL),
        ("net/netfilter/nf_conntrack_max = 5", Kind.SYSCTL),
        ('{"nftables": []}', Kind.JSON),
        ("\n  \n", Kind.EMPTY),
        ("6.18.44\niptables v1.8.9\n", Kind.UNKNOWN),
        ("# A heading\n\nSome prose = about src=this", Kind.UNKNOWN),
    ],
)
def test_kinds(head, kind):
    assert kind_of(head) is kind


def test_a_listed_line():
    entry = parse_line(LISTED)
    assert entry is not None
    assert (entry.event, entry.protocol, entry.remaining, entry.state) == (None, "tcp", 431942, "ESTABLISHED")
    assert entry.flow == ("192.168.1.6", 50625, "198.18.0.102", 80)
    assert entry.external == ("198.18.0.11", 20129)
    assert (entry.assured, entry.unreplied, entry.age, entry.id) == (True, False, 58, None)


def test_a_destroy_tells_whether_it_was_cut():
    cut = parse_line(
        "[5.5]\t[DESTROY] tcp      6 9 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=3 dport=4"
        " src=10.0.0.2 dst=9.9.9.9 sport=4 dport=20 [ASSURED] delta-time=5 id=77"
    )
    expired = parse_line(
        "[DESTROY] tcp      6 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=3 dport=4 src=10.0.0.2 dst=9.9.9.9 sport=4 dport=20 id=77"
    )
    assert cut is not None
    assert expired is not None
    assert (cut.time, cut.event, cut.remaining, cut.state, cut.id) == (5.5, "DESTROY", 9, "TIME_WAIT", "77")
    assert (expired.time, expired.remaining, expired.state) == (None, None, "TIME_WAIT")


def test_other_dialects():
    udp = parse_line(
        "udp      17 29 src=10.0.0.1 dst=8.8.8.8 sport=5000 dport=53 packets=1 bytes=60 [UNREPLIED]"
        " src=8.8.8.8 dst=9.9.9.9 sport=53 dport=5000 packets=0 bytes=0 mark=0 use=1"
    )
    assert udp is not None
    assert (udp.protocol, udp.remaining, udp.state, udp.unreplied) == ("udp", 29, None, True)
    six = parse_line(
        "ipv6     10 tcp      6 7 TIME_WAIT src=2001:DB8:0::1 dst=2001:db8::2 sport=1 dport=2"
        " src=2001:db8::2 dst=2001:db8:ffff::9 sport=2 dport=1 [ASSURED] mark=0 use=1"
    )
    assert six is not None
    assert six.flow == ("2001:db8::1", 1, "2001:db8::2", 2)
    offloaded = parse_line(
        "ipv4     2 tcp      6 src=10.0.0.1 dst=8.8.8.8 sport=5 dport=6 src=8.8.8.8 dst=9.9.9.9 sport=6 dport=5 [OFFLOAD] mark=0 use=3"
    )
    assert offloaded is not None
    assert (offloaded.remaining, offloaded.state) == (None, None)
    icmp = "icmp     1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=0 id=9 src=2.2.2.2 dst=3.3.3.3 type=0 code=0 id=9"
    assert is_conntrack_line(icmp)
    assert parse_line(icmp) is None
    assert parse_line("conntrack v1.4.7 (conntrack-tools): 753 flow entries have been shown.") is None


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("192.168.1.6", "192.168.1.600", "not an address"),
        ("sport=50625", "sport=70000", "0 to 65535"),
        ("sport=50625", "sport=-5", "0 to 65535"),
        ("sport=50625", "sport=٣", "0 to 65535"),
        (" dst=198.18.0.11 sport=80 dport=20129", "", "is missing"),
        (" src=198.18.0.102 dst=198.18.0.11 sport=80 dport=20129", "", "two blocks"),
    ],
)
def test_a_damaged_line_is_named(old, new, rule):
    assert old in LISTED
    with pytest.raises(ImportProblem, match=rule) as problem:
        parse_line(LISTED.replace(old, new, 1), "dump", 7)
    assert (problem.value.file, problem.value.line) == ("dump", 7)
    assert str(problem.value).startswith("dump:7: '")


ports = st.integers(0, 65535)
v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(str)


@given(
    data=st.one_of(st.tuples(v4, v4, v4), st.tuples(v6, v6, v6)),
    numbers=st.tuples(ports, ports, ports),
    protocol=st.sampled_from([("tcp", 6), ("udp", 17), ("sctp", 132)]),
    left=st.one_of(st.none(), st.integers(0, 999999)),
    state=st.one_of(st.none(), st.sampled_from(["ESTABLISHED", "TIME_WAIT", "SYN_SENT", "CLOSE"])),
    event=st.one_of(st.none(), st.sampled_from(["NEW", "UPDATE", "DESTROY"])),
    time=st.one_of(st.none(), st.integers(0, 2**33).map(lambda n: f"{n}.25")),
    extended=st.booleans(),
    counted=st.booleans(),
    age=st.one_of(st.none(), st.integers(0, 10**6)),
    assured=st.booleans(),
)
def test_every_line_written_is_read_back(data, numbers, protocol, left, state, event, time, extended, counted, age, assured):
    src, dst, out = data
    sport, dport, outport = numbers
    tally = " packets=3 bytes=180" if counted else ""
    words = [
        f"[{time}]\t" if event and time else "",
        f"[{event}]" if event else "",
        f"ipv{6 if ':' in src else 4} {10 if ':' in src else 2}" if extended else "",
        f"{protocol[0]:8} {protocol[1]}",
        "" if left is None else str(left),
        state or "",
        f"src={src} dst={dst} sport={sport} dport={dport}{tally}",
        "" if assured else "[UNREPLIED]",
        f"src={dst} dst={out} sport={dport} dport={outport}{tally}",
        "[ASSURED]" if assured else "",
        "mark=0",
        "" if age is None else f"delta-time={age}",
        "id=123" if event else "use=1",
    ]
    entry = parse_line(" ".join(w for w in words if w))
    assert entry is not None
    assert entry.flow == (src, sport, dst, dport)
    assert entry.external == (out, outport)
    assert (entry.event, entry.protocol, entry.remaining, entry.state) == (event, protocol[0], left, state)
    assert (entry.age, entry.assured, entry.unreplied) == (age, assured, not assured)
    assert entry.time == (float(time) if event and time else None)
    assert entry.id == ("123" if event else None)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(line):
    rule = "none"
    try:
        parse_line(line)
    except ImportProblem as problem:
        rule = problem.rule
    assert rule


@given(at=st.integers(0, len(LISTED)), junk=st.text(max_size=4))
@example(at=177, junk="¹")  # a digit that is no number
def test_no_damage_breaks_the_parser(at, junk):
    entry = None
    with contextlib.suppress(ImportProblem):
        entry = parse_line(LISTED[:at] + junk + LISTED[at + len(junk) :])
    assert entry is None or 0 <= entry.flow[1] <= 65535


# --- bad input -------------------------------------------------------------------------------------------


def problem_of(*paths: Path) -> ImportProblem:
    with pytest.raises(ImportProblem) as caught:
        import_paths(paths)
    assert "\n" not in str(caught.value)
    return caught.value


def test_nothing_to_read(tmp_path):
    assert "no files" in str(problem_of(tmp_path))
    (tmp_path / "a").write_text("hello\n")
    (tmp_path / "b").write_bytes(os.urandom(4096))
    (tmp_path / "c").write_text("")
    assert "none of a kind" in str(problem_of(tmp_path))
    assert "binary" in str(problem_of(tmp_path / "b"))
    assert "No such file" in str(problem_of(tmp_path / "nowhere"))
    assert "no path" in str(problem_of())
    assert "device" in str(problem_of(Path("/dev/zero")))


def test_a_rule_alone_tells_no_flows():
    assert "which flows" in problem_of(QUIET / "iptables-save.txt", QUIET / "sysctl.txt").rule


@pytest.mark.parametrize("name", ["conntrack-L.txt.gz", "conntrack-events.txt.gz", "sysctl.txt", "iptables-save.txt", "nft.json"])
@pytest.mark.parametrize("part", [0.31, 0.5, 0.97])
def test_truncated_captures(tmp_path, name, part):
    whole = text(QUIET / name)
    cut = int(len(whole) * part)
    while whole[cut - 1] == "\n":
        cut -= 1
    shutil.copytree(QUIET, tmp_path / "x")
    (tmp_path / "x" / name).unlink()
    (tmp_path / "x" / "cut").write_text(whole[:cut])
    problem = problem_of(tmp_path / "x")
    assert "truncated" in problem.rule
    assert problem.file.endswith("cut")
    assert problem.line is not None


@pytest.mark.parametrize("part", [0.0001, 0.5, 0.9999])
def test_truncated_gzip(tmp_path, part):
    data = (QUIET / "conntrack-events.txt.gz").read_bytes()
    (tmp_path / "e.gz").write_bytes(data[: max(12, int(len(data) * part))])
    assert "gzip file is truncated or damaged" in problem_of(tmp_path / "e.gz").rule
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    (tmp_path / "e.gz").write_bytes(flipped)
    assert problem_of(tmp_path / "e.gz").rule


def test_a_listing_that_says_how_long_it_was(tmp_path):
    (tmp_path / "t").write_text(LISTED + "\nconntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.\n")
    assert "truncated" in problem_of(tmp_path / "t").rule


def test_a_very_large_file(tmp_path, monkeypatch):
    huge = tmp_path / "huge"
    with open(huge, "wb") as file:
        file.write((LISTED + "\n").encode() * 100)
        file.truncate(1 << 30)
    assert "larger than" in problem_of(huge).rule
    monkeypatch.setattr(reading, "MOST_BYTES", 8 << 20)
    with gzip.open(tmp_path / "bomb.gz", "wb", compresslevel=1) as file:
        block = (LISTED.replace("[ASSURED]", "[ASSURED] " + "x" * 4000) + "\n").encode() * 1000
        for _ in range(reading.MOST_BYTES // len(block) + 1):
            file.write(block)
    assert "larger than" in problem_of(tmp_path / "bomb.gz").rule
    (tmp_path / "long").write_text(LISTED + "\n" + "x" * (1 << 20))
    assert "line longer" in problem_of(tmp_path / "long").rule


def test_bad_json_and_numbers(tmp_path):
    deep = tmp_path / "deep"
    deep.write_text('{"nftables": ' + "[" * 100_000)
    assert problem_of(deep).file == str(deep)
    for name, content, why in [
        ("sysctl", "net.netfilter.nf_conntrack_max = lots\n", "whole number"),
        ("counters", "cpu=0 found=x insert_failed=1\n", "whole number"),
        ("rules", "*nat\n-A POSTROUTING -j MASQUERADE\n", "no COMMIT"),
        ("address", '[{"ifname": "a", "addr_info": [{"local": "1.2.3.x", "scope": "global"}]}]', "address"),
        ("null", LISTED + "\n\0\0\n", "binary"),
    ]:
        (tmp_path / name).write_text(content)
        problem = problem_of(tmp_path / name)
        assert why in problem.rule, name
        assert problem.file.endswith(name)
