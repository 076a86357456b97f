"""What every process that the stack starts has in common."""

from __future__ import annotations

import signal
import subprocess


class Child:
    """A process of ours, before, while and after it runs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def kill(self) -> None:
        """SIGKILL, as a fault would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
