"""The ingest service: wiring only. Its work is in intake.py."""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from services.contracts import topics
from services.ingest.doors import http_api
from services.ingest.idempotency import IdempotencyKeys
from services.ingest.intake import Intake
from services.ingest.judging import register_store
from services.ingest.judging.judges import Judges
from services.ingest.log.keeper import LogKeeper
from services.ingest.log.topic_watch import TopicWatch
from services.runtime import access, logs, postgres, schemas, service
from services.runtime.access.gate import Gate, pool_size
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, Publisher
from services.runtime.kafka_loop import KafkaLoop

_log = logs.get(__name__)

SCHEMA = "ingest"
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
MIGRATIONS = (postgres.APPEND_ONLY, postgres.POSITIONS, Path(__file__).parent / "sql" / "schema")


def assemble(settings: Settings) -> service.Parts:
    """Bring the schema up to date, or see that it is, and connect the parts."""
    database_url = settings.database_url.get_secret_value()
    schemas.prepare(database_url, schema=SCHEMA, folders=MIGRATIONS)
    access.tokens.prepare(database_url)

    # Those of the requests, and one for the log keeper.
    pool = postgres.Pool(database_url, application="giaingan-ingest", size=pool_size(settings) + 1)
    # Before anything answers: a project that is not known may be registered by anybody.
    if filled := register_store.fill_from_journal(pool):
        _log.info("register filled from the journal", events=filled)
    gate = Gate(settings, service=SCHEMA, pool=pool)
    publisher = Publisher(settings, client_id="giaingan-ingest")
    admin = Admin(settings, client_id="giaingan-ingest-admin")
    watch = TopicWatch(admin, topics=(topics.PLAN, topics.DISBURSEMENT))
    clock = Clock(settings.business_date)
    # Both end with a request that died, and outlast the longest that lives.
    lease = timedelta(seconds=settings.idempotency_lease_seconds)
    intake = Intake(
        pool=pool,
        publisher=publisher,
        watch=watch,
        clock=clock,
        judges=Judges(pool=pool, clock=clock, fund_sources=FundSourceNames.load(settings.policy_dir)),
        reversal_lease=lease,
    )
    keys = IdempotencyKeys(pool, lease=lease)
    # The register holds no money and learns by event id: another log is read from its beginning, as that of a
    # broker that forgets, where the ledger asks an operator.
    register = KafkaLoop(
        settings,
        reads_any_log=True,
        schema=SCHEMA,
        topics=[topics.PLAN],
        apply=register_store.learn_batch,
    )

    keeps_log = settings.ephemeral_broker
    keeper = LogKeeper(admin=admin, watch=watch, publisher=publisher, pool=pool)
    loops: dict[str, service.Loop] = {"log-keeper": keeper} if keeps_log else {"topic-watch": watch}
    loops |= {"audit": gate.loop, "register": register}

    closing = ExitStack()
    closing.callback(pool.close)
    closing.callback(publisher.close)
    closing.callback(gate.close)
    api = http_api.build(settings, intake=intake, pool=pool, gate=gate, keys=keys)
    api.ready_when("register", lambda: register.not_caught_up)
    return service.Parts(api.app, loops, closing.close)


def main() -> int:
    """Run until stopped; the exit code says whether a part failed."""
    # Cycles are rare here and the events of a long file many: to look for cycles among these after every 700
    # objects, the default, takes as long as to read them from the spool.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    return service.start(SCHEMA, assemble)


if __name__ == "__main__":
    sys.exit(main())
