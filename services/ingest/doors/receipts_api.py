"""The receipts that were given: one by its id, and all of them, newest first."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.stated.days import MOMENT, Moment
from services.contracts.stated.field_types import Text
from services.ingest import receipts
from services.ingest.doors import profile_names
from services.ingest.doors.profile_names import JSON_DOORS
from services.ingest.receipts import Receipt
from services.runtime import cursor as paging
from services.runtime.access import Scope, caller
from services.runtime.api import Api, uuid_of
from services.runtime.errors import ProblemError
from services.runtime.postgres import Pool

_READERS = (Scope.READ, Scope.INGEST_WRITE)


class ReceiptsQuery(BaseModel):
    """Which receipts are asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(None, description="Given at that moment or later, with its offset from UTC.")
    profile: Text | None = Field(None, description="What was sent: a profile, or the door of a JSON body.")
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, description="next_cursor of the page before.")


class ReceiptSummary(BaseModel):
    """A receipt without its lists; ``GET /v1/imports/<receipt_id>`` has those."""

    model_config = ConfigDict(from_attributes=True)

    receipt_id: UUID
    profile: str
    received_at: datetime
    accepted_by: str
    unit: str
    new: int
    duplicate: int
    conflicting: int
    file_name: str | None
    file_sha256: str | None
    rows_read: int | None


class Receipts(BaseModel):
    """A page of receipts, newest first."""

    receipts: list[ReceiptSummary]
    next_cursor: str | None


def bind(api: Api, pool: Pool, *, profiles: Collection[str]) -> None:
    """Bind the routes; ``profiles`` are those of files. A caller bound to a unit sees what was accepted from
    it and from what is under it."""
    known = {*JSON_DOORS, *profiles}

    @api.route(
        "GET",
        "/v1/imports",
        summary="Receipts given for requests and files, newest first.",
        scopes=_READERS,
        query=ReceiptsQuery,
        response=Receipts,
        problems=(404,),
    )
    def list_imports(query: ReceiptsQuery) -> Receipts:
        if query.profile is not None:
            profile_names.require(query.profile, known)
        with pool.transaction() as cursor:
            found = receipts.page(
                cursor,
                caller().unit,
                before=_place(query.cursor),
                since=query.since,
                profile=query.profile,
                limit=query.limit + 1,
            )
        page = [ReceiptSummary.model_validate(receipt) for receipt in found[: query.limit]]
        last = page[-1] if len(found) > query.limit else None
        return Receipts(
            receipts=page,
            next_cursor=paging.encode((last.received_at.isoformat(), str(last.receipt_id))) if last else None,
        )

    @api.route(
        "GET",
        "/v1/imports/<receipt_id>",
        summary="The receipt given for a request, as it was given.",
        scopes=_READERS,
        response=Receipt,
        problems=(404,),
    )
    def get_import(receipt_id: str) -> Receipt:
        wanted = uuid_of(receipt_id)
        found = None
        if wanted:
            with pool.transaction() as cursor:
                found = receipts.find(cursor, wanted, caller().unit)
        if found is None:
            raise ProblemError(
                404,
                "receipt-unknown",
                "Không có biên nhận nào mang mã này / there is no receipt of that id",
                "Kiểm tra mã; GET /v1/imports liệt kê các biên nhận. / "
                "Check the id; GET /v1/imports lists the receipts there are.",
            )
        return found


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    key = paging.decode(cursor, (str, str))
    if key is None or cursor is None:
        return None
    moment, receipt_id = str(key[0]), uuid_of(str(key[1]))
    if not re.fullmatch(MOMENT, moment) or receipt_id is None:
        raise paging.refused(cursor)
    try:
        return datetime.fromisoformat(moment), receipt_id
    except ValueError:
        raise paging.refused(cursor) from None
