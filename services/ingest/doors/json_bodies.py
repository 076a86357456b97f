"""Reads a JSON body so that every fault in it is told at once, those that span fields included."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import get_args

from pydantic import ValidationError
from pydantic_core import from_json

from services.contracts.stated.models import (
    CompletedWorkIn,
    DisbursementsIn,
    PlanRevisionIn,
    PlansIn,
    ProjectIn,
    RegistersIn,
    StatementsIn,
)
from services.contracts.stated.reallocations import ReallocationsIn
from services.ingest.judging import judges
from services.ingest.judging.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.field_faults import field_errors
from services.runtime.json_body import refuse_repeated_names

Body = DisbursementsIn | StatementsIn | CompletedWorkIn | PlansIn | ReallocationsIn | RegistersIn

# Items that make a project known.
_INTRODUCING = (PlanRevisionIn, ProjectIn)

# What is wrong with facts that are sound field by field; projects of these codes count as known.
Judge = Callable[[Sequence[StatedFact], Collection[str]], Iterable[FieldError]]


def read(model: type[Body], content: bytes, *, judge: Judge) -> Body:
    """The body. Raises ``ProblemError`` with all faults, or ``ValidationError`` where it is no JSON.

    ``judge`` is asked about the sound items of a faulty body; of a sound body, its taker asks it.
    """
    try:
        body = model.model_validate_json(content)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise
        refuse_repeated_names(content)
        sound, presumed = _sound_items(model, content, error)
        judges.refuse([*field_errors(error), *judge(sound, presumed)])
        raise
    refuse_repeated_names(content)
    return body


def stated(body: Body) -> list[StatedFact]:
    """Every fact of the body with its path in it."""
    return [
        StatedFact(item.fact(), f"{name}.{number}.")
        for name in type(body).model_fields
        for number, item in enumerate(getattr(body, name))
    ]


def _sound_items(
    model: type[Body], content: bytes, error: ValidationError
) -> tuple[list[StatedFact], set[str]]:
    """The items of a faulty body that have no fault of their own, and the projects that a faulty one
    introduces: that they are not known is no further fault."""
    faulty = {fault["loc"][:2] for fault in error.errors(include_input=False)}
    body = from_json(content)
    sound: list[StatedFact] = []
    introduced: set[str] = set()
    for name, field in model.model_fields.items():
        items = body.get(name) if isinstance(body, dict) else None
        if not isinstance(items, list) or (name,) in faulty:
            continue
        (item_model,) = get_args(field.annotation)
        for number, item in enumerate(items):
            if (name, number) not in faulty:
                # As JSON again: the strict rules for JSON and for Python objects differ.
                fact = item_model.model_validate_json(json.dumps(item)).fact()
                sound.append(StatedFact(fact, f"{name}.{number}."))
            elif item_model in _INTRODUCING and isinstance(item, dict):
                introduced.add(str(item.get("project_code")))
    return sound, introduced
