"""What is no JSON, and JSON in which a field is stated twice, refused with the place."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from services.runtime.errors import FieldError, ProblemError
from services.runtime.field_faults import as_json

_MOST_TOLD = 100
_SHOWN_BYTES = 40

ModelT = TypeVar("ModelT", bound=BaseModel)


def reader(model: type[ModelT]) -> Callable[[bytes], ModelT]:
    """Reads a body of that model. The reader raises ``pydantic.ValidationError`` or ``ProblemError``."""

    def read(content: bytes) -> ModelT:
        body = model.model_validate_json(content)
        refuse_repeated_names(content)
        return body

    return read


def refuse_repeated_names(content: bytes) -> None:
    """Which of two amounts is meant, only the sender knows; a parser takes the last and says nothing.

    ``content`` is JSON already known to be sound. Raises ``ProblemError`` naming every place.
    """

    def read(pairs: list[tuple[str, object]]) -> object:
        counts = Counter(name for name, _ in pairs)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        return _Repeating(dict(pairs), repeated) if repeated else dict(pairs)

    document = json.loads(content, object_pairs_hook=read, parse_int=str)
    places = [place for place, _ in islice(_repeated(document, ()), _MOST_TOLD)]
    if places:
        named = ", ".join(places)
        raise ProblemError(
            400,
            "duplicate-key",
            "Một trường ghi hai lần / a field is stated twice",
            f"Trường ghi hai lần: {named}. Giữ lại một. / Stated twice: {named}. Keep one.",
            errors=[
                FieldError(
                    code="duplicate-key",
                    where=place,
                    read=as_json(place.rpartition(".")[2]),
                    detail="ghi hai lần / stated twice",
                    mend="giữ lại một / keep one",
                )
                for place in places
            ],
        )


class _Repeating(NamedTuple):
    """An object that names fields twice, with the last of each."""

    fields: dict[str, object]
    names: list[str]


def _repeated(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    """The path of every field that is stated twice. As deep as a parser of bodies goes, 200 levels."""
    if isinstance(value, _Repeating):
        for name in value.names:
            yield ".".join((*path, name)), value
        value = value.fields
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _repeated(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _repeated(part, (*path, str(number)))


def malformed(content: bytes, reason: str) -> ProblemError:
    """400 for what is no JSON; ``reason`` is the parser's, with line and column."""
    found = re.search(r"line (\d+) column (\d+)", reason)
    line, column = (int(found[1]), int(found[2])) if found else (1, 1)
    read = content.split(b"\n")[line - 1 : line]
    before = b"".join(read)[max(0, column - _SHOWN_BYTES) : column].decode(errors="replace")
    return ProblemError(
        400,
        "malformed-json",
        "Nội dung không phải là JSON / the body is not JSON",
        f"Không phải JSON, tại dòng {line} cột {column} / not JSON, at line {line} column {column}: {reason}",
        errors=[
            FieldError(
                code="malformed-json",
                where=f"dòng {line}, cột {column} / line {line}, column {column}",
                read=as_json(before),
                detail=f"không đúng cú pháp JSON / not JSON: {reason}",
                mend="sửa chỗ đó: thiếu ngoặc, thiếu dấu phẩy, lồng quá sâu hoặc không phải UTF-8 / "
                "mend it there: a bracket or comma is missing, it is nested too deeply, or it is not UTF-8",
            )
        ],
    )
