"""How far each partition is applied: kept in PostgreSQL beside what was applied, under an epoch.

Kafka never fences a SQL write. Here a batch commits together with its position, and only under the
epoch of the last claim: a worker that lost its partition without noticing cannot write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from psycopg2 import sql

from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import LogIdentity
from services.runtime.postgres import Cursor

# block.digest_version
_DIGEST_OF_SERVICE, _DIGEST_OF_ROWS, _DIGEST_OF_LOST = 1, 2, 3


class FencedError(Exception):
    """Another worker claimed the partition since: this one must not write to it."""


class MovedError(Exception):
    """The recorded position is not where the batch begins: seek to ``next_offset`` and read again."""

    def __init__(self, next_offset: int) -> None:
        super().__init__(f"the position is {next_offset}")
        self.next_offset = next_offset


class LogReplacedError(StopServiceError):
    """Another topic id or cluster: offsets start again there, and money would be skipped."""


@dataclass(slots=True)
class Claim:
    """A partition of one log, held under an epoch. ``next_offset`` is the first not yet applied;
    ``leader_epoch`` is that of the last record applied, -1 where unknown."""

    topic: str
    partition: int
    identity: LogIdentity
    epoch: int
    next_offset: int
    leader_epoch: int = -1


@dataclass(frozen=True, slots=True)
class BlockRows:
    """What is in a block whose rows carry its number: their digest and count, and when they were applied
    (microseconds since 1970, UTC). Anybody can reckon it again from the tables."""

    digest: bytes
    block_no: int
    row_count: int
    applied_at_us: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What is in a block of records that the log lost: the digest of the words that passed over them."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Positions:
    """The table ``source_position`` and the hash chain ``block`` of one service's schema."""

    schema: str

    def claim(
        self, cursor: Cursor, *, topic: str, partition: int, identity: LogIdentity, owner: str, adopt: bool
    ) -> Claim:
        """Take the partition: everyone who claimed it before is fenced.

        A log that replaced the one known is adopted from its beginning where ``adopt`` says so;
        event ids keep what is read twice from counting twice. Raises ``LogReplacedError`` otherwise.
        """
        if not adopt:
            self._refuse_another_log(cursor, topic, identity)
        cursor.execute(
            self._sql(_CLAIM),
            {
                "cluster_id": identity.cluster_id,
                "topic_id": identity.topic_id,
                "topic": topic,
                "partition": partition,
                "owner": owner,
            },
        )
        epoch, next_offset, leader_epoch = _one(cursor)
        return Claim(topic, partition, identity, epoch, next_offset, leader_epoch)

    def _refuse_another_log(self, cursor: Cursor, topic: str, identity: LogIdentity) -> None:
        cursor.execute(self._sql(_OTHER_LOG), (topic, identity.topic_id, identity.cluster_id))
        row = cursor.fetchone()
        if row:
            topic_id, cluster_id, applied = row
            raise LogReplacedError(
                f"{topic} is not the log that was read before: cluster {cluster_id}, topic id {topic_id}, "
                f"{applied} offsets applied; now cluster {identity.cluster_id}, topic id "
                f"{identity.topic_id}. Offsets start again there. If the change is meant, run "
                f"'giaingan adopt-log --schema {self.schema} --topic {topic}'; event ids keep what is "
                "read again from counting twice."
            )

    def lock(self, cursor: Cursor, claim: Claim) -> bytes:
        """Lock the position for this transaction; returns the head of the hash chain.

        Raises ``FencedError`` or ``MovedError``.
        """
        cursor.execute(self._sql(_LOCK), (claim.identity.topic_id, claim.partition))
        row = cursor.fetchone()
        if row is None or row[0] != claim.epoch:
            raise FencedError(f"{claim.topic}/{claim.partition} epoch {claim.epoch}")
        if row[1] != claim.next_offset:
            raise MovedError(row[1])
        return bytes(row[2])

    def advance(
        self,
        cursor: Cursor,
        claim: Claim,
        *,
        next_offset: int,
        head: bytes,
        digest: bytes | BlockRows | PassedOver,
        leader_epoch: int = -1,
    ) -> None:
        """Record the batch ``[claim.next_offset, next_offset)`` as applied, chained to what came before.

        ``digest`` is the SHA-256 of what the batch added, ``leader_epoch`` that of its last record.
        """
        span = f"{claim.identity.topic_id}/{claim.partition}/{claim.next_offset}/{next_offset}"
        rows = digest if isinstance(digest, BlockRows) else None
        version = _DIGEST_OF_SERVICE
        # The version too: set back to 1, the hash is another.
        if isinstance(digest, BlockRows):
            version = _DIGEST_OF_ROWS
            span = f"v2/{span}/{digest.block_no}/{digest.row_count}/{digest.applied_at_us}/"
            digest = digest.digest
        elif isinstance(digest, PassedOver):
            version = _DIGEST_OF_LOST
            span = f"v3/{span}/"
            digest = digest.digest
        block_hash = hashlib.sha256(head + span.encode() + digest).digest()
        cursor.execute(
            self._sql(_BLOCK),
            (
                claim.identity.topic_id,
                claim.partition,
                claim.next_offset,
                next_offset,
                head,
                digest,
                block_hash,
                version,
                rows.block_no if rows else None,
                rows.row_count if rows else None,
            ),
        )
        cursor.execute(
            self._sql(_ADVANCE),
            (
                next_offset,
                block_hash,
                leader_epoch,
                next_offset,
                claim.identity.topic_id,
                claim.partition,
                claim.epoch,
                claim.next_offset,
            ),
        )
        if cursor.rowcount != 1:
            raise FencedError(f"{claim.topic}/{claim.partition} epoch {claim.epoch}")

    def applied(self, cursor: Cursor, topic_ids: Collection[str]) -> dict[tuple[str, int], int]:
        """The first offset not yet applied, by topic id and partition; what nobody claimed is left out."""
        cursor.execute(self._sql(_APPLIED), (list(topic_ids),))
        return {(topic_id, partition): next_offset for topic_id, partition, next_offset in cursor}

    def adopt(self, cursor: Cursor, *, topic: str, identity: LogIdentity) -> None:
        """An operator's word that the log of ``topic`` was replaced: read the new one from its beginning."""
        for partition in range(identity.partitions):
            self.claim(
                cursor, topic=topic, partition=partition, identity=identity, owner="operator", adopt=True
            )

    def _sql(self, statement: str) -> sql.Composed:
        return sql.SQL(statement).format(schema=sql.Identifier(self.schema))


def _one(cursor: Cursor) -> tuple[int, int, int]:
    row = cursor.fetchone()
    if row is None:
        raise StopServiceError("a statement that always returns a row returned none")
    return row[0], row[1], row[2]


_CLAIM = """
INSERT INTO {schema}.source_position AS p
       (cluster_id, topic_id, topic, partition, next_offset, epoch, owner, chain_head)
VALUES (%(cluster_id)s, %(topic_id)s, %(topic)s, %(partition)s, 0, 1, %(owner)s, '')
ON CONFLICT (topic_id, partition)
DO UPDATE SET epoch = p.epoch + 1, owner = excluded.owner, claimed_at = now()
RETURNING epoch, next_offset,
          CASE WHEN leader_epoch_before = next_offset THEN leader_epoch ELSE -1 END
"""

# The newest log of the topic, where it is another one and something of it was applied.
_OTHER_LOG = """
SELECT topic_id, cluster_id, applied
  FROM (SELECT topic_id, cluster_id, max(adopted_at) AS adopted_at, sum(next_offset) AS applied
          FROM {schema}.source_position WHERE topic = %s GROUP BY topic_id, cluster_id
         ORDER BY adopted_at DESC LIMIT 1) AS newest
 WHERE (topic_id, cluster_id) <> (%s, %s) AND applied > 0
"""

_APPLIED = """
SELECT topic_id, partition, next_offset FROM {schema}.source_position WHERE topic_id = ANY(%s)
"""

_LOCK = """
SELECT epoch, next_offset, chain_head FROM {schema}.source_position
 WHERE topic_id = %s AND partition = %s FOR UPDATE
"""

_BLOCK = """
INSERT INTO {schema}.block (
       topic_id, partition, from_offset, next_offset, previous_hash, digest, hash,
       digest_version, block_no, row_count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_ADVANCE = """
UPDATE {schema}.source_position
   SET next_offset = %s, chain_head = %s, leader_epoch = %s, leader_epoch_before = %s, applied_at = now()
 WHERE topic_id = %s AND partition = %s AND epoch = %s AND next_offset = %s
"""
