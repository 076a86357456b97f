"""The doors for files: the import, and the receipts given for every request."""

from __future__ import annotations

import hashlib

from flask import Response

from services.ingest import idempotency, import_form, receipts
from services.ingest.import_form import ImportQuery
from services.ingest.intake import Intake
from services.ingest.receipts import Receipt
from services.ingest.sheets import profile_files
from services.ingest.sheets.sheet_rows import read_file
from services.ingest.stated_fact import StatedFact
from services.ingest.submission import FileSummary, Submission
from services.runtime.access import Scope, caller
from services.runtime.api import Api, uuid_of
from services.runtime.config import Settings
from services.runtime.errors import ProblemError
from services.runtime.postgres import Pool

_JSON = "application/json"


def bind(api: Api, intake: Intake, settings: Settings, pool: Pool) -> None:
    """Bind the routes of files and receipts. Raises ``StopServiceError`` for a wrong import profile."""
    profiles = profile_files.load_all(settings.policy_dir)

    @api.route(
        "POST",
        "/v1/imports",
        summary="Take in a CSV file or a workbook, all its rows or none. A dry run answers 200.",
        scopes=(Scope.INGEST_WRITE,),
        slots="imports",
        headers=(idempotency.PARAMETER,),
        query=import_form.query_model(profiles),
        form=import_form.form_schema(),
        response=Receipt,
        status=202,
        other_statuses=(200,),
        problems=(409,),
    )
    def post_import(query: ImportQuery) -> Response:
        sent = import_form.read(profile=query.profile)
        submission = _submission(sent, settings, intake)
        if sent.form.dry_run:
            return Response(intake.preview(submission, caller()).model_dump_json(), 200, content_type=_JSON)
        receipt = intake.accept(submission, caller(), claim=idempotency.current())
        return Response(receipt.model_dump_json(), 202, content_type=_JSON)

    @api.route(
        "GET",
        "/v1/imports/<receipt_id>",
        summary="The receipt given for a request, as it was given.",
        scopes=(Scope.READ, Scope.INGEST_WRITE),
        response=Receipt,
        problems=(404, 503),
    )
    def get_import(receipt_id: str) -> Receipt:
        with pool.transaction() as cursor:
            found = receipts.find(cursor, wanted) if (wanted := uuid_of(receipt_id)) else None
        if found is None:
            raise ProblemError(404, "receipt-unknown", "There is no receipt of that id")
        return found


def _submission(sent: import_form.SentFile, settings: Settings, intake: Intake) -> Submission:
    form = sent.form
    read = read_file(
        sent.content,
        file_name=form.file_name,
        profile=sent.profile,
        source=form.source,
        defaults=form.defaults,
        policy_dir=settings.policy_dir,
        max_rows=settings.max_import_rows,
    )
    stated = [
        StatedFact(item.fact(), f"{place}: ") for item, place in zip(read.items, read.places, strict=True)
    ]
    sha256 = hashlib.sha256(sent.content).hexdigest()
    file = FileSummary(form.file_name, sha256, read.rows_read, tuple(read.warnings))
    faults = [*read.errors, *intake.bench.faults(stated, caller().unit)]
    return Submission.of(sent.profile, stated, faults=faults, recorded_at=intake.clock.now(), file=file)
