"""Sends a file to the import API of ingest, as any client would: multipart, and again where told to wait."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Bytes sent so far, bytes in all.
OnSent = Callable[[int, int], None]

_MEDIA_TYPES = {".csv": "text/csv", ".xlsx": XLSX}
# A file may be read for a minute, and marked for another.
_TIMEOUT_SECONDS = 300.0
_PIECE_BYTES = 1 << 16
_LATER = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)


class RefusedError(Exception):
    """The service refused the file; ``problem`` is its answer (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('title', 'refused')}. {problem.get('detail', '')}".strip())
        self.problem = problem


class NoAnswerError(Exception):
    """The service did not answer, or was not ready for as long as we were told to try."""


@dataclass(frozen=True, slots=True)
class OfficeFile:
    """A file, how it is to be read, and who states what is in it."""

    path: Path
    profile: str
    source: str


class _WorkbookError(Exception):
    """A refusal that is a workbook."""

    def __init__(self, content: bytes) -> None:
        super().__init__("refused, with the faults marked")
        self.content = content


@dataclass(frozen=True, slots=True)
class Ingest:
    """One ingest, asked again for so many seconds while it says later.

    503, 429 and a lost connection are tried again: event ids make a second sending harmless. Every method
    raises ``RefusedError``, ``NoAnswerError`` or ``OSError`` (file not read). ``on_sent`` is told the bytes
    sent and the bytes in all.
    """

    url: str
    token: str
    patience_seconds: float = 60
    sleep: Callable[[float], None] = time.sleep

    def send(
        self, file: OfficeFile, *, dry_run: bool = False, on_sent: OnSent | None = None
    ) -> dict[str, Any]:
        """Send one file and return its receipt."""
        upload = _Upload.of(file, dry_run=dry_run, on_sent=on_sent)
        receipt: dict[str, Any] = json.loads(self._answer(_imports(file), upload=upload))
        return receipt

    def marked(self, file: OfficeFile, *, on_sent: OnSent | None = None) -> bytes | None:
        """The workbook that a refused file comes back as, its faulty cells marked; ``None`` where nothing is
        wrong with it. Nothing is accepted."""
        upload = _Upload.of(file, dry_run=True, on_sent=on_sent)
        try:
            self._answer(_imports(file), upload=upload, accept=XLSX)
        except _WorkbookError as answered:
            return answered.content
        return None

    def profiles(self) -> list[dict[str, Any]]:
        """The import profiles that there are."""
        profiles: list[dict[str, Any]] = json.loads(self._answer("/v1/imports/profiles"))["profiles"]
        return profiles

    def _answer(self, path: str, *, upload: _Upload | None = None, accept: str = "application/json") -> bytes:
        deadline = time.monotonic() + self.patience_seconds
        while True:
            request = self._request(path, upload, accept)
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                if error.headers.get_content_type() == XLSX:
                    raise _WorkbookError(error.read()) from error
                problem = _problem(error)
                wait_seconds = float(error.headers.get("Retry-After") or 1)
                if error.code not in _LATER:
                    raise RefusedError(problem) from error
                reason = problem["title"]
            except (OSError, ValueError) as error:
                reason, wait_seconds = str(getattr(error, "reason", error)), 0.5
            if time.monotonic() + wait_seconds > deadline:
                raise NoAnswerError(f"{self.url} does not take the file: {reason}")
            self.sleep(wait_seconds)

    def _request(self, path: str, upload: _Upload | None, accept: str) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        url = f"{self.url.rstrip('/')}{path}"
        if upload is None:
            return urllib.request.Request(url, headers=headers)  # noqa: S310 - the operator gives the URL
        headers |= {"Content-Type": upload.content_type, "Content-Length": str(len(upload.body))}
        return urllib.request.Request(url, upload.read(), headers, method="POST")  # noqa: S310


def _imports(file: OfficeFile) -> str:
    return f"/v1/imports?{urllib.parse.urlencode({'profile': file.profile})}"


@dataclass(frozen=True, slots=True)
class _Upload:
    """A form with a file, sent piece by piece so that somebody can be told how far it is."""

    body: bytes
    content_type: str
    on_sent: OnSent | None

    @classmethod
    def of(cls, file: OfficeFile, *, dry_run: bool, on_sent: OnSent | None) -> _Upload:
        fields = {"source": file.source, "dry_run": "true" if dry_run else "false"}
        return cls(*_multipart(fields, file.path.name, file.path.read_bytes()), on_sent)

    def read(self) -> Iterator[bytes]:
        """The body in pieces, from its beginning."""
        for start in range(0, len(self.body), _PIECE_BYTES):
            yield self.body[start : start + _PIECE_BYTES]
            if self.on_sent:
                self.on_sent(min(start + _PIECE_BYTES, len(self.body)), len(self.body))


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
