"""The receipt a sender gets for a request, and where it is kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.ingest.stated_totals import Total, totals
from services.runtime.postgres import Cursor, read_queries
from services.runtime.unit import Unit

__all__ = ["MOST_EVENT_IDS", "Receipt", "Total", "add", "find", "page", "totals"]

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
# A list of ids is for senders of single requests; that of a long file would be longer than the file.
MOST_EVENT_IDS = 1_000


class Receipt(BaseModel):
    """What became of a request: every event in it is in the log and in the journal, once."""

    receipt_id: UUID | None = Field(description="Null for a dry run, which leaves nothing behind.")
    profile: str = Field(
        description="What was sent: the import profile of a file, or the door of a JSON body."
    )
    received_at: datetime
    accepted_by: str = Field("", description="Name of the token that it was sent with.")
    unit: str = Field("", description="The unit that token is bound to; empty for everything.")
    new: int = Field(description="Events accepted for the first time.")
    duplicate: int = Field(description="Events accepted before with the same content: nothing changes.")
    conflicting: int = Field(
        description="Events accepted before with other content: passed on for an officer to decide."
    )
    event_ids: list[UUID] = Field(
        description=f"The id of every event, in the order sent; empty above {MOST_EVENT_IDS} events."
    )
    totals: list[Total] = Field(description="Sums of the amounts as stated, by fund source; curves left out.")
    file_name: str | None = None
    file_sha256: str | None = None
    rows_read: int | None = Field(None, description="Rows of the file that were read.")
    dry_run: bool = False
    warnings: list[str] = Field(default_factory=list, description="What was read with a remark.")

    @model_validator(mode="before")
    @classmethod
    def _of_before_profiles(cls, kept: Any) -> Any:
        """Receipts given before there were profiles name a kind."""
        if isinstance(kept, dict) and "kind" in kept:
            return {"profile": kept["kind"], **{name: kept[name] for name in kept if name != "kind"}}
        return kept


def add(cursor: Cursor, receipt: Receipt) -> None:
    """Keep the receipt, in the transaction of the journal rows it speaks of."""
    cursor.execute(
        "INSERT INTO ingest.receipt"
        " (receipt_id, received_at, kind, accepted_by, unit, file_name, file_sha256, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            receipt.receipt_id,
            receipt.received_at,
            receipt.profile,
            receipt.accepted_by,
            receipt.unit,
            receipt.file_name,
            receipt.file_sha256,
            receipt.model_dump_json(),
        ),
    )


def find(cursor: Cursor, receipt_id: UUID, unit: Unit) -> Receipt | None:
    """The receipt as it was given; ``None`` where there is none of that id that the unit may see."""
    cursor.execute(_QUERIES["receipt"], {"receipt_id": receipt_id, "unit": unit.code})
    row = cursor.fetchone()
    return Receipt.model_validate(row[0]) if row else None


def page(
    cursor: Cursor,
    unit: Unit,
    *,
    before: tuple[datetime, UUID] | None,
    since: datetime | None,
    profile: str | None,
    limit: int,
) -> list[Receipt]:
    """Receipts that the unit may see, newest first: those given before one, since a moment, of a profile."""
    moment, receipt_id = before or (None, None)
    cursor.execute(
        _QUERIES["receipt_page"],
        {
            "unit": unit.code,
            "moment": moment,
            "receipt_id": receipt_id,
            "since": since,
            "profile": profile,
            "limit": limit,
        },
    )
    return [Receipt.model_validate(body) for (body,) in cursor]
