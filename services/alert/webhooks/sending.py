"""Sends one message to one address: the checked one, over TLS by its name, without redirections, in bounded
time and memory.

The standard library's own HTTP, on a socket of ours: which address is connected to is ours to say, and a
receiver that sends a byte now and then is given up when its time is over.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.alert.webhook_address import WebhookAddress

_CONNECT_SECONDS = 5.0
# Of an answer, so much is read and kept for the log; what follows is not asked for.
_MOST_ANSWER = 1_000


class NoAnswerError(Exception):
    """Nothing was answered, or no HTTP; the text says why, in Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered. ``start``: the beginning of the body."""

    status: int
    retry_after: str
    start: str


def tls() -> ssl.SSLContext:
    """Certificates are verified by the system's authorities (SSL_CERT_FILE names others)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def post(
    address: WebhookAddress,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_seconds: float,
    context: ssl.SSLContext,
) -> Answer:
    """POST to the address. Raises ``NoAnswerError``."""
    deadline = time.monotonic() + timeout_seconds
    try:
        plain = _connected(address, deadline)
        with plain, context.wrap_socket(plain, server_hostname=address.host) as secured:
            return _answer(secured, _request(address, body, headers), deadline)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(
            f"chứng chỉ TLS không hợp lệ / the certificate is not valid: {error.verify_message}"
        ) from error
    except TimeoutError as error:
        raise NoAnswerError(
            f"không trả lời trong {timeout_seconds:g} giây / no answer within {timeout_seconds:g} s"
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(
            f"không kết nối hoặc không phải HTTP / no connection, or no HTTP: {type(error).__name__}"
        ) from error


def _connected(address: WebhookAddress, deadline: float) -> socket.socket:
    """A connection to the first of the checked addresses that takes one. Raises ``OSError``."""
    failed: OSError = OSError("no address")
    for each in address.addresses:
        try:
            seconds = min(_CONNECT_SECONDS, _remaining(deadline))
            connection = socket.create_connection((str(each), address.port), timeout=seconds)
        except OSError as error:
            failed = error
            continue
        # What is sent and the handshake are bounded by it too.
        connection.settimeout(_remaining(deadline))
        return connection
    raise failed


def _request(address: WebhookAddress, body: bytes, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(address.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {host}" if parts.port is None else f"Host: {host}:{address.port}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
        "User-Agent: giaingan",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _answer(secured: ssl.SSLSocket, request: bytes, deadline: float) -> Answer:
    secured.sendall(request)
    response = http.client.HTTPResponse(_Bounded(secured, deadline), method="POST")  # type: ignore[arg-type]
    response.begin()
    try:
        start = response.read(_MOST_ANSWER)
    except (OSError, http.client.HTTPException):
        # The status is the answer; the body is for whoever reads the log.
        start = b""
    # PostgreSQL takes no NUL, and a screen no control characters.
    text = "".join(each if each.isprintable() else " " for each in start.decode(errors="replace"))
    return Answer(response.status, response.headers.get("Retry-After", ""), text.strip())


class _Bounded:
    """A socket as ``HTTPResponse`` takes it, whose every read ends at the deadline."""

    def __init__(self, secured: ssl.SSLSocket, deadline: float) -> None:
        self._reader = io.BufferedReader(_Reader(secured, deadline))

    def makefile(self, _mode: str) -> io.BufferedIOBase:
        return self._reader


class _Reader(io.RawIOBase):
    def __init__(self, secured: ssl.SSLSocket, deadline: float) -> None:
        self._secured = secured
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._secured.settimeout(_remaining(self._deadline))
        return self._secured.recv_into(buffer)


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time is over")
    return seconds
