"""What is wrong with a policy file, told so that it can be mended: line, rule, key, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError


def wrong(key: str, said: str) -> PydanticCustomError:
    """A fault of one key that is seen only beside others; ``key`` with dots, as "text.vi.reason"."""
    return PydanticCustomError("beside_others", "{said}", {"key": key, "said": said})


def told(path: Path, error: ValidationError, *, keys: Sequence[str]) -> list[str]:
    """Every true fault of a file; ``keys`` are those that there are, for one that is misspelt."""
    return [_place(path, fault, keys) for fault in _true_faults(error)]


def _true_faults(error: ValidationError) -> list[ErrorDetails]:
    """Without "should have at least 1 item" of a list whose items are at fault: none of them is sound."""
    faults = error.errors()
    inside = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
    return [fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in inside]


def _place(path: Path, fault: ErrorDetails, keys: Sequence[str]) -> str:
    """Line, rule and key of a fault, by the rule's name where it can be read, and how to mend it."""
    loc = (*fault["loc"], *filter(None, fault.get("ctx", {}).get("key", "").split(".")))
    where = [str(part) for part in loc]
    if where[:1] == ["rules"] and len(where) > 1:
        entry = read_yaml(path)["rules"][int(where[1])]
        name = entry.get("name", where[1]) if isinstance(entry, dict) else where[1]
        where = [f"rule {name}", ".".join(where[2:])]
    return ": ".join([f"line {_line(path, loc)}", *filter(None, where), _said(fault, keys)])


def _said(fault: ErrorDetails, keys: Sequence[str]) -> str:
    match fault["type"]:
        case "missing":
            return "is missing: add it"
        case "too_short":
            return "is empty: give at least one"
        case "enum":
            return f"must be {fault['ctx']['expected']}"
        case "extra_forbidden":
            near = difflib.get_close_matches(str(fault["loc"][-1]), keys, n=1)
            return f"there is no such key: {f'did you mean {near[0]}?' if near else 'remove it'}"
    return fault["msg"].removeprefix("Value error, ")


def _line(path: Path, loc: Sequence[int | str]) -> int:
    """The line of the key or, where it is missing or the fault is of several, of what it belongs to."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key given twice; YAML readers otherwise keep the last one silently."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = set()
    for each, _ in node.value:
        key = loader.construct_object(each)
        if key in keys:
            raise yaml.MarkedYAMLError(
                problem=f"key {key!r} given twice: leave one", problem_mark=each.start_mark
            )
        keys.add(key)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """Raises ``yaml.YAMLError``, also for a key given twice."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
