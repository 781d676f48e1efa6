"""Scenarios from what routers print: NAT rules, addresses, limits, and flows with their rates and lives.

files -> source (text) -> detect (kind) -> one reader a kind -> gather -> life, arrivals, offered (fits) ->
assemble
"""

from natbound.importing.assemble import Imported, import_paths
from natbound.importing.problem import ImportProblem

__all__ = ["ImportProblem", "Imported", "import_paths"]
