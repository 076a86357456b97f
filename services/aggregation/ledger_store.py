"""The ledger, its balances and the cumulative statements in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from services.domain.accounts import Effect
from services.domain.disbursement import FigureStatus, Reporter, StatementLine
from services.domain.money import Money
from services.runtime.postgres import Cursor, copy_rows, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")

_STAGE = "ledger_stage"
_COLUMNS = (
    "ordinal",
    "event_id",
    "origin_event_id",
    "content_hash",
    "source",
    "source_ref",
    "project_code",
    "fund_source",
    "budget_year",
    "series",
    "kind",
    "amount",
    "currency",
    "disbursed",
    "work_certified",
    "advance_outstanding",
    "value_date",
    "status",
    "reverses_event_id",
    "recorded_at",
    "topic_id",
    "partition",
    '"offset"',
    "index",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: the log, its partition and offset, and its index in the record."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of the ledger: what one event adds to a line's books."""

    event_id: UUID
    origin_event_id: UUID
    content_hash: bytes
    source: str
    source_ref: str
    project_code: str
    fund_source: str
    budget_year: int
    series: str
    kind: str
    amount: Money
    effect: Effect
    value_date: date
    status: str
    recorded_at: datetime
    place: Place
    reverses_event_id: UUID | None = None

    def columns(self, ordinal: int) -> Sequence[object]:
        """The row in the order of the staging table."""
        return (
            ordinal,
            self.event_id,
            self.origin_event_id,
            self.content_hash,
            self.source,
            self.source_ref,
            self.project_code,
            self.fund_source,
            self.budget_year,
            self.series,
            self.kind,
            self.amount.minor_units,
            self.amount.currency,
            self.effect.disbursed,
            self.effect.work_certified,
            self.effect.advance_outstanding,
            self.value_date,
            self.status,
            self.reverses_event_id,
            self.recorded_at.isoformat(),
            self.place.topic_id,
            self.place.partition,
            self.place.offset,
            self.place.index,
        )


@dataclass(frozen=True, slots=True)
class Reversible:
    """What a reversal needs to know of the movement it names."""

    project_code: str
    fund_source: str
    budget_year: int
    series: str
    kind: str
    amount: int
    value_date: date
    effect: Effect
    already_reversed: bool


def insert(cursor: Cursor, rows: Sequence[LedgerRow]) -> set[UUID]:
    """Add what the ledger does not have; returns the ids it took.

    The balances are summed from the rows the INSERT returned, and from nothing else: what was there
    already cannot count twice.
    """
    if not rows:
        return set()
    cursor.execute(_QUERIES["stage_ledger"])
    copy_rows(cursor, _STAGE, _COLUMNS, (row.columns(n) for n, row in enumerate(rows)))
    cursor.execute(_QUERIES["insert_ledger"])
    return {event_id for (event_id,) in cursor.fetchall()}


def known_hashes(cursor: Cursor, event_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Content hashes of the movements and statements already taken under these ids."""
    cursor.execute(_QUERIES["known_disbursements"], {"ids": list(event_ids)})
    return {event_id: bytes(content_hash) for event_id, content_hash in cursor.fetchall()}


def reversible(cursor: Cursor, event_ids: Collection[UUID]) -> dict[UUID, Reversible]:
    """The movements in the ledger under these ids."""
    cursor.execute(_QUERIES["reversible"], (list(event_ids),))
    return {
        event_id: Reversible(
            project_code=project_code,
            fund_source=fund_source,
            budget_year=budget_year,
            series=series,
            kind=kind,
            amount=amount,
            value_date=value_date,
            effect=Effect(*effect),
            already_reversed=already_reversed,
        )
        for (
            event_id,
            project_code,
            fund_source,
            budget_year,
            series,
            kind,
            amount,
            value_date,
            *effect,
            already_reversed,
        ) in cursor.fetchall()
    }


def insert_statement_lines(
    cursor: Cursor, lines: Sequence[tuple[StatementLine, datetime, Place]]
) -> set[UUID]:
    """Keep statements as they were stated; returns the ids that are new."""
    taken: set[UUID] = set()
    for line, recorded_at, place in lines:
        cursor.execute(
            _QUERIES["insert_statement_line"],
            (
                line.event_id,
                line.content_hash,
                line.source,
                line.source_ref,
                line.project_code,
                line.fund_source,
                line.budget_year,
                line.series,
                line.reporter,
                line.cumulative.minor_units,
                line.cumulative.currency,
                line.as_of,
                line.status,
                line.revision,
                recorded_at,
                place.topic_id,
                place.partition,
                place.offset,
                place.index,
            ),
        )
        taken |= {event_id for (event_id,) in cursor.fetchall()}
    return taken


LineKey = tuple[int, str, str, str]


def line_key(line: StatementLine) -> LineKey:
    """Budget year, project, fund source and series: what one sequence of statements is about."""
    return (line.budget_year, line.project_code, line.fund_source, line.series)


def lock_lines(cursor: Cursor, keys: Iterable[LineKey]) -> None:
    """Serialise work on these lines to the end of the transaction, in one order for everybody.

    A line's statements share a partition, but two partitions can hold them after the topic grew.
    """
    for key in sorted(set(keys)):
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ("/".join(map(str, key)),))


def statements_of(cursor: Cursor, keys: Iterable[LineKey]) -> dict[LineKey, list[StatementLine]]:
    """Every statement known of these lines."""
    found: dict[LineKey, list[StatementLine]] = {}
    for key in set(keys):
        cursor.execute(_QUERIES["statements_of_line"], key)
        found[key] = [
            StatementLine(
                source=source,
                source_ref=source_ref,
                budget_year=key[0],
                project_code=key[1],
                fund_source=key[2],
                cumulative=Money(cumulative, currency),
                as_of=as_of,
                status=FigureStatus(status),
                reporter=Reporter(reporter),
                revision=revision,
            )
            for source, source_ref, cumulative, currency, as_of, status, reporter, revision in cursor
        ]
    return found


def mark_due(cursor: Cursor, projects: Iterable[tuple[str, int]]) -> None:
    """Outbox: the progress of these (project, budget year) is to be told."""
    for project_code, budget_year in sorted(set(projects)):
        cursor.execute(_QUERIES["mark_due"], (project_code, budget_year))
