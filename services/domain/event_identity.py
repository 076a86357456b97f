"""Who an event is: the same fact sent twice has one id; other content under that id shows."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from collections.abc import Mapping

# Namespaces, fixed for good: an id made today must come out the same in ten years.
_EVENTS = uuid.UUID("6f0f4f6b-5a8e-5c1e-9d0b-6b1b6a5d4c01")
_POSTINGS = uuid.UUID("6f0f4f6b-5a8e-5c1e-9d0b-6b1b6a5d4c02")
_SIDES = uuid.UUID("6f0f4f6b-5a8e-5c1e-9d0b-6b1b6a5d4c04")
_ALERTS = uuid.UUID("6f0f4f6b-5a8e-5c1e-9d0b-6b1b6a5d4c03")

# ASCII "unit separator": validation refuses control characters, so no field can hold it.
_SEPARATOR = "\x1f"


def event_id(*, source: str, source_ref: str) -> uuid.UUID:
    """UUID version 5 (RFC 9562) of the source and its own reference."""
    # What uuid.uuid5() does, without what it looks up at each call: this runs for every row of a file.
    named = _EVENTS.bytes + _joined(source, source_ref).encode()
    return uuid.UUID(bytes=hashlib.sha1(named, usedforsecurity=False).digest()[:16], version=5)


class Identified:
    """A fact known by its source and the source's own reference, whatever else it states."""

    __slots__ = ()
    source: str
    source_ref: str

    @property
    def event_id(self) -> uuid.UUID:
        return event_id(source=self.source, source_ref=self.source_ref)


def posting_id(*, statement_event_id: uuid.UUID, value_date: str) -> uuid.UUID:
    """Id of a ledger row that a cumulative statement leads to on a date."""
    return uuid.uuid5(_POSTINGS, _joined(str(statement_event_id), value_date))


def reallocation_side_id(
    *, reallocation_event_id: uuid.UUID, project_code: str, fund_source: str
) -> uuid.UUID:
    """Id of the plan revision that a side of a reallocation leads to."""
    return uuid.uuid5(_SIDES, _joined(str(reallocation_event_id), project_code, fund_source))


def alert_id(*, subject_type: str, subject_code: str, rule: str, budget_year: int) -> uuid.UUID:
    """One alert per subject, rule and budget year, whatever is replayed."""
    return uuid.uuid5(_ALERTS, _joined(subject_type, subject_code, rule, str(budget_year)))


def change_id(*, alert: uuid.UUID, sequence: int) -> uuid.UUID:
    """Id of an alert's n-th change; the same over every delivery."""
    return uuid.uuid5(_ALERTS, _joined(str(alert), str(sequence)))


def content_hash(fields: Mapping[str, str | int | None]) -> bytes:
    """SHA-256 (32 bytes) of the fields as sorted ``name=value`` lines in NFC.

    Canonical text, not the Protobuf bytes: those may differ between libraries for the same message.
    """
    lines = [f"{name}={'' if value is None else value}" for name, value in sorted(fields.items())]
    text = unicodedata.normalize("NFC", "\n".join(lines))
    return hashlib.sha256(text.encode()).digest()


def if_stated(**fields: int) -> dict[str, int]:
    """Fields that joined the contract later, as far as they are not 0: facts stated before they existed keep
    their content hash."""
    return {name: value for name, value in fields.items() if value}


def _joined(*parts: str) -> str:
    return unicodedata.normalize("NFC", _SEPARATOR.join(parts))
