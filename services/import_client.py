"""Sends a file to the import API of ingest, as any client would: multipart, and again where told to wait."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_TIMEOUT_SECONDS = 60.0
_LATER = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)


class RefusedError(Exception):
    """The service refused the file; ``problem`` is its answer (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('title', 'refused')}. {problem.get('detail', '')}".strip())
        self.problem = problem


class NoAnswerError(Exception):
    """The service did not answer, or was not ready for as long as we were told to try."""


def send_file(
    path: Path,
    *,
    profile: str,
    source: str,
    ingest_url: str,
    token: str,
    dry_run: bool = False,
    patience_seconds: float = 60,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Send one file and return its receipt. 503, 429 and a lost connection are tried again: event ids make
    a second sending harmless. Raises ``RefusedError``, ``NoAnswerError`` or ``OSError`` (file not read).
    """
    fields = {"source": source, "dry_run": "true" if dry_run else "false"}
    body, content_type = _multipart(fields, path.name, path.read_bytes())
    request = urllib.request.Request(  # noqa: S310 - the operator gives the URL
        f"{ingest_url.rstrip('/')}/v1/imports?{urllib.parse.urlencode({'profile': profile})}",
        body,
        {"Content-Type": content_type, "Authorization": f"Bearer {token}"},
        method="POST",
    )
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                receipt: dict[str, Any] = json.load(answer)
                return receipt
        except urllib.error.HTTPError as error:
            problem = _problem(error)
            wait_seconds = float(error.headers.get("Retry-After") or 1)
            if error.code not in _LATER:
                raise RefusedError(problem) from error
            reason = problem["title"]
        except (OSError, ValueError) as error:
            reason, wait_seconds = str(getattr(error, "reason", error)), 0.5
        if time.monotonic() + wait_seconds > deadline:
            raise NoAnswerError(f"{ingest_url} does not take the file: {reason}")
        sleep(wait_seconds)


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        problem = json.load(error)
    except (OSError, ValueError):
        problem = None
    return problem if isinstance(problem, dict) and "title" in problem else {"title": str(error)}


def _multipart(fields: dict[str, str], file_name: str, content: bytes) -> tuple[bytes, str]:
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    quoted = file_name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
    media_type = _MEDIA_TYPES.get(Path(file_name).suffix.lower(), "application/octet-stream")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"
