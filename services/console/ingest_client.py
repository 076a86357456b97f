"""Sends a file to the import API of ingest as a form, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.console.api_client import JSON, XLSX, Answer, ApiClient

# Bytes sent so far, bytes in all.
OnSent = Callable[[int, int], None]

_IMPORTS = "/v1/imports"
_MEDIA_TYPES = {".csv": "text/csv", ".xlsx": XLSX}
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class OfficeFile:
    """A file, how it is to be read, who states what is in it, and what stands in where it is silent:
    ``budget_year``, ``province_code``, ``as_of``, ``unit``."""

    path: Path
    profile: str
    source: str
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Ingest for files. What is sent may be sent again: event ids make a second sending harmless.

    Every method raises ``RefusedError``, ``NoAnswerError`` or ``OSError`` (file not read). ``on_sent`` is
    told the bytes sent and the bytes in all.
    """

    api: ApiClient

    def send(
        self, file: OfficeFile, *, dry_run: bool = False, on_sent: OnSent | None = None
    ) -> dict[str, Any]:
        """Send one file and return its receipt."""
        receipt: dict[str, Any] = json.loads(
            self._send(file, dry_run=dry_run, on_sent=on_sent, accept=JSON).content
        )
        return receipt

    def marked(self, file: OfficeFile, *, on_sent: OnSent | None = None) -> bytes | None:
        """The workbook that a refused file comes back as, its faulty cells marked; ``None`` where nothing is
        wrong with it. Nothing is accepted."""
        answer = self._send(file, dry_run=True, on_sent=on_sent, accept=XLSX)
        return answer.content if answer.is_refusal else None

    def profiles(self) -> list[dict[str, Any]]:
        """The import profiles that there are."""
        profiles: list[dict[str, Any]] = self.api.get(f"{_IMPORTS}/profiles")["profiles"]
        return profiles

    def template(self, profile: str) -> bytes:
        """The empty workbook of a profile, with a guide."""
        return self.api.fetch(f"{_IMPORTS}/profiles/{profile}/template.xlsx", accept=XLSX).content

    def _send(self, file: OfficeFile, *, dry_run: bool, on_sent: OnSent | None, accept: str) -> Answer:
        upload = _Form.of(file, dry_run=dry_run, on_sent=on_sent)
        query = {"profile": file.profile}
        return self.api.send(_IMPORTS, upload, query=query, accept=accept, may_be_repeated=True)


@dataclass(frozen=True, slots=True)
class _Form:
    """A form with a file, sent piece by piece so that somebody can be told how far it is."""

    body: bytes
    content_type: str
    on_sent: OnSent | None

    @classmethod
    def of(cls, file: OfficeFile, *, dry_run: bool, on_sent: OnSent | None) -> _Form:
        fields = {"source": file.source, "dry_run": "true" if dry_run else "false", **file.defaults}
        return cls(*_multipart(fields, file.path.name, file.path.read_bytes()), on_sent)

    @property
    def length(self) -> int:
        return len(self.body)

    def read(self) -> Iterator[bytes]:
        """The body in pieces, from its beginning."""
        for start in range(0, len(self.body), _PIECE_BYTES):
            yield self.body[start : start + _PIECE_BYTES]
            if self.on_sent:
                self.on_sent(min(start + _PIECE_BYTES, len(self.body)), len(self.body))


def _multipart(fields: Mapping[str, str], file_name: str, content: bytes) -> tuple[bytes, str]:
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
