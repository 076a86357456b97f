"""Tells the progress of what changed: due projects -> their subjects -> topic progress -> no longer due.

The outbox holds *that* a project changed, not what: the figures are read when they are told, so that
a burst of movements is told once and what is told is never older than the mark. At least once; a
later version replaces an earlier one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from services.aggregation import lines_store, plan_store
from services.aggregation.subject_progress import Evaluation, of_province
from services.contracts import progress_codec, topics
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import closing_day
from services.domain.plan import NATIONAL_SCOPE
from services.domain.progress import Progress, SubjectType
from services.runtime import logs, metrics
from services.runtime.clock import Clock
from services.runtime.config import Settings
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

_MOST_DUE = 5_000
_PUBLISH_AT_ONCE = 500
_RETRY_SECONDS = 1.0

DueMarks = dict[tuple[str, int], int]


class TellProgress:
    """One teller at a time over all processes, so that versions grow with what they tell."""

    def __init__(
        self, settings: Settings, *, publisher: Publisher, clock: Clock, series: Sequence[Series]
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._clock = clock
        self._series = list(series)
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

        with transaction(self._connection) as cursor:
            evaluations = self._evaluate(cursor, due, identity.topic_id)
        for _, told in evaluations:
            self._publish(told)
        with transaction(self._connection) as cursor:
            for evaluation, _ in evaluations:
                cursor.execute(
                    _QUERIES["record_told"],
                    (
                        evaluation.province_code,
                        evaluation.budget_year,
                        evaluation.as_of,
                        evaluation.business_date,
                        identity.topic_id,
                    ),
                )
            keys = list(due)
            cursor.execute(
                _QUERIES["clear_due"],
                ([code for code, _ in keys], [year for _, year in keys], [due[key] for key in keys]),
            )
        return len(due) == _MOST_DUE

    def _evaluate(
        self, cursor: Cursor, due: DueMarks, topic_id: str
    ) -> list[tuple[Evaluation, list[Progress]]]:
        cursor.execute("SELECT nextval('aggregation.progress_version'), max(seq) FROM aggregation.ledger")
        version, watermark = cursor.fetchone() or (0, 0)
        business_date = self._clock.business_date()
        evaluations = []
        for (budget_year, province), concerned in _by_province(cursor, due).items():
            reached = lines_store.books_through(
                cursor,
                budget_year=budget_year,
                province=province,
                until=min(business_date, closing_day(budget_year)),
                series=self._series,
            )
            evaluation = Evaluation(
                province_code=province,
                budget_year=budget_year,
                as_of=reached or min(business_date, closing_day(budget_year)),
                business_date=business_date,
                books_through=reached,
                ledger_watermark=watermark or 0,
                version=version,
            )
            told = self._progress_of(cursor, evaluation, concerned.owners)
            if _told_before(cursor, evaluation, topic_id):
                told = [progress for progress in told if concerned.by(progress)]
            evaluations.append((evaluation, told))
        return evaluations

    def _progress_of(self, cursor: Cursor, evaluation: Evaluation, owners: set[str]) -> list[Progress]:
        lines = lines_store.read(
            cursor,
            budget_year=evaluation.budget_year,
            as_of=evaluation.as_of,
            province=evaluation.province_code,
            series=self._series,
        )
        projects = sorted({line.project_code for line in lines})
        schedules = plan_store.schedules_in_force(
            cursor,
            scopes=[NATIONAL_SCOPE, evaluation.province_code, *projects],
            budget_year=evaluation.budget_year,
            as_of=evaluation.as_of,
        )
        series = lines_store.series_totals(
            cursor,
            budget_year=evaluation.budget_year,
            as_of=evaluation.as_of,
            series=self._series,
            projects=projects,
        )
        return of_province(evaluation, lines, schedules, series, former_owners=owners)

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
    """Whom a change concerns in a province: projects, those who answer or answered for them, the whole."""

    projects: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)

    def by(self, progress: Progress) -> bool:
        subject = progress.subject
        if subject.type is SubjectType.PROJECT:
            return subject.code in self.projects
        return subject.type is SubjectType.PROVINCE or subject.owner_code in self.owners


def _by_province(cursor: Cursor, due: DueMarks) -> dict[tuple[int, str], _Concerned]:
    """Due projects by budget year and province. One that neither the register nor a plan decision names has
    neither, and nothing to be told against; its first decision makes it due again."""
    cursor.execute(_QUERIES["provinces_of"], ([code for code, _ in due], [year for _, year in due]))
    provinces: dict[tuple[int, str], _Concerned] = defaultdict(_Concerned)
    for budget_year, province, project_code, owner_code in cursor.fetchall():
        provinces[budget_year, province].projects.add(project_code)
        provinces[budget_year, province].owners.add(owner_code)
    return provinces


def _told_before(cursor: Cursor, evaluation: Evaluation, topic_id: str) -> bool:
    """Whether this province was told as of the same days into the same log, so that only changes are news."""
    cursor.execute(_QUERIES["told_before"], (evaluation.province_code, evaluation.budget_year))
    told: tuple[date, date, str] | None = cursor.fetchone()
    return told == (evaluation.as_of, evaluation.business_date, topic_id)
