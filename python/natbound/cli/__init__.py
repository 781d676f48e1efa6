"""The command line: `natbound answer SCENARIO` and its fellows (docs/commands.md)."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command `natbound`. Exit status: 0 answered (yes), 1 no, 2 wrong input or call, 3 unknown."""
    import typer

    from natbound.cli.app import app
    from natbound.errors import InputError, Unsupported

    # typer carries click inside it, or rests on it, by its version
    usage_error: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        fail(str(error), 2)
    except Unsupported as error:
        fail(f"unknown: {error}", 3)
    except usage_error as error:
        _wrong_call(error)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", 130)
    except MemoryError:
        fail("unknown: out of memory", 3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter complains when it flushes
        sys.exit(0)
    except OSError as error:  # such as a full disk under standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed at the end would fail again
        fail(f"{error.filename or 'standard output'}: {error.strerror or error}", 2)
    except Exception as error:
        if type(error).__name__ == "ImportProblem":  # told apart without importing it
            fail(str(error), 2)
        if os.environ.get("NATBOUND_TRACEBACK"):
            raise
        fail(f"unknown: a fault of natbound itself: {type(error).__name__}: {error}; NATBOUND_TRACEBACK=1 shows where", 3)
    else:
        if status == 130:  # the parser of arguments makes a status of Ctrl-C
            fail("interrupted", 130)
        sys.exit(status if isinstance(status, int) else 0)


def fail(message: str, status: int) -> None:
    """One line on standard error, and out."""
    print(f"natbound: {message}", file=sys.stderr)
    sys.exit(status)


def _wrong_call(error: BaseException) -> None:
    """A call that the parser of arguments refuses: one line, or the help where no argument at all was given."""
    context = getattr(error, "ctx", None)
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
        sys.exit(2)
    command = (getattr(context, "command_path", "") or "").split(" ", 1)[1:]
    where = f"{command[0]}: " if command and command[0] else ""
    fail(f"{where}{message.rstrip('.')}; natbound {' '.join(command)}{' ' if command else ''}--help shows how", 2)
