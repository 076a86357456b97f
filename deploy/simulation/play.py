"""One seed, from an empty database to the verdict."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from deploy.simulation import verdict
from deploy.simulation.baton import Runner
from deploy.simulation.faulty_connection import DiedError, FaultyConnection, Strike, connect
from deploy.simulation.scripted_log import PARTITIONS, ScriptedLog
from services.aggregation.apply_events import ApplyEvents
from services.contracts import topics
from services.runtime import batch_commit
from services.runtime.batch_commit import Apply, Batch, ReceivedRecord
from services.runtime.errors import StopServiceError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import LogIdentity
from services.runtime.positions import Claim, FencedError, MovedError, Positions
from services.runtime.postgres import CONNECTION_ERRORS, transaction

WORKERS = 3
_FUND_SOURCES = FundSourceNames.load(Path(__file__).resolve().parents[1] / "policy")
_TURNS = 700
_RECORDS = 60
_LIVENESS_TURNS = 20_000
# After so many turns without running, the server ends a transaction that sits idle.
_IDLE_TURNS = 40


@dataclass
class Weights:
    """How likely each strike is at a step, and each event between turns."""

    die: float = 0.004
    disconnect: float = 0.006
    lose_answer: float = 0.08
    deadlock: float = 0.004
    freeze: float = 0.01
    rebalance: float = 0.02
    replace_log: float = 0.002


@dataclass
class World:
    """Everything that a seed decides. ``strikes`` counts what happened."""

    seed: int
    database_url: str
    weights: Weights = field(default_factory=Weights)
    positions: Positions = field(default_factory=lambda: Positions("aggregation"))
    apply: Apply = field(default_factory=lambda: ApplyEvents(_FUND_SOURCES).apply)
    strikes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - a game, played again from its seed
        self.log = ScriptedLog(self.rng)
        self.generation = 1
        self.is_calm = False
        # Who each partition is assigned to; a worker learns of it when it looks.
        self.owners = [self.rng.randrange(WORKERS) for _ in range(PARTITIONS)]

    @property
    def identity(self) -> LogIdentity:
        return LogIdentity("sim-cluster", f"sim-topic-{self.generation}", PARTITIONS)

    def strike(self, at_commit: bool) -> Strike:
        """What happens at this step."""
        if self.is_calm:
            return Strike.NOTHING
        weights = self.weights
        odds = [
            (Strike.DIE, weights.die),
            (Strike.DISCONNECT, weights.disconnect),
            (Strike.LOSE_ANSWER, weights.lose_answer if at_commit else 0),
            (Strike.DEADLOCK, 0 if at_commit else weights.deadlock),
        ]
        dice = self.rng.random()
        for strike, odd in odds:
            if dice < odd:
                self.count(strike)
                return strike
            dice -= odd
        return Strike.NOTHING

    def count(self, name: str) -> None:
        self.strikes[name] = self.strikes.get(name, 0) + 1


class Worker:
    """A process of aggregation, as far as it touches PostgreSQL: claims, batches, what it remembers."""

    def __init__(self, number: int, world: World) -> None:
        self.number = number
        self._world = world
        self._connection: FaultyConnection | None = None
        self._claims: dict[int, Claim] = {}
        self.frozen_turns = 0
        self.runner = self._runner()

    def turn(self) -> None:
        """Run up to the next statement; start again as a new process after a death."""
        self.runner.turn()
        if self.runner.is_done:
            self.runner = self._runner()

    def disconnect(self) -> None:
        """The server ends the session: what was open is rolled back."""
        if self._connection:
            self._connection.drop()

    def _runner(self) -> Runner:
        return Runner(f"worker-{self.number}", self._live)

    def _live(self, runner: Runner) -> None:
        self._connection, self._claims = None, {}

        def step(at_commit: bool) -> Strike:
            runner.step()
            return self._world.strike(at_commit)

        try:
            while True:
                runner.step()
                try:
                    self._work(step)
                except CONNECTION_ERRORS:
                    # As KafkaLoop: every position is asked for again.
                    self.disconnect()
                    self._connection, self._claims = None, {}
        except (DiedError, StopServiceError):
            self.disconnect()

    def _work(self, step: object) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._world.database_url)
            self._connection.step = step  # type: ignore[assignment]
            self._claims = {}
        mine = [p for p, owner in enumerate(self._world.owners) if owner == self.number]
        held = sorted({*mine, *self._claims})
        if not held:
            return
        partition = self._world.rng.choice(held)
        claim = self._claims.get(partition)
        if claim is None or claim.identity != self._world.identity:
            self._claim(partition)
        else:
            # A partition that went to another worker is still worked on until the next look: a zombie.
            self._take(partition, claim)
            if partition not in mine and self._world.rng.random() < 0.3:  # noqa: PLR2004
                self._claims.pop(partition, None)

    def _claim(self, partition: int) -> None:
        world = self._world
        assert self._connection is not None  # noqa: S101
        try:
            with transaction(self._connection) as cursor:
                self._claims[partition] = world.positions.claim(
                    cursor,
                    topic=topics.DISBURSEMENT,
                    partition=partition,
                    identity=world.identity,
                    owner=self.runner.name,
                    adopt=True,
                )
        except psycopg2.errors.DeadlockDetected:
            return

    def _take(self, partition: int, claim: Claim) -> None:
        world = self._world
        assert self._connection is not None  # noqa: S101
        log = world.log.partitions[partition]
        start = claim.next_offset
        if world.rng.random() < 0.1:  # noqa: PLR2004
            # The broker delivers again what was read: filtered by offset, as KafkaLoop does.
            start = max(0, start - 2)
        records = tuple(
            ReceivedRecord(offset, None, log[offset])
            for offset in range(start, min(len(log), claim.next_offset + world.rng.randint(1, 4)))
            if offset >= claim.next_offset
        )
        if not records:
            return
        batch = Batch(topics.DISBURSEMENT, claim.identity.topic_id, partition, records)
        runner = self.runner
        try:
            batch_commit.commit_batch(
                self._connection, world.positions, world.apply, claim, batch, sleep=lambda _: runner.step()
            )
        except FencedError:
            world.count("fenced")
            del self._claims[partition]
        except MovedError as error:
            world.count("moved")
            claim.next_offset = error.next_offset


def play(world: World) -> list[str]:
    """Play the seed; returns what is wrong afterwards, empty where nothing is."""
    workers = [Worker(number, world) for number in range(WORKERS)]
    try:
        for _ in range(_TURNS):
            if sum(map(len, world.log.partitions)) < _RECORDS:
                world.log.grow()
            _events(world, workers)
            _thaw_one(world, workers).turn()
        stalled = _calm_down(world, workers)
    except Exception as error:
        return [f"a worker ended by {error!r}"]
    return stalled or verdict.faults(world.database_url, world.log, world.identity)


def _events(world: World, workers: list[Worker]) -> None:
    if world.rng.random() < world.weights.rebalance:
        world.count("rebalance")
        world.owners[world.rng.randrange(PARTITIONS)] = world.rng.randrange(WORKERS)
    if world.rng.random() < world.weights.freeze:
        world.count("freeze")
        world.rng.choice(workers).frozen_turns = world.rng.randint(5, 2 * _IDLE_TURNS)
    if world.rng.random() < world.weights.replace_log:
        # The same records under a new topic id: an operator adopted it, and all is read again.
        world.count("replace-log")
        world.generation += 1


def _thaw_one(world: World, workers: list[Worker]) -> Worker:
    """Who runs next: one that is not frozen. One that was frozen for long lost its session."""
    for worker in workers:
        if worker.frozen_turns:
            worker.frozen_turns -= 1
            if worker.frozen_turns == _IDLE_TURNS:
                worker.disconnect()
    awake = [worker for worker in workers if not worker.frozen_turns]
    return world.rng.choice(awake or workers)


def _calm_down(world: World, workers: list[Worker]) -> list[str]:
    """Liveness: without faults, everything is applied in the end."""
    world.is_calm = True
    for worker in workers:
        worker.frozen_turns = 0
    for turn in range(_LIVENESS_TURNS):
        workers[turn % WORKERS].turn()
        if turn % 50 == 0 and verdict.is_at_the_end(world.database_url, world.log, world.identity):
            return []
    return ["the workers never came to the end of the log"]
