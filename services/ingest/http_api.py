"""The doors of ingest: JSON bodies, files, and the receipts given for both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response

from services.contracts.stated.models import DisbursementsIn, PlansIn, StatementsIn
from services.ingest import import_form, json_bodies, receipts
from services.ingest.intake import FileRead, Intake, Submission
from services.ingest.json_bodies import Body
from services.ingest.receipts import Receipt
from services.ingest.sheets.sheet_rows import read_file
from services.ingest.stated_fact import StatedFact
from services.runtime.api import Api, uuid_of
from services.runtime.config import Settings
from services.runtime.errors import ProblemError
from services.runtime.postgres import Pool

_JSON = "application/json"
_DESCRIPTION = """\
Takes in plans, disbursements and cumulative statements, from one to many at a time: all are accepted or
none. 202 means that every event is in the log for good; the same event sent again counts once. Each event
is known by its source and the source's own reference.
"""


def build(settings: Settings, *, intake: Intake, pool: Pool) -> Api:
    """The API of the service over its intake."""
    api = Api(
        service="ingest",
        title="giaingan ingest",
        description=_DESCRIPTION,
        max_body_bytes=settings.max_body_bytes,
        known_values={"fund_source": list(intake.fund_sources.by_code)},
    )
    api.ready_when("database", lambda: pool.not_ready)
    api.ready_when("broker", lambda: intake.watch.not_ready)
    _bind_json_doors(api, intake)
    _bind_import_doors(api, intake, settings, pool)
    return api


def _bind_json_doors(api: Api, intake: Intake) -> None:
    def reader(model: type[Body]) -> Callable[[bytes], Body]:
        return lambda content: json_bodies.read(model, content, judge=intake.faults)

    def take(kind: str, body: Body) -> Receipt:
        return intake.accept(Submission(kind, json_bodies.stated(body)))

    @api.route(
        "POST",
        "/v1/disbursements",
        summary="Take in movements of money.",
        body=DisbursementsIn,
        read_body=reader(DisbursementsIn),
        response=Receipt,
        status=202,
    )
    def post_disbursements(body: DisbursementsIn) -> Receipt:
        return take("disbursements", body)

    @api.route(
        "POST",
        "/v1/plans",
        summary="Take in decisions on appropriations, and curves.",
        body=PlansIn,
        read_body=reader(PlansIn),
        response=Receipt,
        status=202,
    )
    def post_plans(body: PlansIn) -> Receipt:
        return take("plan", body)

    @api.route(
        "POST",
        "/v1/statements",
        summary="Take in lines of cumulative statements (lũy kế).",
        body=StatementsIn,
        read_body=reader(StatementsIn),
        response=Receipt,
        status=202,
    )
    def post_statements(body: StatementsIn) -> Receipt:
        return take("cumulative-statement", body)


def _bind_import_doors(api: Api, intake: Intake, settings: Settings, pool: Pool) -> None:
    @api.route(
        "POST",
        "/v1/imports",
        summary="Take in a CSV file or a workbook, all its rows or none. A dry run answers 200.",
        form=import_form.form_schema(),
        response=Receipt,
        status=202,
        other_statuses=(200,),
    )
    def post_import() -> Response:
        sent = import_form.read()
        submission = _submission(sent, settings)
        if sent.form.dry_run:
            return Response(intake.preview(submission).model_dump_json(), 200, content_type=_JSON)
        return Response(intake.accept(submission).model_dump_json(), 202, content_type=_JSON)

    @api.route(
        "GET",
        "/v1/imports/<receipt_id>",
        summary="The receipt given for a request, as it was given.",
        response=Receipt,
        problems=(404, 503),
    )
    def get_import(receipt_id: str) -> Receipt:
        with pool.transaction() as cursor:
            found = receipts.find(cursor, wanted) if (wanted := uuid_of(receipt_id)) else None
        if found is None:
            raise ProblemError(404, "receipt-unknown", "There is no receipt of that id")
        return found


def _submission(sent: import_form.SentFile, settings: Settings) -> Submission:
    form = sent.form
    read = read_file(
        sent.content,
        file_name=form.file_name,
        kind=form.kind,
        source=form.source,
        defaults=form.defaults,
        policy_dir=settings.policy_dir,
        max_rows=settings.max_import_rows,
    )
    stated = [
        StatedFact(item.fact(), f"{place}: ") for item, place in zip(read.items, read.places, strict=True)
    ]
    sha256 = hashlib.sha256(sent.content).hexdigest()
    file = FileRead(form.file_name, sha256, read.rows_read, tuple(read.warnings))
    return Submission(form.kind, stated, read.errors, file)
