"""The simulator beside SimPy and Ciw, in one run, on one loss system.

64,512 servers, Poisson arrivals, exponential holds of 60 s, 90 % load. SimPy and Ciw simulate the plain
loss system (a connection takes any free server, or is lost); natbound steps the Linux allocator, port by
port. Rates are events (arrivals and departures) a second of wall time, and of the processor's; the clock
starts with the system filled, except where the peer can't be started so (Ciw: said in its line).

    python bench/simulator_peers.py BENCH_PROGRAM [--seconds 10]

BENCH_PROGRAM is bench/simulator.cpp, built. SimPy and Ciw: python -m pip install simpy ciw.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import time

PORTS, HOLD, LOAD = 64_512, 60.0, 0.90
RATE = LOAD * PORTS / HOLD


def with_simpy(seconds: float) -> dict[str, float]:
    import simpy

    env = simpy.Environment()
    draw = random.Random(1)
    state = {"live": 0, "events": 0, "arrivals": 0, "refused": 0}

    def flow(hold: float):
        yield env.timeout(hold)
        state["live"] -= 1
        state["events"] += 1

    def source():
        while True:
            yield env.timeout(draw.expovariate(RATE))
            state["events"] += 1
            state["arrivals"] += 1
            if state["live"] >= PORTS:
                state["refused"] += 1
                continue
            state["live"] += 1
            env.process(flow(draw.expovariate(1 / HOLD)))

    for _ in range(int(LOAD * PORTS)):
        state["live"] += 1
        env.process(flow(draw.expovariate(1 / HOLD)))
    env.process(source())
    env.run(until=1.0)
    before = state["events"]
    start, cpu = time.perf_counter(), time.process_time()
    until = 1.0
    while time.perf_counter() - start < seconds:
        until += 1.0
        env.run(until=until)
    events = state["events"] - before
    return {
        "version": simpy.__version__,
        "events": events,
        "events_per_second": events / (time.perf_counter() - start),
        "events_per_cpu_second": events / (time.process_time() - cpu),
    }


def with_ciw(seconds: float) -> dict[str, float]:
    import ciw

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RATE)],
        service_distributions=[ciw.dists.Exponential(1 / HOLD)],
        number_of_servers=[PORTS],
        queue_capacities=[0],
    )
    # It starts empty, and can't be stopped by the clock on the wall: the simulated time is doubled until it
    # takes long enough. What it does for each event grows with the servers, not with the flows.
    simulated = 0.05
    while True:
        ciw.seed(1)
        simulation = ciw.Simulation(network)
        start, cpu = time.perf_counter(), time.process_time()
        simulation.simulate_until_max_time(simulated)
        wall, busy = time.perf_counter() - start, time.process_time() - cpu
        if wall >= seconds / 2:
            break
        simulated *= 2
    arrivals = sum(node.number_of_individuals for node in simulation.transitive_nodes)
    arrivals = max(arrivals, simulation.nodes[0].number_of_individuals)
    records = len(simulation.get_all_records())
    events = arrivals + records
    return {
        "version": ciw.__version__,
        "events": events,
        "events_per_second": events / wall,
        "events_per_cpu_second": events / busy,
        "started_empty": True,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="bench/simulator.cpp, built")
    parser.add_argument("--seconds", type=float, default=10, help="for each peer")
    given = parser.parse_args()
    ours = json.loads(subprocess.run([given.program], check=True, capture_output=True, text=True).stdout)
    results: dict[str, dict[str, object]] = {"natbound": ours}
    for name, peer in (("SimPy", with_simpy), ("Ciw", with_ciw)):
        try:
            results[name] = dict(peer(given.seconds))
        except ImportError as missing:
            results[name] = {"skipped": f"{missing}: python -m pip install {name.lower()}"}
    mine = float(ours["events_per_cpu_second"])
    for result in results.values():
        if "events_per_cpu_second" in result:
            result["times_slower"] = round(mine / float(str(result["events_per_cpu_second"])), 1)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
