"""A process that dies while it holds an Idempotency-Key: nobody is locked out for longer than its lease."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from deploy.embedded.servers import free_port
from tests.integration.ingest_stack import create_topics, settings_for, wait_until
from tests.support import stated
from tests.support.access import make_token
from tests.support.brokers import Broker

# Ingest whose publish never comes back: killed there, it holds the key and has told nobody.
_STUCK = """
import time
from services.ingest.log import writer as log_writer
log_writer.write = lambda *_: time.sleep(60)
from services.ingest.__main__ import main
main()
"""


def test_a_process_killed_between_claim_and_receipt_blocks_the_key_for_its_lease_alone(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/registers"
    create_topics(settings_for(database_url, broker))
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "GIAINGAN_INGEST_PORT": str(port),
        "GIAINGAN_BUSINESS_DATE": "2022-07-31",
        "GIAINGAN_IDEMPOTENCY_LEASE_SECONDS": "4",
    }
    token = make_token(database_url)
    sent = json.dumps({"projects": [stated.project()]}).encode()

    def start(*command: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "ingest.log").open("ab") as log:
            return subprocess.Popen([sys.executable, *command], env=environment, stdout=log, stderr=log)

    def post(timeout: float = 10) -> tuple[int, str]:
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": "the-same",
        }
        try:
            request = urllib.request.Request(url, sent, headers)
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    stuck = start("-c", _STUCK)
    try:
        wait_until(is_up)
        sender = threading.Thread(target=post)
        sender.start()
        time.sleep(1.5)
    finally:
        stuck.send_signal(signal.SIGKILL)
        stuck.wait()
    sender.join()

    sound = start("-m", "services.ingest")
    try:
        wait_until(is_up)
        answers = [post()]
        wait_until(lambda: answers.append(post()) or answers[-1][0] == 202)  # type: ignore[func-returns-value]
    finally:
        sound.terminate()
        sound.wait(20)
    assert {status for status, _ in answers} <= {409, 202}, answers
    assert json.loads(answers[-1][1])["new"] == 1
