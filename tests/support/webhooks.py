"""A receiver of webhooks: a real HTTPS server on loopback, certified by an authority of the tests."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from services.alert.webhooks import sending
from services.alert.webhooks.sender import WebhookSender
from services.alert.webhooks.setup import WebhookSetup
from services.runtime.config import Settings
from services.runtime.postgres import connect, transaction

# Of an installation of the tests; 32 bytes.
INSTALLATION_KEY = base64.b64encode(b"installation key of the tests, 1").decode()
LOOPBACK = "127.0.0.0/8"
SETTINGS: Mapping[str, Any] = {
    "webhook_key": INSTALLATION_KEY,
    "webhook_inside_networks": LOOPBACK,
    "webhook_timeout_seconds": 2.0,
}


@cache
def authority() -> trustme.CA:
    """The tests' certificate authority."""
    return trustme.CA()


def trusting() -> ssl.SSLContext:
    """As the sender's own context, trusting the tests' authority besides."""
    context = sending.tls()
    authority().configure_trust(context)
    return context


def authority_file(folder: Path) -> Path:
    """The authority's certificate as SSL_CERT_FILE takes it."""
    file = folder / "authority.pem"
    authority().cert_pem.write_to_path(str(file))
    return file


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def verified_by(self, secret: str) -> Any:
        """The event, verified by the library of Standard Webhooks. Raises where the signature is not it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: ``raw`` in place of all else, byte by byte where it takes time."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes = b""
    seconds_a_byte: float = 0


class ResetError(Exception):
    """Raised by an answer: the connection is reset."""


Answering = Callable[[Received], Reply]


class Receiver:
    """Answers by ``answering`` and keeps what came, in order."""

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        self.answering: Answering = lambda _: Reply()
        self.received: list[Received] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, body)
                receiver.received.append(received)
                try:
                    receiver._reply(self, receiver.answering(received))
                except ResetError:
                    receiver._reset(self.connection)

            def log_message(self, *_: object) -> None:
                """The test says what matters."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def get_request(self) -> tuple[socket.socket, Any]:
                plain, peer = self.socket.accept()
                # The handshake in the request's own thread.
                return receiver._context.wrap_socket(
                    plain, server_side=True, do_handshake_on_connect=False
                ), peer

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that gives up is no fault here."""

        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert("127.0.0.1", "localhost", host).configure_cert(self._context)
        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [each.message_id for each in self.received]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [each.event for each in self.received]

    def bodies(self) -> Mapping[str, int]:
        """How many different bodies came under each id."""
        return Counter(
            message_id for message_id, _ in {(each.message_id, each.body) for each in self.received}
        )

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        """Listen until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def _reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.raw:
            parts = [bytes([each]) for each in reply.raw] if reply.seconds_a_byte else [reply.raw]
            for part in parts:
                handler.wfile.write(part)
                time.sleep(reply.seconds_a_byte)
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body)

    def _reset(self, connection: socket.socket) -> None:
        # Closed with a linger of nothing: RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        with suppress(OSError):
            connection.close()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens."""
    with Receiver().running() as running:
        yield running


@contextmanager
def sending_loop(settings: Settings, **changes: Any) -> Iterator[WebhookSender]:
    """The sender's loop in a thread of its own."""
    sender = WebhookSender(
        settings, WebhookSetup.of(settings), context=changes.pop("context", None) or trusting(), **changes
    )
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def make(client: FlaskClient, url: str, **fields: Any) -> dict[str, Any]:
    """A webhook by the API, with its secret."""
    answer = client.post("/v1/webhooks", json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def let_time_pass(database_url: str) -> None:
    """What waits for another try, for a lease's end or for a receiver that asked to wait is due now."""
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            cursor.execute("UPDATE alert.webhook_endpoint SET held_until = NULL, leased_until = NULL")
            cursor.execute("UPDATE alert.webhook_delivery SET next_try_at = now() WHERE state = 'pending'")
    finally:
        connection.close()
