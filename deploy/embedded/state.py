"""The folder of the embedded stack: one stack at a time holds it, and its processes are written down in
it, so that a stack which was killed leaves nothing behind that the next start cannot end."""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from deploy.embedded.servers import running_postmaster

_STOP_SECONDS = 10.0


class StackError(Exception):
    """The stack cannot do it; the text tells the operator why and what to do."""


class StateFolder:
    """``postgres/`` (the data folder), ``logs/``, ``token``, ``webhook-key``, ``urls.json``,
    ``processes.json`` and the lock of the running stack."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        # The admin's API token, for this user's eyes only.
        self.token = self.path / "token"
        # What the secrets of webhooks follow from.
        self.webhook_key = self.path / "webhook-key"
        # Where the services answer while the stack runs; the client commands read it.
        self.urls = self.path / "urls.json"
        self._processes = self.path / "processes.json"
        # Written when PostgreSQL first ran: without it the data folder was never finished.
        self._postgres_made = self.path / "postgres.made"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, made on first use. Raises ``StackError`` where another stack holds it.

        The operating system lets go when the process ends, however it ends.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    f"hệ thống đang chạy từ {self.path}: dừng nó trước (Ctrl-C) / "
                    f"a stack is running from {self.path}: stop it first (Ctrl-C where it runs)"
                ) from None
            yield

    def tell_urls(self, urls: Mapping[str, str]) -> None:
        """Write down where the services answer, by name."""
        _write(self.urls, dict(urls))

    def forget_urls(self) -> None:
        """They answer no more."""
        self.urls.unlink(missing_ok=True)

    # --- processes ---------------------------------------------------------------------------

    def record(self, pids: Mapping[str, int]) -> None:
        """Write down the processes that run now, by name."""
        rows = []
        for name, pid in pids.items():
            try:
                process = psutil.Process(pid)
                rows.append(
                    {
                        "name": name,
                        "pid": pid,
                        "started": process.create_time(),
                        "command": process.cmdline(),
                    }
                )
            except psutil.NoSuchProcess:
                continue
        _write(self._processes, rows)

    def end_leftovers(self) -> list[str]:
        """End the processes that a killed stack left running; returns their names.

        Only where the process that has the number now is the one written down: same start, same
        command line.
        """
        leftovers = self._recorded_and_running()
        for process in leftovers.values():
            process.terminate()
        _, alive = psutil.wait_procs(list(leftovers.values()), timeout=_STOP_SECONDS)
        for process in alive:
            process.kill()
        self._processes.unlink(missing_ok=True)
        return list(leftovers)

    def _recorded_and_running(self) -> dict[str, psutil.Process]:
        try:
            rows = json.loads(self._processes.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StackError(f"{self._processes}: không đọc được / cannot be read: {error}") from error
        found = {}
        for row in rows:
            try:
                process = psutil.Process(row["pid"])
                same = (process.create_time(), process.cmdline()) == (row["started"], row["command"])
            except psutil.NoSuchProcess:
                continue
            if same and process.status() != psutil.STATUS_ZOMBIE:
                found[row["name"]] = process
        return found

    # --- PostgreSQL's data folder --------------------------------------------------------------

    def prepare_postgres(self) -> None:
        """Delete a data folder whose making was interrupted: PostgreSQL would not start on it."""
        if self.postgres.exists() and not self._postgres_made.exists():
            shutil.rmtree(self.postgres)
        # Who holds the folder's lock is the only user: the package would wait for dead ones.
        (self.postgres / ".handle_pids.json").unlink(missing_ok=True)

    def mark_postgres_made(self) -> None:
        """PostgreSQL runs on the data folder: it is whole."""
        self._postgres_made.touch()


def _write(file: Path, content: object) -> None:
    """Never half there for who reads it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
    fresh.replace(file)


def delete(path: Path) -> bool:
    """Delete the state folder; ``False`` where there is none.

    Raises ``StackError`` while a stack runs from it, or where the folder is not one of ours.
    """
    state = StateFolder(path)
    if not state.path.exists():
        return False
    if any(state.path.iterdir()) and not (state.path / "lock").exists():
        raise StackError(
            f"{state.path}: không phải thư mục trạng thái / is not a state folder of this project: "
            "nothing was deleted"
        )
    with state.held():
        state.end_leftovers()
        end_postgres(state.postgres)
        shutil.rmtree(state.path)
    return True


def end_postgres(folder: Path) -> None:
    """Stop a PostgreSQL that a killed stack left running on the data folder."""
    process = running_postmaster(folder)
    if process is None:
        return
    # SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(timeout=_STOP_SECONDS)
