"""The doors of ingest: JSON bodies here, files in ``imports_api``, receipts in ``receipts_api``."""

from __future__ import annotations

from collections.abc import Callable

from services.contracts.stated.models import (
    CompletedWorkIn,
    DisbursementsIn,
    PlansIn,
    RegistersIn,
    StatementsIn,
)
from services.contracts.stated.reallocations import ReallocationsIn
from services.ingest import idempotency
from services.ingest.doors import imports_api, json_bodies, receipts_api
from services.ingest.doors.json_bodies import Body
from services.ingest.idempotency import IdempotencyKeys
from services.ingest.intake import Intake
from services.ingest.receipts import Receipt
from services.ingest.submission import Submission
from services.runtime.access import Scope, caller
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.config import Settings
from services.runtime.postgres import Pool

_DESCRIPTION = """\
Takes in plans, the register, disbursements, cumulative statements and completed work, from one to many at a
time: all are accepted or none. 202 means that every event is in the log for good; the same event sent again
counts once. Each event is known by its source and the source's own reference. What is sent about a project is
sent after the decision or registration that makes it known.
"""
_WRITE = (Scope.INGEST_WRITE,)
_HEADERS = (idempotency.PARAMETER,)
_CONFLICT = (409,)


def build(settings: Settings, *, intake: Intake, pool: Pool, gate: Gate, keys: IdempotencyKeys) -> Api:
    """The API of the service over its intake."""
    api = Api(
        service="ingest",
        title="giaingan ingest",
        description=_DESCRIPTION,
        gate=gate,
        known_values={"fund_source": list(intake.judges.fund_sources.by_code)},
    )
    keys.install(api.app)
    api.ready_when("database", lambda: pool.not_ready)
    api.ready_when("broker", lambda: intake.watch.not_ready)
    _bind_json_doors(api, intake)
    profiles = imports_api.bind(api, intake, settings)
    receipts_api.bind(api, pool, profiles=profiles)
    return api


def _bind_json_doors(api: Api, intake: Intake) -> None:
    def reader(model: type[Body]) -> Callable[[bytes], Body]:
        return lambda content: json_bodies.read(
            model,
            content,
            judge=lambda stated, presumed: intake.judges.faults(stated, caller(), presumed=presumed),
        )

    def take(profile: str, body: Body) -> Receipt:
        stated = json_bodies.stated(body)
        faults = intake.judges.faults(stated, caller())
        submission = Submission.of(profile, stated, faults=faults, recorded_at=intake.clock.now())
        return intake.accept(submission, caller(), claim=idempotency.current())

    @api.route(
        "POST",
        "/v1/disbursements",
        summary="Take in movements of money.",
        scopes=_WRITE,
        headers=_HEADERS,
        body=DisbursementsIn,
        read_body=reader(DisbursementsIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_disbursements(body: DisbursementsIn) -> Receipt:
        return take("disbursements", body)

    @api.route(
        "POST",
        "/v1/plans",
        summary="Take in decisions on appropriations, and curves.",
        scopes=_WRITE,
        headers=_HEADERS,
        body=PlansIn,
        read_body=reader(PlansIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_plans(body: PlansIn) -> Receipt:
        return take("plans", body)

    @api.route(
        "POST",
        "/v1/reallocations",
        summary="Take in reallocations of plan between projects (điều chuyển), each decision whole.",
        scopes=_WRITE,
        headers=_HEADERS,
        body=ReallocationsIn,
        read_body=reader(ReallocationsIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_reallocations(body: ReallocationsIn) -> Receipt:
        return take("reallocations", body)

    @api.route(
        "POST",
        "/v1/registers",
        summary="Take in entries of the register: projects, owners and officers.",
        scopes=_WRITE,
        headers=_HEADERS,
        body=RegistersIn,
        read_body=reader(RegistersIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_registers(body: RegistersIn) -> Receipt:
        return take("registers", body)

    @api.route(
        "POST",
        "/v1/statements",
        summary="Take in lines of cumulative statements (lũy kế).",
        scopes=_WRITE,
        headers=_HEADERS,
        body=StatementsIn,
        read_body=reader(StatementsIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_statements(body: StatementsIn) -> Receipt:
        return take("statements", body)

    @api.route(
        "POST",
        "/v1/completed-work",
        summary="Take in owners' reports of the value of completed work.",
        scopes=_WRITE,
        headers=_HEADERS,
        body=CompletedWorkIn,
        read_body=reader(CompletedWorkIn),
        response=Receipt,
        status=202,
        problems=_CONFLICT,
    )
    def post_completed_work(body: CompletedWorkIn) -> Receipt:
        return take("completed-work", body)
