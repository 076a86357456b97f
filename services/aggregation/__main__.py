"""The aggregation service: wiring only. Its work is in apply_events.py, tell_progress.py and
case_decisions.py."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from services.aggregation import old_cases, series_policy
from services.aggregation.accounts_api import AccountsApi
from services.aggregation.apply_events import ApplyEvents
from services.aggregation.case_decisions import CaseDecisions
from services.aggregation.cases_api import CasesApi
from services.aggregation.count_findings import CountFindings
from services.aggregation.cutoff_tick import CutoffTick
from services.aggregation.evidence_api import EvidenceApi
from services.aggregation.export_api import ExportApi
from services.aggregation.http_api import ReadApi
from services.aggregation.plan_api import PlanApi
from services.aggregation.publish_decisions import PublishDecisions
from services.aggregation.tell_progress import TellProgress
from services.contracts import topics
from services.runtime import access, schemas, service
from services.runtime.access.gate import Gate, pool_size
from services.runtime.api import Api
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Publisher
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import APPEND_ONLY, POSITIONS, Pool

SCHEMA = "aggregation"
MIGRATIONS = (APPEND_ONLY, POSITIONS, Path(__file__).parent / "sql" / "schema")


def assemble(settings: Settings) -> service.Parts:
    """Bring the schema up to date, or see that it is, and connect the parts."""
    database_url = settings.database_url.get_secret_value()
    series = series_policy.load(settings.policy_dir)
    fund_sources = FundSourceNames.load(settings.policy_dir)
    schemas.prepare(database_url, schema=SCHEMA, folders=MIGRATIONS)
    old_cases.read(database_url)
    access.tokens.prepare(database_url)

    clock = Clock(settings.business_date)
    publisher = Publisher(settings, client_id="giaingan-aggregation")
    pool = Pool(database_url, application="giaingan-aggregation-api", size=pool_size(settings))

    apply_events = ApplyEvents(fund_sources)
    tell_progress = TellProgress(
        settings, publisher=publisher, clock=clock, series=series, fund_sources=fund_sources
    )
    cutoff_tick = CutoffTick(settings, clock=clock, on_tick=tell_progress.notice)
    publish_decisions = PublishDecisions(settings, publisher=publisher)

    def committed() -> None:
        apply_events.committed()
        tell_progress.notice()

    events = KafkaLoop(
        settings,
        schema=SCHEMA,
        topics=[topics.PLAN, topics.DISBURSEMENT],
        apply=apply_events.apply,
        on_commit=committed,
    )

    gate = Gate(settings, service=SCHEMA, pool=pool)
    api = Api(
        service=SCHEMA,
        title="giaingan aggregation",
        description="The ledger of disbursements against the public-investment plan.",
        gate=gate,
        known_values={"fund_source": list(fund_sources.by_code)},
    )
    ReadApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    PlanApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    AccountsApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    EvidenceApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    decisions = CaseDecisions(
        pool=pool, clock=clock, fund_sources=fund_sources, on_decision=publish_decisions.notice
    )
    CasesApi(pool=pool, clock=clock, decisions=decisions).install(api)
    ExportApi(pool=pool, clock=clock).install(api)
    api.ready_when("database", lambda: pool.not_ready)
    api.ready_when("events", lambda: events.not_ready)

    closing = ExitStack()
    closing.callback(pool.close)
    closing.callback(publisher.close)
    closing.callback(gate.close)
    loops: dict[str, service.Loop] = {
        "events": events,
        "progress": tell_progress,
        "tick": cutoff_tick,
        "decisions": publish_decisions,
        "findings": CountFindings(settings, clock=clock),
        "audit": gate.loop,
    }
    return service.Parts(api.app, loops, closing.close)


def main() -> int:
    """Run until stopped; the exit code says whether a part failed."""
    return service.start(SCHEMA, assemble)


if __name__ == "__main__":
    sys.exit(main())
