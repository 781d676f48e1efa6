"""What the library leaves unknown because it is NP-hard (packing.py, colouring.py), or in small scenarios for whatever reason (small.py), put to OR-Tools CP-SAT (`pip install 'natbound[exact]'`).

A solution goes back to the library, which lays it out as an ordinary certificate of kind fits: nobody has to trust the solver. That there is
none has no certificate: it is reported as what the solver says; the verdict on a demand stays unknown, and the number of a maximum stands between proved bounds.

What it can settle is put to a second engine where that is asked for (engines.py): Z3 or CP-SAT, over counts by class.
"""

from natbound.exact.program import Disagreement
from natbound.exact.settle import settle

__all__ = ["Disagreement", "settle"]
