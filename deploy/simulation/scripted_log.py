"""A log made up from a seed: movements, reversals, statements, repeats, contradictions and garbage."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.contracts import codec
from services.domain.disbursement import Movement, MovementKind, StatementLine
from services.domain.money import Money

PARTITIONS = 2
PROJECTS_PER_PARTITION = 2
_RECORDED_AT = datetime(2022, 7, 1, tzinfo=UTC)
_FUND_SOURCES = ("central.sector", "local.balance")
_GARBAGE = 0.05
# How often each kind of fact is stated.
_KINDS = {
    "movement": 40,
    "repeat": 20,
    "contradiction": 10,
    "reversal": 10,
    "reversal of unknown": 5,
    "statement": 15,
}


class ScriptedLog:
    """Records by partition. Grows while the workers read it; the events of a project share a partition."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.partitions: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
        # What was stated, in the order of each partition; ``None`` is a record that nobody can read.
        self.stated: list[list[codec.Fact | None]] = [[] for _ in range(PARTITIONS)]
        self._movements: list[list[Movement]] = [[] for _ in range(PARTITIONS)]
        self._references = 0

    def grow(self) -> None:
        """One more record at the end of some partition."""
        partition = self._rng.randrange(PARTITIONS)
        if self._rng.random() < _GARBAGE:
            self._append(partition, [], garbage=self._rng.randbytes(12))
            return
        facts = [self._fact(partition) for _ in range(self._rng.randint(1, 3))]
        self._append(partition, facts)

    def _append(self, partition: int, facts: list[codec.Fact], garbage: bytes = b"") -> None:
        # 0xff is no tag of a Protobuf field: what begins with it is no message.
        value = codec.encode_batch(facts, recorded_at=_RECORDED_AT) if facts else b"\xff" + garbage
        self.partitions[partition].append(value)
        self.stated[partition].extend(facts or [None])

    def _fact(self, partition: int) -> codec.Fact:
        known = self._movements[partition]
        (kind,) = self._rng.choices(list(_KINDS), weights=list(_KINDS.values()))
        if kind == "statement":
            return self._statement(partition)
        if kind == "reversal of unknown":
            # Of a movement that never comes.
            return self._reversal(self._movement(partition))
        if kind == "movement" or not known:
            movement = self._movement(partition)
            known.append(movement)
            return movement
        first = self._rng.choice(known)
        if kind == "reversal":
            return self._reversal(first)
        # A sender that got no answer sends again; one that is confused, with another amount.
        return first if kind == "repeat" else replace(first, amount=Money(first.amount.minor_units + 1))

    def _movement(self, partition: int) -> Movement:
        return Movement(
            source="sim.treasury",
            source_ref=self._reference("V"),
            project_code=self._project(partition),
            fund_source=self._rng.choice(_FUND_SOURCES),
            budget_year=2022,
            kind=self._rng.choice(
                [MovementKind.ADVANCE, MovementKind.COMPLETED_WORK_PAYMENT, MovementKind.REFUND]
            ),
            amount=Money(self._rng.randint(1, 1_000_000)),
            value_date=self._day(),
        )

    def _reversal(self, of: Movement) -> Movement:
        return replace(
            of,
            source_ref=self._reference("R"),
            kind=MovementKind.REVERSAL,
            reverses_event_id=of.event_id,
        )

    def _statement(self, partition: int) -> StatementLine:
        project, fund_source, day = self._project(partition), self._rng.choice(_FUND_SOURCES), self._day()
        revision = self._rng.randint(0, 3)
        return StatementLine(
            source="sim.treasury",
            source_ref=f"lk/{project}/{fund_source}/{day}/{revision}",
            project_code=project,
            fund_source=fund_source,
            budget_year=2022,
            cumulative=Money(self._rng.randint(0, 5_000_000)),
            as_of=day,
            revision=revision,
        )

    def _project(self, partition: int) -> str:
        return f"P{partition}{self._rng.randrange(PROJECTS_PER_PARTITION)}"

    def _day(self) -> date:
        return date(2022, 1, 1) + timedelta(days=30 * self._rng.randrange(6))

    def _reference(self, letter: str) -> str:
        self._references += 1
        return f"{letter}{self._references}"
