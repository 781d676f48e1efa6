"""Scenario and design files: YAML or JSON to plain values, with the line of every field kept for messages."""

from __future__ import annotations

import copy
import json
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from natbound.errors import InputError

LARGEST_FILE = 64 * 1024 * 1024
MOST_VALUES = 2_000_000
DEEPEST = 30

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Document:
    """A file's plain value and, for each field's path, the line where it stands."""

    value: Any
    file: str | None = None
    lines: dict[str, int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)  # fields that an option wrote: `--set traffic.rate=900/s`
    texts: dict[str, str] = field(default_factory=dict)  # numbers as they were written
    parts: dict[str, Document] = field(default_factory=dict)  # designs that the file names by file

    def line_of(self, path: str) -> int | None:
        """The line of a field, or of the nearest field around it."""
        return next((self.lines[at] for at in _upwards(path) if at in self.lines), None)

    def forget_lines(self, path: str) -> None:
        """What stands under a list is no longer where it was."""
        self.lines = {at: line for at, line in self.lines.items() if not at.startswith(f"{path}[")}

    def copy(self) -> Document:
        """One that can be changed by itself; designs read from files, of which errors tell the lines, are common to both."""
        return Document(copied(self.value), self.file, dict(self.lines), dict(self.settings), dict(self.texts), dict(self.parts))

    def to_json(self) -> str:
        """The value as JSON, which has no NaN and no infinity."""
        try:
            return json.dumps(self.value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            _look_at(self.value, "", self)
            raise

    def error(self, path: str, value: str, rule: str, fix: str = "") -> InputError:
        """The error, placed in the file, or at the setting that wrote the field."""
        set_here = any(at in self.settings for at in _upwards(path))
        if not set_here and re.fullmatch(r"'?[-+.eE\d]+'?|true|false", value):
            value = self.texts.get(path, value)
        if rule == "text is wanted":
            fix = fix or "put it in quotes"
        for at in _upwards(path):
            if at in self.parts and path != at:
                return self.parts[at].error(path[len(at) :].lstrip("."), value, rule, fix)
            if at in self.settings:
                return InputError(rule, file=self.settings[at], path=path, value=value, fix=fix)
            if at and at in self.lines:
                break
            made = next((text for below, text in self.settings.items() if at and below.startswith((f"{at}.", f"{at}["))), None)
            if made is not None:  # a field around it, which the setting made
                return InputError(rule, file=made, path=path, value=value, fix=fix)
        return InputError(rule, file=self.file, line=self.line_of(path), path=path, value=value, fix=fix)


def copied(value: Any, depth: int = 0) -> Any:
    """A deep copy; of plain values several times as fast as copy.deepcopy, which keeps what refers to one thing together."""
    if type(value) is dict and depth < DEEPEST:
        return {key: copied(item, depth + 1) for key, item in value.items()}
    if type(value) is list and depth < DEEPEST:
        return [copied(item, depth + 1) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else copy.deepcopy(value)


def _look_at(value: Any, path: str, document: Document) -> None:
    """Values from Python may be anything; those of files are plain already."""
    if len(path) > 1000:
        raise document.error(path[:80], "", f"nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise document.error(path, repr(key)[:80], "a key must be a word")
            _look_at(item, f"{path}.{key}" if path else key, document)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            _look_at(item, f"{path}[{i}]", document)
    elif isinstance(value, float) and not math.isfinite(value):
        raise document.error(path, str(value), "a finite number is wanted")
    elif value is not None and not isinstance(value, (str, int, float)):
        raise document.error(path, repr(value)[:80], "text, a number, a list or a mapping is wanted")


def _upwards(path: str) -> Iterator[str]:
    """A field's path, then those around it, up to the whole file."""
    while path:
        yield path
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    yield ""


def read_text(path: str | Path) -> str:
    """The file's text; `-` is standard input."""
    name = str(path)
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            if Path(path).is_dir():
                raise InputError("a file is wanted, and this is a folder", file=name, fix="natbound import reads folders")
            with open(path, "rb") as stream:
                data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror or error}", file=name) from error
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"larger than {LARGEST_FILE // 2**20} MiB",
            file=name,
            fix="a scenario names sets (prefixes, ranges), never lists of hosts",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError("not text in UTF-8", file=name, line=line, fix="a scenario is YAML or JSON") from error
    if "\x00" in text:
        raise InputError("not text: it has a NUL byte", file=name, line=text[: text.index("\x00")].count("\n") + 1)
    return text


def parse(text: str, file: str | None = None) -> Document:
    """Plain values of YAML (and so of JSON), with the line of each."""
    document = Document(None, file)
    _bracket_depth(text, file)
    if text[:100].lstrip().startswith("{"):  # JSON, which writes what is beyond U+FFFF as two halves
        text = re.sub(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)", _joined, text)
    kind = "JSON" if file and file.endswith(".json") else "YAML"
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or ""
        if problem.startswith("but "):
            problem = f"{error.context}, {problem}"
        fix = "YAML indents with spaces, never tabs; text that begins with @, ` or % goes in quotes" if "start any token" in problem else ""
        raise InputError(f"not {kind}: {problem}", file=file, line=mark.line + 1 if mark else None, fix=fix) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not {kind}: {str(error).splitlines()[0]}", file=file) from error
    except RecursionError as error:
        raise InputError(f"nested deeper than {DEEPEST} levels", file=file) from error
    if node is None:
        raise InputError("the file is empty", file=file, fix="natbound new prints a starter scenario")
    document.value = _construct(node, document)
    return document


def _joined(match: re.Match[str]) -> str:
    return match[1] + str(json.loads(f'"{match[2]}"'))


def _bracket_depth(text: str, file: str | None) -> None:
    """Refuses hostile nesting before the YAML library, which recurses in C, sees it."""
    depth = 0
    for line, part in enumerate(text.split("\n"), 1):
        if depth == 0 and part.count("[") + part.count("{") <= DEEPEST:
            depth = max(0, depth + part.count("[") + part.count("{") - part.count("]") - part.count("}"))
            continue
        for character in part:
            depth += (character in "[{") - (character in "]}")
            if depth > 10 * DEEPEST:
                raise InputError(f"nested deeper than {DEEPEST} levels", file=file, line=line)
        indent = len(part) - len(part.lstrip(" -"))
        if indent > 100 * DEEPEST:
            raise InputError(f"nested deeper than {DEEPEST} levels", file=file, line=line)


def read(path: str | Path) -> Document:
    """A file's document, with the designs that it names by file put in."""
    document = parse(read_text(path), "<stdin>" if str(path) == "-" else str(path))
    folder = Path.cwd() if str(path) == "-" else Path(path).resolve().parent
    inline_designs(document, folder)
    return document


def _construct(root: yaml.Node, document: Document) -> Any:
    left = MOST_VALUES
    constructor = _Loader("")

    def build(node: yaml.Node, path: str, depth: int) -> Any:
        nonlocal left
        left -= 1
        document.lines.setdefault(path, node.start_mark.line + 1)
        if left < 0:
            raise document.error(path, "", f"more than {MOST_VALUES:,} values", "aliases that multiply?")
        if depth > DEEPEST:
            raise document.error(path, "", f"nested deeper than {DEEPEST} levels", "an alias that holds itself?")
        if isinstance(node, yaml.MappingNode):
            out: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
                if key is None:
                    raise document.error(path, "", "a key must be a word")
                if key == "<<":
                    raise document.error(path, "'<<'", "merge keys are not read", "write the fields out")
                here = f"{path}.{key}" if path else key
                document.lines[here] = key_node.start_mark.line + 1
                if key in out:
                    raise document.error(here, f"'{key}'", "the key stands twice")
                out[key] = build(value_node, here, depth + 1)
            return out
        if isinstance(node, yaml.SequenceNode):
            return [build(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        if plain and re.fullmatch(r"-?\d+(\.\d*)?[eE][+-]?\d+", node.value):  # JSON's numbers that YAML 1.1 reads as text
            node = yaml.ScalarNode("tag:yaml.org,2002:float", node.value, node.start_mark, node.end_mark)
        if node.tag.startswith("tag:yaml.org,2002:python") or node.tag.startswith("!"):
            raise document.error(path, f"'{node.tag}'", "tags are not read", "write the value out")
        try:
            value = constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            raise document.error(path, f"'{node.value}'", "can't be read") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise document.error(path, f"'{node.value}'", "a finite number is wanted")
        if plain and re.fullmatch(r"[-+]?0[0-9_]+", node.value):
            raise document.error(path, f"'{node.value}'", "a number that begins with 0 is one to base 8 in YAML", "write it without the 0")
        if isinstance(value, (int, float)):
            document.texts[path] = f"'{node.value}'"
        # dates, sexagesimal numbers and the like are text here
        if isinstance(value, int) and not isinstance(value, bool) and ":" in node.value:
            return node.value
        return value if value is None or isinstance(value, (bool, int, float, str)) else node.value

    return build(root, "", 0)


def inline_designs(document: Document, folder: Path) -> None:
    """Puts in the designs and the device profiles that are named by file."""
    nats = document.value.get("nats") if isinstance(document.value, dict) else None
    for i, nat in enumerate(nats if isinstance(nats, list) else []):
        for key in ("design", "profile"):
            name = nat.get(key) if isinstance(nat, dict) else None
            if isinstance(name, str) and name.endswith((".json", ".yaml", ".yml")):
                file, path = folder / name, f"nats[{i}].{key}"
                if not file.exists():
                    raise document.error(path, f"'{name}'", "no such file", "" if file == Path(name) else f"it is looked for in {folder}")
                document.parts[path] = parse(read_text(file), str(file))
                nat[key] = document.parts[path].value
