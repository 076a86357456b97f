"""Records that the log lost before they were applied: a position passes over them by an operator's word.

What was passed over is a block of the chain like any other. Its digest is that of who said so, when, why and
of which offsets; those words are kept in the audit, which only grows, so that a range that was told otherwise
afterwards shows (``ranges``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg2 import sql

from services.runtime.access import audit
from services.runtime.kafka_client import LogBounds, LogIdentity
from services.runtime.positions import Claim, PassedOver, Positions
from services.runtime.postgres import Cursor

_ACTION = "log.skip-lost"
# A service that stops at a gap has claimed the partition before.
_FIRST_CLAIM = 1


class NotLostError(Exception):
    """The records are still there, or are not those that the operator named; says what is."""


@dataclass(frozen=True, slots=True)
class LostRange:
    """The offsets ``[from_offset, next_offset)`` of one log, never applied. ``said_at``: ISO 8601."""

    schema: str
    topic: str
    cluster_id: str
    topic_id: str
    partition: int
    from_offset: int
    next_offset: int
    reason: str
    operator: str
    said_at: str

    @property
    def digest(self) -> bytes:
        """What its block holds."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).digest()

    @property
    def place(self) -> str:
        """The log's partition and the offsets."""
        return f"{self.topic}/{self.partition} [{self.from_offset}, {self.next_offset})"


@dataclass(frozen=True, slots=True)
class ToldRange:
    """A range as the audit tells it; ``is_in_chain``: the block of exactly these words is there."""

    lost: LostRange
    is_in_chain: bool


def skip(
    cursor: Cursor,
    positions: Positions,
    *,
    topic: str,
    partition: int,
    identity: LogIdentity,
    bounds: LogBounds,
    to: int,
    reason: str,
    operator: str,
    now: datetime,
) -> LostRange:
    """Move the position to ``to``, which must be where the log begins now, with its block and its audit row.

    Whoever held the partition is fenced. Raises ``NotLostError`` and ``LogReplacedError``; then nothing is
    to be kept of the transaction.
    """
    claim = positions.claim(
        cursor, topic=topic, partition=partition, identity=identity, owner="operator", adopt=False
    )
    if claim.epoch == _FIRST_CLAIM:
        raise NotLostError(
            f"{topic}/{partition}: {positions.schema} chưa từng đọc / has never read it: nothing was lost"
        )
    _require_lost(claim, bounds, to)
    head = positions.lock(cursor, claim)
    lost = LostRange(
        schema=positions.schema,
        topic=topic,
        cluster_id=identity.cluster_id,
        topic_id=identity.topic_id,
        partition=partition,
        from_offset=claim.next_offset,
        next_offset=to,
        reason=reason,
        operator=operator,
        said_at=now.isoformat(),
    )
    positions.advance(cursor, claim, next_offset=to, head=head, digest=PassedOver(lost.digest))
    audit.by_operator(cursor, operator, action=_ACTION, target=lost.place, detail=asdict(lost))
    return lost


def _require_lost(claim: Claim, bounds: LogBounds, to: int) -> None:
    where, position = f"{claim.topic}/{claim.partition}", claim.next_offset
    if position > bounds.end:
        raise NotLostError(
            f"{where}: sổ đã ghi đến offset {position}, nhật ký chỉ còn đến {bounds.end}: nhật ký bị cắt "
            f"đuôi, không có gì để bỏ qua / applied up to offset {position}, and the log ends at "
            f"{bounds.end}: it was truncated, there is nothing to skip (docs/adr/0020)"
        )
    if position >= bounds.beginning:
        raise NotLostError(
            f"{where}: bản ghi tiếp theo, {position}, vẫn còn trong nhật ký "
            f"[{bounds.beginning}, {bounds.end}) / the next record, {position}, is still in the log: "
            "nothing was lost"
        )
    if to != bounds.beginning:
        raise NotLostError(
            f"{where}: mất [{position}, {bounds.beginning}), không phải đến {to}; ghi "
            f"--to {bounds.beginning} / lost is [{position}, {bounds.beginning}), not up to {to}: "
            f"say --to {bounds.beginning}"
        )


def ranges(cursor: Cursor, schema: str) -> list[ToldRange]:
    """Every range that was passed over in a schema, the oldest first."""
    cursor.execute(sql.SQL(_TOLD).format(schema=sql.Identifier(schema)), (_ACTION, schema))
    told = [(LostRange(**detail), digest) for detail, digest in cursor]
    return [ToldRange(lost, digest is not None and bytes(digest) == lost.digest) for lost, digest in told]


_TOLD = """
SELECT a.detail, b.digest
  FROM access.audit AS a
  LEFT JOIN {schema}.block AS b
       ON (b.topic_id, b.partition, b.from_offset, b.next_offset)
          = (a.detail ->> 'topic_id', (a.detail ->> 'partition')::integer,
             (a.detail ->> 'from_offset')::bigint, (a.detail ->> 'next_offset')::bigint)
 WHERE a.action = %s AND a.detail ->> 'schema' = %s
 ORDER BY a.audit_id
"""
