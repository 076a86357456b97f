"""Facts without end from a seed, and a sender that keeps the ids that were acknowledged."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from services.contracts import codec, topics
from services.domain.disbursement import Movement
from services.domain.money import Money
from services.runtime.config import Settings
from services.runtime.kafka_client import BrokerUnavailableError, Publisher, Record
from tests.support import facts
from tests.support.aggregation import RECORDED_AT

PROJECTS = 24
_MONTHS = 6


class FactStream:
    """Payments, what is sent again, reversals, and cumulative statements of other lines."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._number = 0
        self._paid: list[Movement] = []

    def take(self, count: int) -> list[codec.DisbursementFact]:
        return [self._next() for _ in range(count)]

    def _next(self) -> codec.DisbursementFact:
        self._number += 1
        dice = self._rng.random()
        project = f"P{self._rng.randrange(PROJECTS):02}"
        day = f"2022-{self._rng.randint(1, _MONTHS):02}-15"
        if dice < 0.15 and self._paid:
            return self._rng.choice(self._paid)
        if dice < 0.25 and self._paid:
            of = self._paid.pop(self._rng.randrange(len(self._paid)))
            return facts.reversal(f"R{self._number}", of)
        if dice < 0.4:
            return facts.statement(
                self._rng.randint(0, 10**9),
                day,
                revision=self._number,
                project_code=project,
                fund_source="local.balance",
            )
        paid = facts.movement(f"V{self._number}", self._rng.randint(1, 10**9), day, project_code=project)
        self._paid.append(paid)
        return paid


def changed(movement: Movement) -> Movement:
    """The same id with another amount."""
    return replace(movement, amount=Money(movement.amount.minor_units + 1))


class Sender:
    """Publishes one fact a record until it is told to stop; what is not acknowledged it sends again."""

    def __init__(self, settings: Settings, stream: FactStream, *, pause_seconds: float = 0.02) -> None:
        self._publisher = Publisher(settings, client_id="test-sender")
        self._stream = stream
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[UUID] = []
        self.unacknowledged_tries = 0

    @contextmanager
    def running(self) -> Iterator[Sender]:
        """Sends while the block runs; ends with an acknowledgement of what was begun."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
            self.close()

    def close(self) -> None:
        """For who sends without ``running``."""
        self._publisher.close()

    def send(self, fact: codec.Fact, *, tries: int = 200) -> None:
        """Until it is acknowledged. Raises ``BrokerUnavailableError`` where it never is."""
        value = codec.encode_batch([fact], recorded_at=RECORDED_AT)
        topic = topics.PLAN if isinstance(fact, codec.PlanFact) else topics.DISBURSEMENT
        for left in reversed(range(tries)):
            try:
                self._publisher.publish(topic, [Record(codec.routing_key(fact), value)])
            except BrokerUnavailableError:
                self.unacknowledged_tries += 1
                if not left:
                    raise
                continue
            self.acknowledged.append(fact.event_id)
            return

    def _run(self) -> None:
        while not self._stop.wait(self._pause_seconds):
            for fact in self._stream.take(1):
                self.send(fact)
