"""Reads a JSON body in which no field may be stated twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from services.runtime.errors import ProblemError

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

    ``content`` is JSON already known to be sound. Raises ``ProblemError``.
    """

    def check(pairs: list[tuple[str, object]]) -> None:
        names = Counter(name for name, _ in pairs)
        if repeated := sorted(name for name, count in names.items() if count > 1):
            raise ProblemError(
                400,
                "duplicate-key",
                "A field is stated twice",
                f"Trường ghi hai lần: {', '.join(repeated)}. Giữ lại một. / Stated twice: "
                f"{', '.join(repeated)}. Keep one.",
            )

    json.loads(content, object_pairs_hook=check, parse_int=str)
