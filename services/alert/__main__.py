"""The alert service: wiring only. Its work is in watch_progress.py."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from services.alert import http_api, policy
from services.alert.feed_entries import NumberChanges
from services.alert.handle_alerts import HandleAlerts
from services.alert.relay import Relay
from services.alert.watch_progress import WatchProgress
from services.contracts import topics
from services.runtime import access, schemas, service
from services.runtime.access.gate import Gate, pool_size
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import APPEND_ONLY, POSITIONS, Pool

SCHEMA = "alert"
MIGRATIONS = (APPEND_ONLY, POSITIONS, Path(__file__).parent / "sql" / "schema")


def assemble(settings: Settings) -> service.Parts:
    """Bring the schema up to date, or see that it is, and connect the parts."""
    database_url = settings.database_url.get_secret_value()
    policies = policy.load(settings.policy_dir / "rules")
    fund_sources = FundSourceNames.load(settings.policy_dir)
    schemas.prepare(database_url, schema=SCHEMA, folders=MIGRATIONS)
    access.tokens.prepare(database_url)

    watch = WatchProgress(policies, fund_sources)
    progress = KafkaLoop(
        settings, schema=SCHEMA, topics=[topics.PROGRESS], apply=watch.apply, on_commit=watch.committed
    )
    # Two loops use it too: what time does with alerts, and the numbers of feeds.
    pool = Pool(database_url, application="giaingan-alert-api", size=pool_size(settings) + 2)
    gate = Gate(settings, service=SCHEMA, pool=pool)
    clock = Clock(settings.business_date)
    handle = HandleAlerts(pool, policies, clock=clock)
    api = http_api.build(settings, pool, fund_sources, gate=gate, handle=handle, clock=clock)
    api.ready_when("database", lambda: pool.not_ready)
    api.ready_when("progress", lambda: progress.not_ready)

    closing = ExitStack()
    closing.callback(pool.close)
    closing.callback(gate.close)
    loops: dict[str, service.Loop] = {
        "progress": progress,
        "relay": Relay(settings),
        "handling": handle,
        "feeds": NumberChanges(pool),
        "audit": gate.loop,
    }
    return service.Parts(api.app, loops, closing.close)


def main() -> int:
    """Run until stopped; the exit code says whether a part failed."""
    return service.start(SCHEMA, assemble)


if __name__ == "__main__":
    sys.exit(main())
