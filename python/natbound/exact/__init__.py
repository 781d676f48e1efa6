"""What the library leaves unknown because it is NP-hard, put to OR-Tools CP-SAT (`pip install 'natbound[exact]'`).

A solution goes back to the library, which lays it out as an ordinary certificate of kind fits: nobody has to trust the solver. That there is
none has no certificate: it is reported as what the solver says, and the verdict stays unknown.
"""

from natbound.exact.settle import settle

__all__ = ["settle"]
