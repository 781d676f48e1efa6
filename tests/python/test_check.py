"""The stand-alone checker under attack: what it accepts is so, by brute force."""

from __future__ import annotations

import itertools
import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from attack import accepted, as_kinds, demands, drawn_out, maxima, past, true, unjudged, valid
from mutation import mutants


def test_accepts_what_brute_force_finds() -> None:
    certificates = [k for c in maxima(range(1000, 1120)) for k in as_kinds(c)] + past(range(1000, 1040))
    assert len(certificates) > 200
    for certificate in certificates:
        accepted(certificate)


def test_accepts_what_brute_force_finds_within_quotas() -> None:
    certificates = [k for c in maxima(range(2000, 2120), quotas=True) for k in as_kinds(c)] + past(range(2000, 2100), quotas=True)
    capped = sum("quota" in json.dumps(c.get("does-not-fit", {})) for c in certificates)
    assert len(certificates) > 200
    assert capped > 20
    assert sum(c.get("lower-bound", {}).get("reason") == "quota" for c in certificates) > 5
    for certificate in certificates:
        accepted(certificate)


@pytest.mark.parametrize("quotas", [False, True])
def test_no_wrong_mutant_is_accepted(quotas: bool) -> None:
    rng = random.Random(20260101)
    certificates = (
        [k for c in maxima(range(40), quotas) for k in as_kinds(c)] + past(range(60 if quotas else 30), quotas) + demands() + drawn_out()
    )
    tried = wrong = still = 0
    per_kind: dict[str, int] = {}
    for certificate in certificates:
        for done, mutant in mutants(certificate, rng, 40):
            tried += 1
            per_kind[certificate["kind"]] = per_kind.get(certificate["kind"], 0) + 1
            if valid(mutant) is not True:
                continue
            still += 1
            if not unjudged(mutant) and not true(mutant):
                wrong += 1
                print(done, json.dumps(mutant))
            # a mutant that is still true was not made for the certificate's scenario, unless that was left alone
            if mutant["scenario"] != certificate["scenario"]:
                assert valid(mutant, certificate["scenario"]) is False
    assert wrong == 0, f"{wrong} of {tried} mutants are wrong and were accepted"
    assert tried >= 2000
    assert min(per_kind.values()) >= 200
    assert still < tried / 2  # the attack would be a weak one


def test_bodies_of_other_scenarios() -> None:
    certificates = [k for c in maxima(range(200, 240)) for k in as_kinds(c)] + past(range(200, 216))
    tried = 0
    for one, other in itertools.product(certificates, certificates):
        if one is other or one["kind"] != other["kind"]:
            continue
        tried += 1
        mixed = {**one, "scenario": other["scenario"]}
        if valid(mixed) is True:
            assert true(mixed)
        if one["scenario"] != other["scenario"]:
            assert valid(one, other["scenario"]) is False
    assert tried > 500
