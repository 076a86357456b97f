"""Wires the ingest service together and runs it until SIGTERM."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from services.contracts import topics
from services.ingest import http_api
from services.ingest.intake import Intake
from services.ingest.log_keeper import LogKeeper
from services.ingest.topic_watch import TopicWatch
from services.runtime import config, logs, postgres, service
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, Publisher

_MIGRATIONS = (postgres.APPEND_ONLY, Path(__file__).parent / "sql" / "schema")


@dataclass(frozen=True, slots=True)
class Parts:
    """The service, put together and not yet running."""

    app: Flask
    loops: Mapping[str, service.Loop]
    close: Callable[[], None]


def assemble(settings: Settings) -> Parts:
    """Migrate the schema and connect the parts."""
    database_url = settings.database_url.get_secret_value()
    postgres.migrate(database_url, schema="ingest", folders=_MIGRATIONS)

    # One connection a request, and one for the log keeper.
    pool = postgres.Pool(database_url, application="giaingan-ingest", size=settings.http_threads + 1)
    publisher = Publisher(settings, client_id="giaingan-ingest")
    admin = Admin(settings, client_id="giaingan-ingest-admin")
    watch = TopicWatch(admin, topics=(topics.PLAN, topics.DISBURSEMENT))
    intake = Intake(pool=pool, publisher=publisher, watch=watch, clock=Clock(settings.business_date))

    keeps_log = settings.ephemeral_broker
    keeper = LogKeeper(admin=admin, watch=watch, publisher=publisher, pool=pool)
    loops: dict[str, service.Loop] = {"log-keeper": keeper} if keeps_log else {"topic-watch": watch}

    closing = ExitStack()
    closing.callback(pool.close)
    closing.callback(publisher.close)
    return Parts(http_api.build(settings, intake=intake, pool=pool).app, loops, closing.close)


def main() -> int:
    """Run until SIGTERM; 0 then, 1 where a part failed."""
    settings = config.load()
    logs.configure(settings.log_level, "ingest")
    parts = assemble(settings)
    try:
        return service.run(settings, app=parts.app, port=settings.ingest_port, loops=parts.loops)
    finally:
        parts.close()


if __name__ == "__main__":
    sys.exit(main())
