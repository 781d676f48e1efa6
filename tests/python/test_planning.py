"""risk, size, alert and rules against the formulas by themselves, on a design whose search is complete."""

import json
import math
import re
from pathlib import Path

import pytest
import yaml
from natbound import InputError, Scenario, calculator, load
from natbound.cli.app import app
from natbound.planning import agreement, pools
from shell import is_refused
from typer.testing import CliRunner

PORTS = 55_000


def gateway(
    rate: float = 850, addresses: str = "203.0.113.5", design: str = "ideal", servers: str = "198.51.100.7", **traffic: object
) -> Scenario:
    return Scenario(
        {
            "clients": [{"name": "vms", "addresses": "10.0.0.0/22", "ports": "1024-65535"}],
            "nats": [
                {
                    "name": "gateway",
                    "inside": ["vms"],
                    "external-ip-address-pool": [addresses],
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1024 + PORTS - 1},
                    "design": design,
                }
            ],
            "servers": [{"name": "api", "addresses": servers, "ports": 443}],
            "traffic": [{"from": "vms", "to": "api", "rate": f"{rate}/s", "hold": "60s", **traffic}],
        }
    )


@pytest.mark.parametrize(("rate", "design"), [(930, "ideal"), (905, "linux-masquerade"), (880, "vpp-nat44-ed"), (950, "ovs")])
def test_the_simulation_agrees_with_risk(rate: float, design: str) -> None:
    found = gateway(rate, design=design).risk(simulate=4_000_000, seed=5, tries=1)
    assert found.simulation.arrivals >= 4_000_000
    assert found.simulation.independent >= 20
    assert abs(found.simulation.z) < 4, found
    # three holds: whatever was counted is one event
    scaled = gateway(rate / 2, design=design).risk(2, simulate=200_000, seed=5, tries=1)
    assert scaled.simulation.z is None
    assert scaled.simulation.within, scaled


def test_a_simulation_of_something_else_does_not_agree() -> None:
    found = gateway(930).risk(tries=1).to_dict()
    other = agreement(gateway(940), found, arrivals=4_000_000)
    assert other["z"] > 4
    # and too few to judge are told apart from those that say no
    few = agreement(gateway(870), gateway(870).risk(tries=1).to_dict(), arrivals=50_000)
    assert few["z"] is None
    assert few["within"]
    assert not agreement(gateway(2000), found, arrivals=50_000)["within"]


@pytest.mark.parametrize("rate", [850, 905, 1000, 3000])
def test_risk_is_erlangs_formula(rate: float) -> None:
    found = gateway(rate).risk(tries=1)
    load = rate * 60
    assert found.refusal_probability == pytest.approx(calculator.erlang_b(PORTS, load), rel=1e-12)
    assert found.full_probability == pytest.approx(found.refusal_probability)
    assert found.exact
    assert found.error_bound <= 1e-11 * found.refusal_probability
    assert found.refusals_per_day == pytest.approx(86400 * rate * found.refusal_probability)
    assert found.retries.connection_failure == found.refusal_probability
    assert found.retries.method == "one try"


def test_risk_scales_all_rates_and_counts_tries_by_what_clients_see() -> None:
    assert gateway(450).risk(2.0).refusal_probability == pytest.approx(gateway(900).risk().refusal_probability)
    retries = gateway(900).risk().retries  # silence: a SYN and six more
    assert (retries.tries, retries.backoff, retries.factor, retries.jitter) == (7, 1, 2, 0)
    with pytest.raises(InputError, match="traffic"):
        Scenario({**gateway().canonical, "traffic": []}).risk()


@pytest.mark.parametrize(("rate", "target"), [(2500, 1e-6), (2500, 1e-3), (100, 1e-9), (9166, 1e-4)])
def test_size_finds_the_least_addresses_and_what_todays_carry(rate: float, target: float) -> None:
    found = gateway(rate).size(target)
    load = rate * 60
    # `ideal` takes any free tuple of the pool: one group of n x PORTS
    least = next(n for n in range(1, 100) if calculator.erlang_b(n * PORTS, load) <= target)
    assert found.options[0].addresses == least
    assert found.options[0].cost == least - 1
    assert found.as_is.load == pytest.approx(calculator.load_for(PORTS, target), rel=1e-6)
    assert found.as_is.most_rate == pytest.approx(calculator.load_for(PORTS, target) / 60, rel=1e-6)
    needed = int(calculator.ports_for(load, target))
    assert found.as_is.least_ports == (needed if needed <= PORTS else None)
    for point in found.curve:
        assert point.likely == pytest.approx(calculator.load_for(point.addresses * PORTS, target), rel=1e-6)


def test_size_sorts_by_cost_and_says_what_does_not_help() -> None:
    s = gateway(2500)
    cheap_designs = s.size(1e-3, designs=["vpp-nat44-ed"], prices={"design": 0, "address": 10})
    costs = [o.cost for o in cheap_designs.options if o.cost is not None]
    assert costs == sorted(costs)
    assert len(cheap_designs.options) == 2
    assert {o.change for o in cheap_designs.options} == {"as it is", "design vpp-nat44-ed"}
    with pytest.raises(InputError, match="no such price"):
        s.size(prices={"power": 1})
    with pytest.raises(InputError, match="--target"):
        s.size(0)


def test_a_pool_grows_around_what_others_have() -> None:
    assert pools.resized(["203.0.113.0/30"], 3, []) == ["203.0.113.0-203.0.113.2"]
    assert pools.resized(["203.0.113.5"], 4, ["203.0.113.7-203.0.113.9"]) == ["203.0.113.5", "203.0.113.6", "203.0.113.10-203.0.113.11"]
    assert pools.count(["2001:db8::/64", "2001:db9::1"]) == 2**64 + 1
    with pytest.raises(InputError, match="no more addresses"):
        pools.resized(["255.255.255.254"], 4, [])


def test_alert_leaves_the_lead_that_was_asked_for() -> None:
    found = gateway().alert(1e-6, growth=0.02, lead=14 * 86400)
    assert found.reaches_epsilon_at == pytest.approx(calculator.load_for(PORTS, 1e-6), rel=1e-3)
    assert found.connections * 1.02**14 == pytest.approx(found.reaches_epsilon_at * (1 - 1e-6))
    assert found.utilisation == pytest.approx(found.connections / PORTS)
    rule = yaml.safe_load(found.rule)["groups"][0]["rules"][0]
    assert rule["expr"].endswith(f"> {math.floor(found.connections)}")
    assert not found.alerts_now or found.load > found.connections
    assert gateway(900).alert(1e-6, growth=0.5, lead=86400).alerts_now


def test_rules_are_judged_by_the_formula() -> None:
    rows = {row["rule"]: row for row in gateway(900).rules(1e-6).to_dict()["rules"]}
    assert rows["ports / hold"]["refusal_probability"] == pytest.approx(calculator.erlang_b(PORTS, PORTS), rel=1e-9)
    assert rows["ports / hold"]["verdict"] == "too bold"
    assert rows["900 a second a destination"]["refusal_probability"] == pytest.approx(1.7142804569548689967e-7, rel=1e-9)
    assert rows["900 a second a destination"]["verdict"] == "right"
    assert rows["Erlang B on all ports"]["verdict"] == "right"
    assert rows["alert at 75 %"]["verdict"] == "wasteful"
    # 54,000 live over 1,024 machines
    assert rows["64 ports a machine"]["refusal_probability"] == pytest.approx(calculator.poisson_tail(64, 54_000 / 1024))


def test_erlang_is_too_bold_where_the_search_gives_up() -> None:
    rows = {row["rule"]: row for row in gateway(860, design="linux-masquerade").rules(1e-6).to_dict()["rules"]}
    assert rows["Erlang B on all ports"]["verdict"] == "too bold"


SIMULATED = {
    "clients": [{"name": "a", "addresses": "10.0.0.0/26"}],
    "nats": [
        {
            "name": "n",
            "inside": ["a"],
            "external-ip-address-pool": "203.0.113.1",
            "design": "linux-masquerade",
            "port-set-restrict": {"start-port-number": 20000, "end-port-number": 21999},
        }
    ],
    "servers": [
        {"name": "w", "addresses": "198.51.100.1", "ports": 443},
        {"name": "v", "addresses": "198.51.100.2-198.51.100.3", "ports": 443},
    ],
    "traffic": [{"from": "a", "to": "w", "rate": "10/s", "hold": "60s"}, {"from": "a", "to": "v", "rate": "2/s", "hold": "30s"}],
}


def test_alert_and_rules_agree_with_the_full_answer() -> None:
    """They ask for less than `answer` does: the same maximum, load and limit, and `risk` says what each rule's load is refused."""
    scenario = Scenario(SIMULATED)
    answer, alert, rules = scenario.answer(1e-4, remedies=False), scenario.alert(1e-4), scenario.rules(1e-4)
    low, high = answer["likely"]["interval"]
    assert low * 0.98 <= alert["reaches_epsilon_at"] <= high
    assert low * 0.98 <= rules["likely"] <= high * 1.02
    assert alert["maximum"] == rules["maximum"] == answer["maximum"]["connections"]
    assert alert["load"] == rules["load"] == pytest.approx(answer["traffic"]["load"])
    assert alert["metric"] == "node_nf_conntrack_entries"
    rows = {row["rule"]: row for row in rules["rules"]}
    assert rows["900 a second a destination"]["load"] == pytest.approx(3 * 900 * answer["traffic"]["hold"])
    by_load = sorted((row["load"], row["at_most"], name) for name, row in rows.items() if row["load"] is not None)
    refused = [p for _, p, _ in by_load]
    assert refused == sorted(refused)  # so that those between two that are held to `risk` are held by them
    for name in ("demand / ports below 1", "alert at 75 %", "ports / hold", "900 a second a destination"):
        row = rows[name]
        there = scenario.risk(row["load"] / answer["traffic"]["load"], tries=1)["worst_refusal_probability"]
        if row["refusal_probability"] is None:  # only a bound, of both or of the one that looks less closely
            assert max(row["at_most"], there["value"] or there["at_most"]) <= 1e-4
        else:
            assert row["refusal_probability"] == pytest.approx(there["value"], rel=0.05)
    ends = [rows[name]["at_most"] for name in ("alert at 75 %", "ports / hold")]
    assert ends[1] < 1.3 * ends[0]  # between which lie the other alerts


def test_arguments_of_another_type_are_refused() -> None:
    with pytest.raises(InputError, match="growth: '2%': a number is wanted"):
        gateway().alert(growth="2%")
    with pytest.raises(InputError, match=r"change: 'traffic.rate=900/s': a list of settings"):
        gateway().after("traffic.rate=900/s")


@pytest.mark.parametrize(("rates", "when"), [([0, 0, 0, 3, 3, 3], 0.0), ([2, 2], 0.0)])
def test_on_a_plateau_there_is_no_lag(rates: list[float], when: float) -> None:
    assert gateway(100).day(rates).lag == when


def test_rules_want_traffic() -> None:
    scenario = Scenario({key: value for key, value in SIMULATED.items() if key != "traffic"})
    with pytest.raises(InputError, match="the scenario has none; add traffic"):
        scenario.rules()
    assert scenario.alert()["load"] is None


@pytest.fixture
def scenario_file(tmp_path) -> str:
    path = tmp_path / "gateway.yaml"
    path.write_text(json.dumps(gateway(2500).canonical))
    return str(path)


@pytest.mark.parametrize("command", ["risk", "size", "alert", "rules"])
def test_commands_print_a_page_and_one_object(command: str, scenario_file: str) -> None:
    run = CliRunner()
    page = run.invoke(app, [command, scenario_file])
    assert page.exit_code == 0, page.output
    found = json.loads(run.invoke(app, [command, scenario_file, "--json"]).stdout)
    assert found["schema"] == f"natbound.{command}/1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["size", "--target", "2"], "--target"),
        (["size", "--price", "address"], "NAME=NUMBER"),
        (["size", "--nat", "nobody"], "no NAT has that name"),
        (["alert", "--lead", "7"], "a time with its unit"),
        (["alert", "--growth", "much"], "a share"),
        (["alert", "--growth", "-1%"], "at least 0"),
        (["alert", "--growth", "2%"], "without a lead time growth changes nothing"),
        (["alert", "--growth", "2", "--lead", "7d"], "2% is 0.02"),
        (["risk", "--scale", "0"], "scale"),
        (["risk", "--scale", "nan"], "scale"),
    ],
)
def test_bad_calls(arguments: list[str], message: str, scenario_file: str, monkeypatch, capsys) -> None:
    is_refused([arguments[0], scenario_file, *arguments[1:]], message, monkeypatch, capsys)


def test_a_day_is_the_calculators_day_where_the_search_is_complete() -> None:
    """calculator.md 4.8: 1,024 ports, mean load 800, amplitude 0.25."""
    s = gateway(800 / 60).with_settings("nats.0.port-set-restrict.end-port-number=2047")
    rates = [1 + 0.25 * math.sin(2 * math.pi * k / 288) for k in range(288)]
    found = s.day(rates)
    assert found.exact
    alone = calculator.Day([r * 800 / 60 for r in rates], 60).refused(1024)
    assert found.refused == pytest.approx(alone.share, rel=0.02)
    assert found.refused == pytest.approx(1.979579453e-3, rel=0.02)
    assert found.at_peak == pytest.approx(0.0119887, rel=0.02)
    assert found.peak.live == pytest.approx(1000, rel=1e-4)
    assert found.lag == pytest.approx(60, abs=150)  # the curve has a point each five minutes
    assert found.mean_load == pytest.approx(float(calculator.erlang_b(1024, 800)), rel=0.02)


def test_a_days_bad_rates() -> None:
    with pytest.raises(InputError, match=r"rates\[1\]"):
        gateway().day([1.0, -1.0])
    with pytest.raises(InputError, match="at least two"):
        gateway().day([1.0])


def test_uncertain_inputs_bound_the_answer_and_are_ranked() -> None:
    found = gateway().uncertainty({"traffic.rate": ("850/s", "900/s"), "traffic.hold": ("58s", "62s")})
    assert found.interval[0] == pytest.approx(float(calculator.erlang_b(PORTS, 850 * 58)), rel=1e-9, abs=1e-300)
    assert found.interval[1] == pytest.approx(float(calculator.erlang_b(PORTS, 900 * 62)), rel=1e-9)
    assert found.ends.most["traffic.hold"] == "62s"
    # at 900/s, 58 s against 62 s; at 62 s, 850/s against 900/s
    spreads = {row.field: row.spread for row in found.inputs}
    by_hold = float(calculator.log_erlang_b(PORTS, 900 * 62) - calculator.log_erlang_b(PORTS, 900 * 58))
    by_rate = float(calculator.log_erlang_b(PORTS, 900 * 62) - calculator.log_erlang_b(PORTS, 850 * 62))
    assert spreads["traffic.hold"] == pytest.approx(math.exp(by_hold), rel=1e-6)
    assert spreads["traffic.rate"] == pytest.approx(math.exp(by_rate), rel=1e-6)
    assert found.measure_first == ("traffic.hold" if by_hold > by_rate else "traffic.rate")
    with pytest.raises(InputError, match="--between"):
        gateway().uncertainty({})


def test_a_day_takes_the_holds_that_were_measured() -> None:
    rates = [1 + 0.5 * math.sin(2 * math.pi * k / 288) for k in range(288)]
    measured = {"law": "empirical", "samples": ["600s", "14400s"], "weights": [3, 1]}
    found = gateway(1, hold=measured).day(rates)
    alone = calculator.Day(rates, samples=[600, 14400], sample_weights=[3, 1])
    assert found.peak["live"] == pytest.approx(alone.peak_live().value, rel=1e-9)
    exponential = gateway(1, hold="4050s").day(rates)
    assert abs(found.peak["live"] / exponential.peak["live"] - 1) > 0.002


def test_limits_that_meet_give_an_interval_that_holds() -> None:
    """A table of 222 and twice 200 ports, offered 480: the table decides, and the product of both is only an upper bound."""
    s = gateway(8, servers="198.51.100.7-198.51.100.8").with_settings(
        "nats.0.port-set-restrict.end-port-number=1223", "nats.0.connection-limits.limit-per-instance=222"
    )
    found = s.risk(simulate=1_000_000)
    low, high = found.bounds  # a simulation of its own says where between them
    assert not found.exact
    assert low < 0.99 * high
    assert low - 0.005 <= found.simulation.refusal_probability <= high
    assert low <= found.interval[0] < found.interval[1] <= high
    assert found.interval[1] - found.interval[0] < (high - low) / 2
    assert abs(found.simulation.z) < 4


def test_a_rule_that_gives_a_probability_is_held_to_it() -> None:
    """Batches of 5 are refused 1,790 times as often as Erlang B says; both are above 1e-6, so that the rule allows nothing that it should not."""
    rows = {row["rule"]: row for row in gateway(905, arrivals={"law": "batches", "mean-batch": 5}).rules(1e-6)["rules"]}
    erlang = rows["Erlang B on all ports"]
    says = float(calculator.erlang_b(PORTS, 905 * 60))
    assert erlang["refusal_probability"] > 2 * says > 2e-6
    assert erlang["verdict"] == "too bold"
    assert not erlang["holds"]


@pytest.mark.parametrize(
    ("metric", "averaged"),
    [
        ("nat_live", "avg_over_time(nat_live[10m])"),
        ('nat_live{instance=~"gw{1,2}: .*"}', 'avg_over_time(nat_live{instance=~"gw{1,2}: .*"}[10m])'),
        ("sum(node_nf_conntrack_entries)", "avg_over_time((sum(node_nf_conntrack_entries))[10m:])"),
        ("a + b", "avg_over_time((a + b)[10m:])"),
    ],
)
def test_only_selectors_are_averaged_over_a_range(metric: str, averaged: str) -> None:
    """Prometheus: "ranges only allowed for vector selectors"; of what is computed, a subquery."""
    rule = yaml.safe_load(gateway().alert(1e-6, metric=metric).rule)["groups"][0]["rules"][0]
    window = rule["expr"][: rule["expr"].rindex(" > ")]
    assert re.sub(r"\d+m", "10m", window) == averaged


def test_an_alert_comes_in_time_and_can_fire() -> None:
    """The mean over the window is within 1 % of what is live, one deviation; the threshold is a number of carried connections."""
    hours = gateway(13.5).with_settings("traffic.hold=1h").alert(1e-6)
    assert hours.averaged_over_seconds == pytest.approx(2e4 / hours.connections * 3600, rel=1e-9)
    assert "for: 1m" in hours.rule
    few = gateway(10).with_settings("nats.port-set-restrict.end-port-number=1123").alert(1e-6)
    assert few.averaged_over_seconds == 600  # ten holds at most
    much = gateway(2000).alert(0.1)
    assert much.reaches_epsilon_at > PORTS > much.connections
    assert much.connections == pytest.approx(0.9 * calculator.load_for(PORTS, 0.1), rel=1e-6)


@pytest.mark.parametrize("metric", ["foo bar (((", "sum(a))", "a[5m)", 'a{b="c}', ""])
def test_what_is_not_closed_is_no_metric(metric: str) -> None:
    with pytest.raises(InputError, match="brackets and quotes closed"):
        gateway().alert(1e-6, metric=metric)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_load_that_is_looked_for_from_far_below(seed: int) -> None:
    """Of two addresses one has two of three clients; a search that sees every port free carries 0.85 of the ports there, and so do windows."""
    home = load(Path(__file__).parents[2] / "examples" / "home-lan-two-addresses.yaml")
    first = home.risk(seed=seed)["limits"][0]
    assert first["kind"] == "ports"
    # of 1.5 times the load of the fuller address: likely's number (82,300), by less than its own 1 %
    assert first["load"] == pytest.approx(1.5 * 54_900, rel=0.02)
