"""Asks the services' HTTP APIs, as any client would: with a token, and again where told to come later."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from services.console.languages import in_two_languages

JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# A file may be read for two minutes, and marked for as long.
_TIMEOUT_SECONDS = 300.0
_LATER = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
_IN_VIETNAMESE = {
    HTTPStatus.UNAUTHORIZED: "mã truy cập không dùng được",
    HTTPStatus.FORBIDDEN: "mã truy cập không được phép làm việc này",
    HTTPStatus.NOT_FOUND: "không tìm thấy",
    HTTPStatus.CONFLICT: "trái với điều đã ghi",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "quá lớn",
    HTTPStatus.UNPROCESSABLE_ENTITY: "nội dung có lỗi",
}


class RefusedError(Exception):
    """The service refused; ``problem`` is its answer (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(_told(problem))
        self.problem = problem


class NoAnswerError(Exception):
    """The service did not answer, or was not ready for as long as we were told to try."""


class Upload(Protocol):
    """A body that can be sent more than once."""

    @property
    def content_type(self) -> str: ...
    @property
    def length(self) -> int: ...
    def read(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class _JsonBody:
    body: bytes
    content_type: str = JSON

    @property
    def length(self) -> int:
        return len(self.body)

    def read(self) -> Iterator[bytes]:
        yield self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``is_refusal`` for a refusal that is no problem but the kind of file asked for."""

    content: bytes
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One service, asked again for so many seconds while it says later (503, 429, with Retry-After).

    A lost connection is tried again where the request may be repeated. Every method raises ``RefusedError``
    or ``NoAnswerError``.
    """

    url: str
    token: str
    patience_seconds: float = 10
    sleep: Callable[[float], None] = time.sleep

    def get(self, path: str, query: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The JSON answer to a question; query values that are ``None`` are left out."""
        return self._json(self.fetch(path, query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer to something that is to be done, once."""
        upload = None if body is None else _JsonBody(json.dumps(body).encode())
        return self._json(self._ask("POST", path, upload, JSON, may_be_repeated=False))

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to what is to be changed; changed twice, it is the same."""
        upload = _JsonBody(json.dumps(body).encode())
        return self._json(self._ask("PATCH", path, upload, JSON, may_be_repeated=True))

    def delete(self, path: str) -> dict[str, Any]:
        """The JSON answer to what is to be there no more."""
        return self._json(self._ask("DELETE", path, None, JSON, may_be_repeated=False))

    def fetch(self, path: str, query: Mapping[str, object] | None = None, *, accept: str = JSON) -> Answer:
        """The answer to a question, as it is."""
        return self._ask("GET", f"{path}{_query(query)}", None, accept, may_be_repeated=True)

    def send(
        self,
        path: str,
        upload: Upload,
        *,
        query: Mapping[str, object] | None = None,
        accept: str = JSON,
        may_be_repeated: bool,
    ) -> Answer:
        """The answer to a body."""
        return self._ask("POST", f"{path}{_query(query)}", upload, accept, may_be_repeated=may_be_repeated)

    def _ask(
        self, method: str, path: str, upload: Upload | None, accept: str, *, may_be_repeated: bool
    ) -> Answer:
        deadline = time.monotonic() + self.patience_seconds
        while True:
            request = self._request(method, path, upload, accept)
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                    return Answer(answer.read())
            except urllib.error.HTTPError as error:
                if error.headers.get_content_type() == accept != JSON:
                    return Answer(error.read(), is_refusal=True)
                problem = _problem(error)
                if error.code not in _LATER:
                    raise RefusedError(problem) from error
                reason, wait_seconds = f"bận / busy: {problem['title']}", _retry_after(error)
            except (OSError, ValueError, HTTPException) as error:
                cause = getattr(error, "reason", error)
                if not may_be_repeated and not isinstance(cause, ConnectionRefusedError):
                    raise self._no_answer(_in_words(cause)) from error
                reason, wait_seconds = _in_words(cause), 0.5
            if time.monotonic() + wait_seconds > deadline:
                raise self._no_answer(reason)
            self.sleep(wait_seconds)

    def _request(self, method: str, path: str, upload: Upload | None, accept: str) -> urllib.request.Request:
        if not _is_address(self.url):
            raise NoAnswerError(f"{self.url}: không phải địa chỉ http:// / is no http:// address")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        url = f"{self.url.rstrip('/')}{path}"
        if upload is None:
            # The operator gives the URL.
            return urllib.request.Request(url, headers=headers, method=method)  # noqa: S310
        headers |= {"Content-Type": upload.content_type, "Content-Length": str(upload.length)}
        return urllib.request.Request(url, upload.read(), headers, method=method)  # noqa: S310

    def _json(self, answer: Answer) -> dict[str, Any]:
        try:
            found = json.loads(answer.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._no_answer("trả lời không phải JSON / what it says is no JSON")
        return found

    def _no_answer(self, reason: str) -> NoAnswerError:
        return NoAnswerError(
            f"{self.url} không trả lời / does not answer: {reason}\n"
            "Chạy make run, hoặc cho địa chỉ khác bằng --url. / Start it (make run), or name another address "
            "with --url."
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _query(query: Mapping[str, object] | None) -> str:
    asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
    return f"?{asked}" if asked else ""


def _told(problem: Mapping[str, Any]) -> str:
    """Title and detail, Vietnamese first; a title in English alone gets what its status means."""
    halves = [in_two_languages(str(problem.get(name) or "")) for name in ("title", "detail")]
    vietnamese, english = (
        ". ".join(half.rstrip(".") for half in side if half) for side in zip(*halves, strict=True)
    )
    if vietnamese != english and halves[0][0] != halves[0][1]:
        return f"{vietnamese}. / {english}."
    why = _IN_VIETNAMESE.get(problem.get("status", 0), "dịch vụ không nhận")
    detail = f". {halves[1][0].rstrip('.')}" if halves[1][0] != halves[1][1] else ""
    return f"Bị từ chối: {why}{detail} / refused: {english}."


def _retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds. A proxy may name a moment instead; then a second will do."""
    named = error.headers.get("Retry-After") or ""
    return float(named) if named.isascii() and named.isdecimal() else 1.0


def _in_words(cause: object) -> str:
    match cause:
        case ConnectionRefusedError():
            return "không có dịch vụ nào ở địa chỉ này / connection refused, nothing listens there"
        case TimeoutError():
            return "quá thời gian chờ / it took too long"
        case socket.gaierror():
            return "không có máy tên như vậy / there is no host of that name"
        case ConnectionError() | HTTPException():
            return "kết nối bị ngắt / the connection was lost"
        case _:
            return f"lỗi kết nối / no connection: {cause}"


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        problem = json.load(error)
    except (OSError, ValueError, HTTPException):
        problem = None
    if isinstance(problem, dict) and "title" in problem:
        return problem
    return {"title": str(error), "status": error.code}
