"""Books written by aggregation's own transaction, without a broker: a batch of facts at a time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from services.aggregation.apply_events import ApplyEvents
from services.contracts import codec, topics
from services.runtime.batch_commit import Apply, Batch, ReceivedRecord, commit_batch
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import LogIdentity
from services.runtime.positions import Positions
from services.runtime.postgres import connect, transaction
from tests.support.aggregation import RECORDED_AT

_POLICY = Path(__file__).resolve().parents[2] / "deploy" / "policy"


@dataclass
class Books:
    """The books of a migrated database, and how far each partition of its made-up log was read."""

    database_url: str
    apply: Apply = field(default_factory=lambda: ApplyEvents(FundSourceNames.load(_POLICY)).apply)
    positions: Positions = field(default_factory=lambda: Positions("aggregation"))

    def add(self, *facts: codec.Fact | bytes, partition: int = 0, generation: int = 1) -> None:
        """One batch, and so one block: a record a fact; bytes are a record as it is."""
        is_plan = isinstance(facts[0], codec.PlanFact)
        topic = topics.PLAN if is_plan else topics.DISBURSEMENT
        identity = LogIdentity("cluster", f"{topic}/{generation}", 4)
        values = [
            fact if isinstance(fact, bytes) else codec.encode_batch([fact], recorded_at=RECORDED_AT)
            for fact in facts
        ]
        with closing(connect(self.database_url, application="test")) as connection:
            with transaction(connection) as cursor:
                claim = self.positions.claim(
                    cursor, topic=topic, partition=partition, identity=identity, owner="test", adopt=True
                )
            records = self._records(claim.next_offset, values)
            batch = Batch(topic, identity.topic_id, partition, records)
            commit_batch(connection, self.positions, self.apply, claim, batch)

    @staticmethod
    def _records(first: int, values: Sequence[bytes]) -> tuple[ReceivedRecord, ...]:
        return tuple(ReceivedRecord(first + n, b"key", value) for n, value in enumerate(values))
