"""Prints how far Hayward's approximation is from the exact chains, as the table of docs/calculator.md.

python docs/measure_hayward.py        # half a minute
"""

from __future__ import annotations

from collections.abc import Callable

from natbound import calculator as calc

TARGETS = (1e-2, 1e-4, 1e-6)


def load_for(refusal: Callable[[float], float], target: float, most: float) -> float:
    low, high = 1e-3, most
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if refusal(middle) > target else (middle, high)
    return low


def batches(ports: int, size: int, geometric: bool) -> list[float]:
    def exact(load: float) -> float:
        return float(calc.batches(ports, load, size, geometric=geometric).refusal)

    z = calc.batch_peakedness(size, geometric=geometric)
    loads = [load_for(exact, target, 2 * ports) for target in TARGETS]
    return [calc.hayward(ports, load, z) / exact(load) - 1 for load in loads]


def on_off(ports: int, sources: int, on: float, off: float) -> list[float]:
    def exact(load: float) -> float:
        return float(calc.on_off(ports, sources, load, on, off).refusal)

    errors = []
    for target in TARGETS:
        load = load_for(exact, target, 4 * ports)
        z = calc.on_off_peakedness(load, on, off)
        errors.append(calc.hayward(ports, sources * load * on / (on + off), z) / exact(load) - 1)
    return errors


def row(what: str, errors: list[float]) -> None:
    print(f"| {what} | " + " | ".join(f"{100 * e:+.0f} %" for e in errors) + " |", flush=True)


def main() -> None:
    print("| error of Hayward where the truth is | 1e-2 | 1e-4 | 1e-6 |\n|---|---|---|---|")
    for ports in (64, 1024, 16384):
        for size in (2, 20):
            for geometric in (False, True):
                law = "geometric, mean" if geometric else "fixed,"
                row(f"{ports:,} ports, batches {law} {size}", batches(ports, size, geometric))
    for ports in (64, 256):
        for sources in (4, 64):
            for on, off in ((0.1, 0.9), (10, 30)):
                row(f"{ports} ports, {sources} sources on {on} off {off} holds", on_off(ports, sources, on, off))


if __name__ == "__main__":
    main()
