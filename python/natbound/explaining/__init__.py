"""Why a demand does not fit, the smallest changes that make it fit, and what one more of each thing is worth."""

from __future__ import annotations

from natbound.explaining.explain import explain
from natbound.explaining.result import Explanation

__all__ = ["Explanation", "explain"]
