"""From a scenario to what to buy, when to alert, and what a rule of thumb is worth there."""

from natbound.planning.alert import alert
from natbound.planning.day import day
from natbound.planning.rules import rules
from natbound.planning.size import size
from natbound.planning.uncertainty import uncertainty

__all__ = ["alert", "day", "rules", "size", "uncertainty"]
