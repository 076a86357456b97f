"""The protocol's guards, each of which can be taken out to see that the verdict turns red without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from services.aggregation import apply_events, ledger_store
from services.runtime import batch_commit, positions
from services.runtime.positions import Claim, Positions
from services.runtime.postgres import Cursor, transaction


@dataclass(frozen=True, slots=True)
class Guard:
    """How a guard is taken out: what is patched, and what is changed in the database before."""

    why: str
    patches: Callable[[], list[Any]]
    statements: tuple[str, ...] = ()


def _lock_of_anybody(self: Positions, cursor: Cursor, claim: Claim) -> bytes:
    """Whoever holds a batch may write it, under whatever epoch and wherever it begins."""
    cursor.execute(self._sql(positions._LOCK), (claim.identity.topic_id, claim.partition))
    row = cursor.fetchone()
    if row is None:
        raise positions.FencedError(claim.topic)
    claim.epoch = row[0]
    return bytes(row[2])


def _offset_first(*arguments: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """The position is committed by itself, and what it means in another transaction after it."""
    connection, own_positions, apply, claim, batch = arguments
    sleep(0)
    next_offset = batch.records[-1].offset + 1
    with transaction(connection) as cursor:
        head = own_positions.lock(cursor, claim)
        own_positions.advance(cursor, claim, next_offset=next_offset, head=head, digest=b"")
    claim.next_offset = next_offset
    with transaction(connection) as cursor:
        apply(cursor, batch)


# As the module's own, without its conditions on epoch and offset; it takes their values all the same.
_ADVANCE_OF_ANYBODY = """
UPDATE {schema}.source_position
   SET next_offset = %s, chain_head = %s, leader_epoch = %s, leader_epoch_before = %s, applied_at = now()
 WHERE topic_id = %s AND partition = %s AND %s >= 0 AND %s >= 0
"""


def _query(name: str, before: str, after: str) -> Any:
    text = ledger_store._QUERIES[name]
    if before not in text:
        raise ValueError(f"{name} does not hold {before!r}: the guard is somewhere else now")
    return mock.patch.dict(ledger_store._QUERIES, {name: text.replace(before, after)})


def _nothing_known() -> Any:
    return mock.patch.object(ledger_store, "known_hashes", return_value={})


GUARDS = {
    "fence": Guard(
        "a worker that lost its partition writes nothing",
        lambda: [
            mock.patch.object(Positions, "lock", _lock_of_anybody),
            mock.patch.object(positions, "_ADVANCE", _ADVANCE_OF_ANYBODY),
        ],
        ("ALTER TABLE aggregation.block DROP CONSTRAINT block_pkey",),
    ),
    "dedup": Guard(
        "the same event counts once",
        lambda: [
            _nothing_known(),
            _query("insert_ledger", "        ON CONFLICT (event_id) DO NOTHING\n", ""),
        ],
        ("ALTER TABLE aggregation.ledger DROP CONSTRAINT ledger_pkey",),
    ),
    "returned-rows-only": Guard(
        "balances are summed from the rows that the ledger took",
        lambda: [
            _nothing_known(),
            _query("insert_ledger", "      FROM inserted\n", "      FROM ledger_stage\n"),
            # It would find that rows were not taken, and stop.
            mock.patch.object(apply_events, "_settle_others"),
        ],
    ),
    "position-in-transaction": Guard(
        "a batch and its position commit together",
        lambda: [mock.patch.object(batch_commit, "commit_batch", _offset_first)],
    ),
}


@contextmanager
def removed(guard: str) -> Iterator[Guard]:
    """Run without that guard."""
    found = GUARDS[guard]
    with ExitStack() as patched:
        for patch in found.patches():
            patched.enter_context(patch)
        yield found
