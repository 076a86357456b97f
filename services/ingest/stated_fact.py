"""A fact as a request states it, and where in the request."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.validation import Fact


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact with the place it was read from: what to put before a field's name to point at it."""

    fact: Fact
    place: str
