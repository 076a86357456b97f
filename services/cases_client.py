"""Asks aggregation's API for cases and tells it decisions, as any client would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from services.import_client import NoAnswerError, RefusedError

_TIMEOUT_SECONDS = 60.0


class CasesClient:
    """Every call raises ``RefusedError`` with the problem, or ``NoAnswerError``."""

    def __init__(self, url: str, *, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def get(self, path: str, query: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The answer to a question; query values that are ``None`` are left out."""
        asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        return self._send("GET", f"{path}?{asked}" if asked else path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a decision."""
        return self._send("POST", path, None if body is None else json.dumps(body).encode())

    def _send(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self._url}{path}", body, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise RefusedError(_problem(error)) from error
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"{self._url}: {getattr(error, 'reason', error)}") from error


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        problem = json.load(error)
    except (OSError, ValueError):
        problem = None
    return problem if isinstance(problem, dict) and "title" in problem else {"title": str(error)}
