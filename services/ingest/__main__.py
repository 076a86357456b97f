"""The ingest service: wiring only. Its work is in intake.py."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from services.contracts import topics
from services.ingest import http_api
from services.ingest.intake import Intake
from services.ingest.log_keeper import LogKeeper
from services.ingest.topic_watch import TopicWatch
from services.runtime import postgres, service
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, Publisher

SCHEMA = "ingest"
MIGRATIONS = (postgres.APPEND_ONLY, Path(__file__).parent / "sql" / "schema")


def assemble(settings: Settings) -> service.Parts:
    """Migrate the schema and connect the parts."""
    database_url = settings.database_url.get_secret_value()
    postgres.migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)

    # One connection a request, and one for the log keeper.
    pool = postgres.Pool(database_url, application="giaingan-ingest", size=settings.http_threads + 1)
    publisher = Publisher(settings, client_id="giaingan-ingest")
    admin = Admin(settings, client_id="giaingan-ingest-admin")
    watch = TopicWatch(admin, topics=(topics.PLAN, topics.DISBURSEMENT))
    intake = Intake(
        pool=pool,
        publisher=publisher,
        watch=watch,
        clock=Clock(settings.business_date),
        fund_sources=FundSourceNames.load(settings.policy_dir),
    )

    keeps_log = settings.ephemeral_broker
    keeper = LogKeeper(admin=admin, watch=watch, publisher=publisher, pool=pool)
    loops: dict[str, service.Loop] = {"log-keeper": keeper} if keeps_log else {"topic-watch": watch}

    closing = ExitStack()
    closing.callback(pool.close)
    closing.callback(publisher.close)
    return service.Parts(http_api.build(settings, intake=intake, pool=pool).app, loops, closing.close)


def main() -> int:
    """Run until stopped; the exit code says whether a part failed."""
    return service.start(SCHEMA, assemble)


if __name__ == "__main__":
    sys.exit(main())
