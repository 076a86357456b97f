"""A way to the brokers that a test can block or cut: proxies where the cluster tells such clients to find
them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.chaos.half_open import hear_nothing_more

_BYTES = 65_536


class Detour:
    """Passes bytes on; what the brokers answer is swallowed while ``answers_are_lost``."""

    def __init__(self, ports: Mapping[int, int]) -> None:
        """``ports``: where to listen, and the broker's port behind it."""
        self.answers_are_lost = threading.Event()
        self._listening = [(socket.create_server(("127.0.0.1", by)), port) for by, port in ports.items()]
        self._open: list[socket.socket] = []
        self._silent: set[socket.socket] = set()

    @contextmanager
    def running(self) -> Iterator[Detour]:
        for listener, port in self._listening:
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()
        try:
            yield self
        finally:
            for each in [*(listener for listener, _ in self._listening), *self._open]:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def go_silent(self) -> None:
        """What is open now becomes half-open to the clients, and idle to the brokers; new ones are sound."""
        self._silent = set(self._open)
        # A client stands before its broker.
        for client in self._open[::2]:
            with suppress(OSError):
                hear_nothing_more(client)

    def _accept(self, listener: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                broker = socket.create_connection(("127.0.0.1", port))
                self._open += [client, broker]
                for source, sink, is_answer in ((client, broker, False), (broker, client, True)):
                    threading.Thread(target=self._pass, args=(source, sink, is_answer), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while passed := source.recv(_BYTES):
                # What follows an answer that was cut would be read as something else: the rest is lost too.
                if is_answer and self.answers_are_lost.is_set():
                    while source.recv(_BYTES):
                        pass
                    break
                if sink not in self._silent:
                    sink.sendall(passed)
        if source in self._silent:
            return
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
