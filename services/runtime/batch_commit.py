"""One batch, one transaction: what it means, its block, and the position after it.

The whole of the promise that no movement is lost or counted twice is in this transaction; everything around
it (docs/INVARIANTS.md) may fail at any moment. ``giaingan-sim`` runs it through every such moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.runtime import logs, metrics
from services.runtime.errors import StopServiceError
from services.runtime.positions import BlockRows, Claim, Positions
from services.runtime.postgres import CONTENTION_ERRORS, Connection, Cursor, transaction

_log = logs.get(__name__)
_CONTENTION_RETRIES = 10


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One record as the broker gave it."""

    offset: int
    key: bytes | None
    value: bytes | None
    # Of the leader that took it; -1 where unknown.
    leader_epoch: int = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition of one log."""

    topic: str
    topic_id: str
    partition: int
    records: tuple[ReceivedRecord, ...]


# Writes what a batch means, in the transaction of its cursor; returns the SHA-256 of what it added, or what
# its block holds where its rows carry the block's number.
Apply = Callable[[Cursor, Batch], bytes | BlockRows]


def commit_batch(
    connection: Connection,
    positions: Positions,
    apply: Apply,
    claim: Claim,
    batch: Batch,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Apply the batch and move the claim behind it. Contention is tried again, in the same order.

    Raises ``FencedError`` or ``MovedError`` and leaves nothing; ``StopServiceError`` where contention does
    not end; a connection error leaves it open whether the batch was committed: the position alone tells.
    """
    next_offset, leader_epoch = batch.records[-1].offset + 1, batch.records[-1].leader_epoch
    for attempt in range(_CONTENTION_RETRIES):
        try:
            with (
                metrics.BATCH_SECONDS.labels(batch.topic).time(),
                transaction(connection) as cursor,
            ):
                head = positions.lock(cursor, claim)
                digest = apply(cursor, batch)
                positions.advance(
                    cursor,
                    claim,
                    next_offset=next_offset,
                    head=head,
                    digest=digest,
                    leader_epoch=leader_epoch,
                )
        except CONTENTION_ERRORS as error:
            metrics.BATCHES_ROLLED_BACK.labels(batch.topic, "conflict").inc()
            _log.warning("batch tried again", attempt=attempt, error=str(error).strip())
            sleep(0.02 * 2**attempt)
            continue
        claim.next_offset, claim.leader_epoch = next_offset, leader_epoch
        return
    raise StopServiceError(f"{batch.topic}/{batch.partition}: contention for {_CONTENTION_RETRIES} tries")
