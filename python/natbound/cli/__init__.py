"""The command line: `natbound answer SCENARIO` and its fellows (docs/commands.md)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command `natbound`. Exit status: 0 answered (yes), 1 no, 2 wrong input or call, 3 unknown."""
    from natbound import _core
    from natbound.cli.app import app
    from natbound.errors import InputError, Unsupported

    try:
        app()
    except InputError as error:
        fail(str(error), 2)
    except (Unsupported, _core.Unsupported) as error:
        fail(f"unknown: {error}", 3)
    except ValueError as error:  # importing.ImportProblem, told apart without importing it
        if type(error).__name__ != "ImportProblem":
            raise
        fail(str(error), 2)
    except KeyboardInterrupt:
        fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def fail(message: str, status: int) -> None:
    """One line on standard error, and out."""
    print(f"natbound: {message}", file=sys.stderr)
    sys.exit(status)
