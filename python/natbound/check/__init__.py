"""Checks a certificate (docs/certificates.md) with the standard library alone.

Every count is derived anew from the scenario inside the certificate, and nothing that it says is believed unless checked. No code is shared
with the rest of natbound: run `python3 check/__main__.py CERTIFICATE` where natbound is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .all_sizes import check_all_sizes
from .demand import check_too_much, read_demand
from .does_not_fit import check_does_not_fit
from .fits import check_fits
from .guaranteed import check_guaranteed
from .holds import check_holds
from .maximum import check_bounds, check_maximum
from .multiple import check_multiple
from .reading import known_keys, need
from .scenario import read_scenario, same_value
from .sets import Rejected, Undecided, begin

__all__ = ["Verdict", "check"]

SCHEMA = "natbound.certificate/1"
BODIES = {
    "fits": "connections blocks port-sets demand",
    "does-not-fit": "at-most nats direct together gates servers demand pairs served",
    "maximum": "connections fits does-not-fit",
    "bounds": "fits does-not-fit",
    "multiple": "demand connections multiple next fits does-not-fit",
    "multiple-bounds": "demand connections multiple next fits does-not-fit",
    "guaranteed": "connections nat trace failing lower-bound clash",
    "holds": "property design obligations",
    "for-all-sizes": "parameters formula connections obligations",
}


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate stands (None: it can't be decided here), why, and what kind it is of."""

    valid: bool | None
    reason: str
    kind: str


def check(certificate: Any, scenario: Any = None) -> Verdict:
    """Decides a certificate. `scenario` in canonical form: one made for another scenario is rejected. Never raises on any JSON value, and ends."""
    kind = certificate.get("kind") if isinstance(certificate, dict) else None
    kind = kind if isinstance(kind, str) else ""
    begin()
    try:
        return Verdict(True, _decide(certificate, scenario, kind), kind)
    except Rejected as wrong:
        return Verdict(False, str(wrong), kind)
    except Undecided as why:
        return Verdict(None, str(why), kind)
    except RecursionError:
        return Verdict(False, "nested too deeply", kind)
    except MemoryError:
        return Verdict(None, "too large for this machine", kind)
    except Exception as surprise:  # a defect here must not pass for a proof, nor end in a traceback
        return Verdict(False, f"the checker failed on it: {type(surprise).__name__}: {surprise}", kind)


def _decide(certificate: Any, expected: Any, kind: str) -> str:
    """The reason why it stands."""
    need(isinstance(certificate, dict), "a certificate is an object")
    need(certificate.get("schema") == SCHEMA, f"schema: {SCHEMA} is wanted")
    if expected is not None and kind != "holds":
        need(same_value(certificate.get("scenario"), expected), "it was made for another scenario")
    if kind == "likely":
        raise Undecided("a load is not decided by counting: its method, error bound and simulation are there to be run again")
    need(kind in BODIES, "kind: no such kind")
    known_keys(certificate, f"schema kind scenario {BODIES[kind]}", kind)
    if kind == "holds":
        return f"the obligations are the design's, and {check_holds(certificate)} found each unsat"
    scenario = read_scenario(certificate.get("scenario"))
    if kind == "for-all-sizes":
        return check_all_sizes(scenario, certificate)
    if kind == "fits":
        demand = read_demand(scenario, certificate["demand"]) if "demand" in certificate else None
        return f"these {check_fits(scenario, certificate, demand):,} connections can be live together"
    if kind == "does-not-fit":
        if "demand" in certificate:
            check_too_much(scenario, certificate, read_demand(scenario, certificate["demand"]))
            return "the demand passes what is open to it"
        return f"no more than {check_does_not_fit(scenario, certificate):,} connections can be live together"
    if kind == "bounds":
        low, high = check_bounds(scenario, certificate)
        return f"{low:,} connections fit, and no more than {high:,} do"
    if kind in ("multiple", "multiple-bounds"):
        (top, bottom), (over, by) = check_multiple(scenario, certificate, exact=kind == "multiple")
        end = "and no more" if kind == "multiple" else "and"
        return f"{top}/{bottom} of the demand fits, {end}: {over}/{by} does not"
    if kind == "maximum":
        return f"{check_maximum(scenario, certificate):,} connections fit, and no more"
    said = check_guaranteed(scenario, certificate)
    if certificate["lower-bound"]["reason"] == "nothing-fails":
        return f"none of {said:,} connections can fail"
    return f"a connection can fail with {said:,} live, and none with fewer"  # fmt: skip
