"""From a scenario to what to buy, when to alert, and what a rule of thumb is worth there."""

from natbound.planning.alert import alert
from natbound.planning.rules import rules
from natbound.planning.size import size

__all__ = ["alert", "rules", "size"]
