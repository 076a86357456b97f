"""Asks aggregation for the evidence behind a subject, with the token of whoever asks us."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from flask import request

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 8 * 1024 * 1024


class NoEvidenceError(Exception):
    """Aggregation does not answer, or not with evidence; the message says why."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that the operator set, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


@dataclass(frozen=True, slots=True)
class EvidenceOf:
    """Of which subject, day and instant of knowledge."""

    subject_type: str
    subject_code: str
    budget_year: int
    as_of: str
    known_at: str

    def path(self, *, limit: int, cursor: str | None = None) -> str:
        """The path and query that aggregation answers."""
        asked = {
            "as_of": self.as_of,
            "known_at": self.known_at,
            "budget_year": self.budget_year,
            "limit": limit,
            "cursor": cursor,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/v1/subjects/{self.subject_type}/{quote(self.subject_code)}/evidence?{query}"


def ask(url: str, path: str) -> dict[str, Any]:
    """The JSON answer, for the caller of the request at hand. Raises ``NoEvidenceError``."""
    sent = request.authorization
    token = (sent.token or sent.password or "") if sent else ""
    asked = urllib.request.Request(  # noqa: S310 - the operator gives the address
        f"{url.rstrip('/')}{path}", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
    )
    try:
        with _OPENER.open(asked, timeout=_TIMEOUT_SECONDS) as answer:
            body = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise NoEvidenceError(f"{error.code} {error.read(2_000).decode(errors='replace')}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise NoEvidenceError(str(error)) from error
    if len(body) > _MOST_BYTES:
        raise NoEvidenceError("the answer is too large")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise NoEvidenceError("the answer is no JSON") from error
    if not isinstance(found, dict):
        raise NoEvidenceError("the answer is no object")
    return found
