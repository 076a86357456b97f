"""Ingest alone as a process, and files sent to it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from deploy.embedded import servers
from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import SERVICES, create_topics, service_environment, wait_until_ready
from tests.support import stated
from tests.support.access import bearer

_ANSWER_SECONDS = 300
_PROJECTS_AT_ONCE = 500


@contextmanager
def running_ingest(
    url: str, broker: servers.Broker, folder: Path, **changes: str
) -> Iterator[ServiceProcess]:
    """Ingest, ready, with ``changes`` to its environment. Its log goes to ``folder``."""
    ports = {name: servers.free_port() for name in SERVICES}
    environment = service_environment(
        database_url=url, bootstrap_servers=broker.bootstrap_servers, ports=ports, is_broker_embedded=True
    )
    create_topics(environment)
    service = ServiceProcess(
        "ingest",
        port=ports["ingest"],
        environment={**environment, **changes},
        log_file=folder / "ingest.log",
    )
    service.start()
    try:
        wait_until_ready([service])
        yield service
    finally:
        service.stop()


def send_file(
    service: ServiceProcess, token: str, file: Path, *, profile: str, source: str
) -> tuple[int, Any]:
    """Status and body of the answer to one file."""
    boundary = uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="source"\r\n\r\n{source}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    )
    body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    content_type = f"multipart/form-data; boundary={boundary}"
    return _send(service, token, f"/v1/imports?profile={profile}", body, content_type)


def register_projects(service: ServiceProcess, token: str, codes: list[str]) -> None:
    """Projects, as an office registers them before it sends money on them."""
    for start in range(0, len(codes), _PROJECTS_AT_ONCE):
        projects = [
            stated.project(project_code=code, starts_on=None)
            for code in codes[start : start + _PROJECTS_AT_ONCE]
        ]
        body = json.dumps({"projects": projects}).encode()
        status, answer = _send(service, token, "/v1/registers", body, "application/json")
        if status != http.HTTPStatus.ACCEPTED:
            raise RuntimeError(f"{status} {answer}")


def _send(service: ServiceProcess, token: str, path: str, body: bytes, content_type: str) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=_ANSWER_SECONDS)) as sender:
        sender.request("POST", path, body, {"Content-Type": content_type, **bearer(token)})
        answer = sender.getresponse()
        return answer.status, json.loads(answer.read())
