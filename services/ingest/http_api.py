"""The doors of ingest: JSON bodies here, files and receipts in ``imports_api``."""

from __future__ import annotations

from collections.abc import Callable

from services.contracts.stated.models import DisbursementsIn, PlansIn, StatementsIn
from services.ingest import imports_api, json_bodies
from services.ingest.intake import Intake, Submission
from services.ingest.json_bodies import Body
from services.ingest.receipts import Receipt
from services.runtime.api import Api
from services.runtime.config import Settings
from services.runtime.postgres import Pool

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
    imports_api.bind(api, intake, settings, pool)
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
