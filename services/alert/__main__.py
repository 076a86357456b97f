"""The alert service: wiring only. The job is in watch_progress.py."""

from __future__ import annotations

import sys
from pathlib import Path

from services.alert import http_api, policy
from services.alert.relay import Relay
from services.alert.watch_progress import WatchProgress
from services.contracts import topics
from services.runtime import config, logs, service
from services.runtime.errors import StopServiceError
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import APPEND_ONLY, CONNECTION_ERRORS, POSITIONS, Pool, migrate

_log = logs.get(__name__)
SCHEMA = "alert"
MIGRATIONS = (APPEND_ONLY, POSITIONS, Path(__file__).parent / "sql" / "schema")


def main() -> int:
    """Run until SIGTERM; the exit code is 0 then, and 1 where the service could not work."""
    settings = config.load()
    logs.configure(settings.log_level, SCHEMA)
    database_url = settings.database_url.get_secret_value()
    try:
        policies = policy.load(settings.policy_dir / "rules")
        migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    except (StopServiceError, *CONNECTION_ERRORS) as error:
        _log.critical("service does not start", reason=str(error).strip())
        return 1

    watch = WatchProgress(policies)
    progress = KafkaLoop(
        settings, schema=SCHEMA, topics=[topics.PROGRESS], apply=watch.apply, on_commit=watch.committed
    )
    pool = Pool(database_url, application="giaingan-alert-api", size=settings.http_threads)
    api = http_api.build(settings, pool)
    api.ready_when("database", lambda: http_api.database_not_ready(pool))
    api.ready_when("progress", lambda: progress.not_ready)

    return service.run(
        settings,
        app=api.app,
        port=settings.alert_port,
        loops={"progress": progress, "relay": Relay(settings)},
    )


if __name__ == "__main__":
    sys.exit(main())
