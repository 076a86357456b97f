"""SIGKILL to aggregation at each step of a batch's transaction, from taking the position to COMMIT."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import pytest
from kafka import KafkaProducer

from deploy.embedded.processes import ServiceProcess
from services.contracts import codec, topics
from services.domain.disbursement import CompletedWorkLine
from services.domain.money import Money
from services.domain.plan import BaselineKind
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from tests.chaos import books
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender, changed
from tests.chaos.world import World, wait
from tests.support import facts

_DAY = date(2022, 5, 31)
# Where each kind of event ends up.
_TABLES = (
    *("ledger", "statement_line", "completed_work_line", "quarantine", "conflict"),
    *("plan_revision", "baseline_schedule"),
    *("project_registration", "owner_registration", "officer_assignment"),
)


class _Rounds:
    """Each round of events is of every kind, so that each makes every step."""

    def __init__(self, world: World) -> None:
        self._stream = FactStream(world.rng)
        self._bootstrap_servers = world.broker.bootstrap_servers.split(",")
        self._number = 0
        self.sender = Sender(world.settings(), self._stream)

    def send(self) -> None:
        """One round, acknowledged."""
        self._number += 1
        for fact in (*self._disbursements(), *self._plans(), *self._stream.take(20)):
            self.sender.send(fact)
        producer = KafkaProducer(bootstrap_servers=self._bootstrap_servers, acks="all")
        producer.send(topics.DISBURSEMENT, key=b"P1", value=b"\xff%d" % self._number).get(timeout=10)
        producer.close()

    def _disbursements(self) -> list[codec.Fact]:
        number = self._number
        paid, waits_for = (facts.movement(f"{name}-{number}", 100 + number) for name in "ab")
        return [
            *(paid, paid, facts.reversal(f"c-{number}", paid)),
            # Held until its movement comes.
            *(facts.reversal(f"d-{number}", waits_for), waits_for, changed(waits_for)),
            CompletedWorkLine("test", f"e-{number}", "P1", 2022, Money(number), _DAY, revision=number),
        ]

    def _plans(self) -> list[codec.Fact]:
        number = self._number
        decision = facts.plan(1_000 + number, decision_number=f"{number}/QĐ")
        return [
            *(decision, decision, replace(decision, amount=Money(1))),
            facts.curve(BaselineKind.TARGET, f"{number:02}", facts.CA_MAU_TARGET),
            ProjectRegistration("test", f"f-{number}", "P1", "Dự án", "96", "O1", _DAY, revision=number),
            OwnerRegistration("test", f"g-{number}", "96", "O1", "Ban QLDA", _DAY, revision=number),
            OfficerAssignment("test", f"h-{number}", "96", "O1", "Nguyễn Văn A", _DAY, revision=number),
        ]


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_01_killed_at_each_step_of_a_batch_nothing_is_lost_or_doubled(
    world: World, detour: SqlDetour
) -> None:
    world.create_topics()
    rounds = _Rounds(world)
    steps = _steps(world, detour, rounds)
    made = "\n".join(steps)
    assert [table for table in _TABLES if f"INSERT INTO aggregation.{table} " not in made] == []
    worker = world.process("aggregation", database_url=detour.url)
    for step in steps:
        rounds.send()
        struck = _kill_at(step, detour, worker, reaches_server=world.rng.random() < 0.5)
        worker.start()
        wait(struck.is_set, f"a batch comes to: {step}")
    worker.start()
    world.require_right(rounds.sender.acknowledged)
    rounds.sender.close()


def test_01_with_the_position_committed_first_a_killed_worker_loses_events(
    world: World, detour: SqlDetour
) -> None:
    """The row turns red where a batch and its position are two transactions."""
    world.create_topics()
    rounds = _Rounds(world)
    rounds.send()
    worker = world.process("aggregation", database_url=detour.url, without="position-in-transaction")
    struck = threading.Event()

    def kill(statement: Statement) -> bool:
        # In the second transaction, of which the guard's absence makes one without a position.
        if "INSERT INTO aggregation.ledger" in statement.text and not struck.is_set():
            worker.kill()
            struck.set()
        return not struck.is_set()

    detour.on_statement = kill
    worker.start()
    wait(struck.is_set, "a batch comes to the ledger")
    detour.on_statement = lambda _: True
    worker.start()
    world.settle()
    rounds.sender.close()
    assert any("are nowhere" in fault for fault in books.faults(world.settings(), rounds.sender.acknowledged))


def _steps(world: World, detour: SqlDetour, rounds: _Rounds) -> list[str]:
    """The steps of an undisturbed round, in their order."""
    steps: dict[str, None] = {}

    def note(statement: Statement) -> bool:
        if statement.in_batch and statement.application == APPLIES_EVENTS:
            steps.setdefault(statement.step)
        return True

    detour.on_statement = note
    worker = world.process("aggregation", database_url=detour.url)
    rounds.send()
    worker.start()
    world.require_right(rounds.sender.acknowledged)
    worker.kill()
    return list(steps)


def _kill_at(
    step: str, detour: SqlDetour, worker: ServiceProcess, *, reaches_server: bool
) -> threading.Event:
    """SIGKILL when a batch comes to the step: the server may still be asked, or not."""
    struck = threading.Event()

    def kill(statement: Statement) -> bool:
        is_it = statement.in_batch and (statement.application, statement.step) == (APPLIES_EVENTS, step)
        if not is_it or struck.is_set():
            return True
        worker.kill()
        struck.set()
        return reaches_server

    detour.on_statement = kill
    return struck
