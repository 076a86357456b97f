"""Applies the log to the shadow in the batches, and at the instants, in which the live books applied it.

So each block of the rebuilt books is the live one again, hash and all, where the books are right: a head of
the chain that somebody keeps outside stays the head. What officers decided is put in between where it stood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from services.aggregation.apply_events import ApplyEvents
from services.aggregation.rebuild.log_records import LogRecords
from services.aggregation.rebuild.session import SHADOW
from services.runtime.batch_commit import Batch, commit_batch
from services.runtime.fund_sources import FundSourceNames
from services.runtime.positions import BlockRows, Claim, Positions
from services.runtime.postgres import Connection, Cursor, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parents[1] / "sql" / "rebuild")
_AT_ONCE = 500
_OWNER = "giaingan-rebuild"


@dataclass(frozen=True, slots=True)
class _Block:
    """A batch of the live books: the offsets ``[begins, ends)``, the instant it was begun, its block."""

    topic: str
    topic_id: str
    partition: int
    begins: int
    ends: int
    applied_at: datetime
    # None where the block is missing, or of version 1.
    number: int | None
    # Of a block of version 1, which nobody can reckon again from its rows: the chain alone vouches for it.
    digest: bytes | None


class Replay:
    """``live`` reads the live books, ``shadow`` writes the others (``shadow.open_shadow``)."""

    def __init__(
        self,
        live: Connection,
        shadow: Connection,
        log: LogRecords,
        fund_sources: FundSourceNames,
        *,
        on_batch: Callable[[int], None],
    ) -> None:
        self._live = live
        self._shadow = shadow
        self._log = log
        self._events = ApplyEvents(fund_sources)
        self._on_batch = on_batch
        self._positions = Positions(SHADOW)
        self._claims: dict[tuple[str, int], Claim] = {}
        self._decisions: list[datetime] = []
        self.records = 0

    def waiting(self) -> int:
        """How many batches the live books are ahead."""
        with transaction(self._live) as cursor:
            cursor.execute(f"SELECT count(*) FROM ({_QUERIES['blocks_to_come']}) AS b")  # noqa: S608 - our file
            ((count,),) = cursor.fetchall()
        return int(count)

    def catch_up(self) -> None:
        """Apply what the live books have applied until now. Raises ``RebuildError``."""
        # Held by the session: a transaction that is open for long would keep dead rows everywhere.
        with self._live.cursor(name="blocks_to_come", withhold=True) as blocks:
            blocks.itersize = _AT_ONCE
            blocks.execute(_QUERIES["blocks_to_come"])
            self._live.commit()
            # After the blocks: a decision that came before one of them is known then.
            with transaction(self._live) as cursor:
                cursor.execute("SELECT decided_at FROM aggregation.case_decision ORDER BY decided_at")
                self._decisions = [decided_at for (decided_at,) in cursor.fetchall()]
            for block in blocks:
                self._again(_Block(*block))
        self._live.commit()

    def decide(self) -> None:
        """Put all that officers have decided until now into the shadow."""
        self._decisions = []
        with transaction(self._live) as cursor:
            cursor.execute(_QUERIES["decisions_until"], {"until": "infinity"})

    def _again(self, block: _Block) -> None:
        claim = self._claim(block.topic, block.partition)
        if claim.next_offset < block.begins:
            # The block before it is missing; the comparison says so.
            self._again(replace(block, begins=claim.next_offset, ends=block.begins, number=None, digest=None))
        self._decide_until(block.applied_at)
        records = self._log.take(block.topic, block.partition, block.begins, block.ends)
        number = block.number
        if number is None and block.digest is None:
            number = self._number_of_missing()

        def as_before(cursor: Cursor, batch: Batch) -> bytes | BlockRows:
            cursor.execute(
                "SELECT set_config('giaingan.replayed_at', %s, true)", (block.applied_at.isoformat(),)
            )
            if block.digest is not None:
                self._events.apply_rows(cursor, batch)
                return bytes(block.digest)
            cursor.execute("SELECT setval('aggregation.block_no', %s, false)", (number,))
            return self._events.apply(cursor, batch)

        batch = Batch(block.topic, block.topic_id, block.partition, records)
        commit_batch(self._shadow, self._positions, as_before, claim, batch)
        self.records += len(records)
        self._on_batch(len(records))

    def _number_of_missing(self) -> int:
        """One that no block of the live books has or will have."""
        with transaction(self._live) as cursor:
            cursor.execute("SELECT nextval('aggregation.block_no')")
            ((number,),) = cursor.fetchall()
        return int(number)

    def _decide_until(self, instant: datetime) -> None:
        if not self._decisions or self._decisions[0] >= instant:
            return
        self._decisions = [decided_at for decided_at in self._decisions if decided_at >= instant]
        with transaction(self._live) as cursor:
            cursor.execute(_QUERIES["decisions_until"], {"until": instant})

    def _claim(self, topic: str, partition: int) -> Claim:
        claim = self._claims.get((topic, partition))
        if claim is None:
            with transaction(self._shadow) as cursor:
                claim = self._positions.claim(
                    cursor,
                    topic=topic,
                    partition=partition,
                    identity=self._log.identities[topic],
                    owner=_OWNER,
                    adopt=True,
                )
            self._claims[topic, partition] = claim
        return claim
