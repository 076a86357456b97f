"""Tells the progress of what changed: due projects -> their subjects -> topic progress -> no longer due.

The outbox holds *that* a project changed, not what: the figures are read when they are told, so that
a burst of movements is told once and what is told is never older than the mark. At least once; a
later version replaces an earlier one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.aggregation import lines_store, province_books, told_before
from services.aggregation.province_books import ProvinceBooks
from services.aggregation.subject_progress import SUMMED_BY, Evaluation, of_province
from services.aggregation.told_before import BooksSeen
from services.contracts import progress_codec, topics
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import closing_day
from services.domain.progress import Progress, SubjectType
from services.runtime import logs, metrics
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, BrokerUnavailableError, Publisher, Record
from services.runtime.postgres import (
    CONNECTION_ERRORS,
    Connection,
    Cursor,
    connect,
    read_queries,
    transaction,
)

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_log = logs.get(__name__)

# A province is read whole for whichever of its projects is due: the more at once, the fewer times.
_MOST_DUE = 50_000
_PUBLISH_AT_ONCE = 500
_RETRY_SECONDS = 1.0

DueMarks = dict[tuple[str, int], int]


class TellProgress:
    """One teller at a time over all processes, so that versions grow with what they tell."""

    def __init__(
        self,
        settings: Settings,
        *,
        publisher: Publisher,
        clock: Clock,
        series: Sequence[Series],
        fund_sources: FundSourceNames,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._clock = clock
        self._series = list(series)
        self._fund_sources = fund_sources
        self._admin = Admin(settings, client_id="giaingan-progress-admin")
        self._connection: Connection | None = None
        self._leads = False
        self._changed = threading.Event()

    def notice(self) -> None:
        """Something was marked due."""
        self._changed.set()

    def run(self, stop: threading.Event) -> None:
        """Tell what is due until ``stop``."""
        interval = self._settings.emit_interval_ms / 1000
        while not stop.is_set():
            self._changed.wait(timeout=interval)
            self._changed.clear()
            stop.wait(interval)
            try:
                while not stop.is_set() and self._tell_due():
                    pass
            except BrokerUnavailableError as error:
                _log.warning("progress not told yet", error=str(error))
                stop.wait(_RETRY_SECONDS)
            except CONNECTION_ERRORS as error:
                _log.warning("progress not told yet", error=str(error).strip())
                self._close()
                stop.wait(_RETRY_SECONDS)
        self._close()
        self._admin.close()

    def _close(self) -> None:
        if self._connection and not self._connection.closed:
            self._connection.close()
        self._connection = None
        self._leads = False

    def _tell_due(self) -> bool:
        """Tell one portion; true where more may be due."""
        if self._connection is None:
            self._connection = connect(
                self._settings.database_url.get_secret_value(), application="giaingan-progress"
            )
        with transaction(self._connection) as cursor:
            if not self._leads:
                # Held by the session until it ends: whoever has it tells for all.
                cursor.execute("SELECT pg_try_advisory_lock(hashtext('giaingan-tell-progress'))")
                self._leads = cursor.fetchone() == (True,)
                if self._leads:
                    cursor.execute(_QUERIES["raise_version"])
            if not self._leads:
                return False
            due = _read_due(cursor)
        metrics.PROGRESS_DUE.set(len(due))
        if not due:
            return False
        identity = self._admin.identity(topics.PROGRESS)
        if identity is None:
            raise BrokerUnavailableError(f"{topics.PROGRESS} does not exist")

        for (budget_year, province), concerned in self._concerned(due).items():
            self._tell_province(self._connection, budget_year, province, concerned, identity.topic_id)
        with transaction(self._connection) as cursor:
            keys = list(due)
            cursor.execute(
                _QUERIES["clear_due"],
                ([code for code, _ in keys], [year for _, year in keys], [due[key] for key in keys]),
            )
        return len(due) == _MOST_DUE

    def _tell_province(
        self, connection: Connection, budget_year: int, province: str, concerned: _Concerned, topic_id: str
    ) -> None:
        """Tell one province: read in one snapshot, publish, then record. Cut short between the two, the same
        is told again, and with it what came late."""
        with told_before.snapshot(connection) as (cursor, seen):
            evaluation = self._evaluation(cursor, budget_year, province, seen)
            books = province_books.read(
                cursor,
                province=province,
                budget_year=budget_year,
                as_of=evaluation.as_of,
                series=self._series,
            )
            before = told_before.read(cursor, province=province, budget_year=budget_year)
            late = told_before.came_late(
                cursor,
                before,
                budget_year=budget_year,
                projects=list({each.line.project_code for each in books.lines}),
            )
        books = replace(books, late=late)
        # Came between the marks and the snapshot: the next telling begins after it, so this one tells it.
        concerned.add_projects(late, books)
        told = of_province(evaluation, books, self._fund_sources, former=concerned.within)
        if before and before.is_of(evaluation, topic_id):
            told = [progress for progress in told if concerned.by(progress)]
        self._publish(told)
        with transaction(connection) as cursor:
            told_before.record(cursor, evaluation, topic_id, seen.positions)

    def _concerned(self, due: DueMarks) -> dict[tuple[int, str], _Concerned]:
        if self._connection is None:
            return {}
        with transaction(self._connection) as cursor:
            return _by_province(cursor, due)

    def _evaluation(self, cursor: Cursor, budget_year: int, province: str, seen: BooksSeen) -> Evaluation:
        cursor.execute("SELECT nextval('aggregation.progress_version')")
        ((version,),) = cursor.fetchall()
        business_date = self._clock.business_date()
        until = min(business_date, closing_day(budget_year))
        reached = lines_store.books_through(
            cursor, budget_year=budget_year, province=province, until=until, series=self._series
        )
        return Evaluation(
            province_code=province,
            budget_year=budget_year,
            as_of=reached or until,
            business_date=business_date,
            books_through=reached,
            ledger_watermark=seen.ledger_watermark,
            version=version,
            known_at=seen.known_at,
        )

    def _publish(self, told: list[Progress]) -> None:
        for start in range(0, len(told), _PUBLISH_AT_ONCE):
            portion = told[start : start + _PUBLISH_AT_ONCE]
            self._publisher.publish(
                topics.PROGRESS,
                [
                    Record(
                        f"{p.subject.type}/{p.subject.code}/{p.budget_year}",
                        progress_codec.encode_progress(p),
                    )
                    for p in portion
                ],
            )
            metrics.PROGRESS_EMITTED.inc(len(portion))


def _read_due(cursor: Cursor) -> DueMarks:
    cursor.execute(_QUERIES["due_projects"], (_MOST_DUE,))
    return {(code, year): mark for code, year, mark in cursor.fetchall()}


@dataclass(slots=True)
class _Concerned:
    """Whom a change concerns in a province: projects, what they belong or belonged to, and the whole."""

    projects: set[str] = field(default_factory=set)
    within: dict[SubjectType, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add_projects(self, codes: Collection[str], books: ProvinceBooks) -> None:
        """These projects of the books too, with what they belong to."""
        if not codes:
            return
        self.projects.update(codes)
        for line in (each.line for each in books.lines if each.line.project_code in codes):
            for subject_type, code_of in SUMMED_BY.items():
                self.within[subject_type].add(code_of(line))

    def by(self, progress: Progress) -> bool:
        subject = progress.subject
        if subject.type is SubjectType.PROJECT:
            return subject.code in self.projects
        if subject.type is SubjectType.PROVINCE:
            return True
        return subject.code.removeprefix(f"{subject.province_code}/") in self.within[subject.type]


def _by_province(cursor: Cursor, due: DueMarks) -> dict[tuple[int, str], _Concerned]:
    """Due projects by budget year and province. One that neither the register nor a plan decision names has
    neither, and nothing to be told against; its first decision makes it due again."""
    cursor.execute(_QUERIES["concerned"], ([code for code, _ in due], [year for _, year in due]))
    provinces: dict[tuple[int, str], _Concerned] = defaultdict(_Concerned)
    for budget_year, province, project_code, *codes in cursor.fetchall():
        concerned = provinces[budget_year, province]
        concerned.projects.add(project_code)
        for subject_type, code in zip(SUMMED_BY, codes, strict=True):
            if code:
                concerned.within[subject_type].add(code)
    return provinces
