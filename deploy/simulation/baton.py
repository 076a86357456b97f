"""One thread at a time: who holds the baton runs up to its next step, and the seed decides who is next."""

from __future__ import annotations

import threading
from collections.abc import Callable

_STUCK_SECONDS = 30.0


class StuckError(Exception):
    """A worker did not come to its next step: it waits for something that nobody will give."""


class Runner:
    """A thread that runs only in its turns. ``crashed`` holds what ended it by mistake."""

    def __init__(self, name: str, work: Callable[[Runner], None]) -> None:
        self.name = name
        self.is_done = False
        self.crashed: BaseException | None = None
        self._work = work
        self._mine = threading.Semaphore(0)
        self._theirs = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def turn(self) -> None:
        """Let it run up to its next step. Raises what ended it, or ``StuckError``."""
        if not self._thread.is_alive() and not self.is_done:
            self._thread.start()
        self._mine.release()
        if not self._theirs.acquire(timeout=_STUCK_SECONDS):
            raise StuckError(self.name)
        if self.crashed:
            raise self.crashed

    def step(self) -> None:
        """Called by its own thread where another may run: gives the baton back and waits for its turn."""
        self._theirs.release()
        self._mine.acquire()

    def _run(self) -> None:
        self._mine.acquire()
        try:
            self._work(self)
        except BaseException as error:
            self.crashed = error
        finally:
            self.is_done = True
            self._theirs.release()
