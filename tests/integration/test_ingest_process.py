"""Ingest as the process an operator starts: ready, accepting, refusing, ended by SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from deploy.embedded.servers import free_port
from services.contracts import topics
from tests.integration.ingest_stack import create_topics, read_log, settings_for, wait_until
from tests.support import stated
from tests.support.access import make_token
from tests.support.brokers import Broker


def call(url: str, content: bytes | None = None, *, token: str = "") -> tuple[int, str]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, content, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_the_process_serves_until_sigterm_and_logs_no_body(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log_file = tmp_path / "ingest.log"
    create_topics(settings_for(database_url, broker))
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "GIAINGAN_INGEST_PORT": str(port),
        "GIAINGAN_BUSINESS_DATE": "2022-07-31",
        "GIAINGAN_MAX_BODY_BYTES": "4096",
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.ingest"], env=environment, stdout=log, stderr=log
        )
        try:
            wait_until(lambda: call(f"{url}/readyz")[0] == 200)
            token = make_token(database_url)
            body: dict[str, Any] = {"movements": [stated.movement(project_code="SECRET-CODE")]}
            known = {"projects": [stated.project(project_code="SECRET-CODE")]}
            assert call(f"{url}/v1/registers", json.dumps(known).encode(), token=token)[0] == 202
            status, receipt = call(f"{url}/v1/disbursements", json.dumps(body).encode(), token=token)
            assert (status, json.loads(receipt)["new"]) == (202, 1)
            assert call(f"{url}/v1/disbursements", b" " * 5_000, token=token)[0] == 413
            assert (
                'giaingan_events_accepted_total{outcome="new"} 2.0' in call(f"{url}/metrics", token=token)[1]
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
            process.wait()

    assert len(read_log(broker, topics.DISBURSEMENT)) == 1
    lines = [json.loads(line) for line in log_file.read_text().splitlines() if line.startswith("{")]
    _, accepted = [line for line in lines if line["event"] == "request accepted"]
    assert accepted["receipt_id"] == json.loads(receipt)["receipt_id"]
    assert (accepted["new"], accepted["sources"]) == (1, ["kbnn.ca-mau"])
    assert "SECRET-CODE" not in log_file.read_text()
    assert token not in log_file.read_text()
