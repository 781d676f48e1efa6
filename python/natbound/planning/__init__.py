"""From a scenario, or from ports alone, to what to buy, when to alert, when it is full, and what a rule of thumb is worth there."""

from natbound.planning.after import after
from natbound.planning.agreement import agreement
from natbound.planning.alert import alert
from natbound.planning.blocks import blocks
from natbound.planning.day import day
from natbound.planning.exhaustion import exhaustion
from natbound.planning.measured import Counts, Fit, Maxima, Samples
from natbound.planning.rules import rules
from natbound.planning.size import size
from natbound.planning.uncertainty import uncertainty

__all__ = [
    "Counts",
    "Fit",
    "Maxima",
    "Samples",
    "after",
    "agreement",
    "alert",
    "blocks",
    "day",
    "exhaustion",
    "rules",
    "size",
    "uncertainty",
]
