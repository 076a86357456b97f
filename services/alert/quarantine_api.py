"""Progress that could not be judged, for an operator to see.

There is nothing to decide: progress is told again with every change, and whoever repairs what told it wrongly
is followed by progress that can be read. The bytes are kept.
"""

from __future__ import annotations

import base64
import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from services.runtime import cursor as paging
from services.runtime.access import Scope
from services.runtime.api import Api
from services.runtime.postgres import Pool


class QuarantineQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")


class QuarantinedProgress(BaseModel):
    """A record of the progress topic, where it stands and why it was not judged."""

    topic_id: str
    partition: int
    offset: int
    reason: str = Field(description="As in docs/ERRORS.md.")
    detail: str
    payload_base64: str
    quarantined_at: dt.datetime


class QuarantinedProgressPage(BaseModel):
    """By place in the log."""

    items: list[QuarantinedProgress]
    next_cursor: str | None


def install(api: Api, pool: Pool) -> None:
    """Bind the route."""

    @api.route(
        "GET",
        "/v1/quarantine",
        summary="Progress that could not be judged, with the reason.",
        query=QuarantineQuery,
        response=QuarantinedProgressPage,
        scopes=(Scope.READ,),
        # Whose it is cannot be read.
        whole=True,
        problems=(503,),
    )
    def list_quarantined_progress(query: QuarantineQuery) -> QuarantinedProgressPage:
        after = paging.decode(query.cursor, (str, int, int)) or ("", 0, -1)
        with pool.transaction() as cursor:
            cursor.execute(_PAGE, (after, query.limit + 1))
            rows = cursor.fetchall()
        items = [
            QuarantinedProgress(
                topic_id=topic_id,
                partition=partition,
                offset=offset,
                reason=reason,
                detail=detail,
                payload_base64=base64.b64encode(bytes(payload)).decode(),
                quarantined_at=quarantined_at,
            )
            for topic_id, partition, offset, reason, detail, payload, quarantined_at in rows[: query.limit]
        ]
        if len(rows) <= query.limit:
            return QuarantinedProgressPage(items=items, next_cursor=None)
        last = items[-1]
        place = (last.topic_id, last.partition, last.offset)
        return QuarantinedProgressPage(items=items, next_cursor=paging.encode(place))


# By place in the log, in which a page ends whatever is added meanwhile.
_PAGE = """
SELECT topic_id, partition, record_offset, reason, detail, payload, quarantined_at
  FROM alert.quarantine
 WHERE (topic_id, partition, record_offset) > %s
 ORDER BY topic_id, partition, record_offset
 LIMIT %s
"""
