"""The door for files. The receipts given for every request are in ``receipts_api``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

from flask import Response

from services.ingest import idempotency
from services.ingest.doors import import_form, marked_answer, profile_names, profiles_api
from services.ingest.doors.import_form import ImportQuery
from services.ingest.doors.profiles_api import XLSX
from services.ingest.intake import Intake
from services.ingest.receipts import Receipt
from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.file_reading import read_in_child
from services.ingest.sheets.profiles import profile_files
from services.ingest.sheets.reading_job import ReadingJob
from services.ingest.standings import Standings
from services.ingest.submission import FileSummary, Submission
from services.runtime.access import Caller, Scope, caller
from services.runtime.api import Api
from services.runtime.config import Settings
from services.runtime.errors import ProblemError

_JSON = "application/json"


def bind(api: Api, intake: Intake, settings: Settings) -> list[str]:
    """Bind the routes of files; the names of their profiles. Raises ``StopServiceError`` for a wrong one."""
    profiles = profile_files.load_all(settings.policy_dir)
    profiles_api.bind(api, profiles)

    @api.route(
        "POST",
        "/v1/imports",
        summary="Take in a CSV file or a workbook, all its rows or none. A dry run answers 200; with Accept: "
        "…spreadsheetml.sheet a refused file comes back with its faulty cells marked.",
        scopes=(Scope.INGEST_WRITE,),
        slots="imports",
        headers=(idempotency.PARAMETER,),
        query=import_form.query_model(profiles),
        form=import_form.form_schema(),
        response=Receipt,
        status=202,
        other_statuses=(200,),
        problems=(404, 409),
        refusal_media_types={422: XLSX},
    )
    def post_import(query: ImportQuery) -> Response:
        profile_names.require(query.profile, profiles)
        sent = import_form.read(profile=query.profile)
        with _submission(sent, settings, intake) as submission:
            try:
                if sent.form.dry_run:
                    receipt, status = intake.preview(submission, caller()), 200
                else:
                    receipt, status = intake.accept(submission, caller(), claim=idempotency.current()), 202
            except ProblemError as error:
                if error.problem.status == HTTPStatus.UNPROCESSABLE_ENTITY and marked_answer.is_wanted():
                    return marked_answer.of(sent, error, settings)
                raise
        return Response(receipt.model_dump_json(), status, content_type=_JSON)

    return sorted(profiles)


def _sources(sender: Caller) -> list[str] | None:
    stated = sender.stated_sources
    return None if stated is None else sorted(stated)


@contextmanager
def _submission(sent: import_form.SentFile, settings: Settings, intake: Intake) -> Iterator[Submission]:
    """The file as a process of its own read and judged it; its events are on disk while the block lasts."""
    form = sent.form
    job = ReadingJob(
        file_name=form.file_name,
        profile=sent.profile,
        source=form.source,
        defaults=form.defaults,
        policy_dir=settings.policy_dir,
        max_rows=settings.max_import_rows,
        business_date=intake.clock.business_date(),
        recorded_at=intake.clock.now(),
        unit=caller().unit.code,
        sources=_sources(caller()),
        projects=intake.judges.projects(),
    )
    limits = ReadingLimits(seconds=settings.import_seconds, memory_bytes=settings.import_memory_mb << 20)
    standings = Standings()
    with read_in_child(sent.content, job, limits, meanwhile=partial(intake.look_up, standings)) as read:
        yield Submission(
            profile=sent.profile,
            entries=read.entries,
            faults=read.faults,
            totals=read.totals,
            named_reversals=read.named_reversals,
            sources=(form.source,),
            file=FileSummary(read.name, read.sha256, read.rows_read, read.warnings),
            standings=standings,
        )
