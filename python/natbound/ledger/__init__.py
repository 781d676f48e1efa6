"""The ledger: worked examples that others published about NAT capacity, their numbers made again, and the probability beside each.

`ROWS` are data; `docs/ledger.md` is the same as a page, made by `docs/make_ledger.py`, and `tests/python/test_ledger.py` keeps both.
"""

from natbound.ledger import calculators, carriers, clouds, hosts, kubernetes
from natbound.ledger.entry import Beside, Figure, Row, value

GROUPS: dict[str, tuple[Row, ...]] = {
    "Calculators and papers": calculators.ROWS,
    "Cloud gateways": clouds.ROWS,
    "Kubernetes clusters": kubernetes.ROWS,
    "Carriers": carriers.ROWS,
    "Hosts and proxies": hosts.ROWS,
}

ROWS: tuple[Row, ...] = tuple(row for rows in GROUPS.values() for row in rows)

__all__ = ["GROUPS", "ROWS", "Beside", "Figure", "Row", "value"]
