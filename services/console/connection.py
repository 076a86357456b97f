"""What every command that asks a service has in common: its address, its token, its patience."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from services.console.api_client import ApiClient, NoAnswerError, RefusedError
from services.console.printing import print_faults

_DEFAULT_PORTS = {"ingest": 8081, "aggregation": 8082, "alert": 8083}

_TOKEN_FILE = click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tệp chứa mã truy cập; nếu không: GIAINGAN_TOKEN, rồi tệp token trong thư mục trạng thái. / "
    "File with the API token; else GIAINGAN_TOKEN, then the file token of the state folder.",
)
_URL = click.option(
    "--url",
    default=None,
    help="Địa chỉ dịch vụ; mặc định: hệ thống make run đang chạy. / Where the service answers; default: the "
    "stack that runs here.",
)
_WAIT = click.option(
    "--wait",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Số giây thử lại khi dịch vụ chưa sẵn sàng. / Seconds to try while the service is not ready.",
)


def asks_a_service(command: Callable[..., None]) -> Callable[..., None]:
    """The options --url, --token-file and --wait."""
    return _URL(_TOKEN_FILE(_WAIT(command)))


@contextmanager
def service(name: str, *, url: str | None, token_file: Path | None, wait: float) -> Iterator[ApiClient]:
    """The service by name; what it refuses ends the command in words."""
    with said():
        yield ApiClient(url or url_of(name), sent_token(token_file), patience_seconds=wait)


@contextmanager
def said() -> Iterator[None]:
    """A refusal, with every fault, and a service that does not answer end the command in words."""
    try:
        yield
    except RefusedError as error:
        print_faults(error.problem)
        raise click.ClickException(str(error)) from error
    except (NoAnswerError, OSError) as error:
        raise click.ClickException(_in_words(error)) from error


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: không đọc hoặc ghi được / cannot be read or written: {error.strerror}"
    return str(error)


def url_of(service_name: str) -> str:
    """Where the service of the stack that runs here answers, else its usual place."""
    usual = f"http://127.0.0.1:{_DEFAULT_PORTS[service_name]}"
    try:
        urls: Any = json.loads((state_dir() / "urls.json").read_text(encoding="utf-8"))
        return str(urls[service_name])
    except (OSError, ValueError, KeyError, TypeError):
        return usual


def sent_token(token_file: Path | None) -> str:
    """The token that a client command sends. Raises ``click.ClickException`` where there is none."""
    if token_file is None and (given := os.environ.get("GIAINGAN_TOKEN", "").strip()):
        return given
    file = token_file or state_dir() / "token"
    try:
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"Thiếu mã truy cập: đặt biến GIAINGAN_TOKEN hoặc --token-file ({file}: không đọc được) / "
            f"no API token: set GIAINGAN_TOKEN, or give --token-file ({file} cannot be read: "
            f"{getattr(error, 'strerror', None) or 'not ASCII'})"
        ) from error
    if not secret:
        raise click.ClickException(f"Tệp {file} trống / the file {file} is empty")
    return secret


def database_url() -> str:
    """``DATABASE_URL``, else the database of the stack that runs here. Raises ``click.ClickException``."""
    if set_by_operator := os.environ.get("DATABASE_URL"):
        return set_by_operator
    servers = importlib.import_module("deploy.embedded.servers")
    url: str | None = servers.running_url(state_dir() / "postgres", "giaingan")
    if url is None:
        raise click.ClickException(
            f"chưa đặt DATABASE_URL, và không có hệ thống nào chạy từ {state_dir()} / "
            f"DATABASE_URL is not set (docs/SETTINGS.md), and no stack runs from {state_dir()}"
        )
    return url


def state_dir() -> Path:
    """Where the stack keeps its state."""
    return Path(os.environ.get("GIAINGAN_STATE_DIR") or ".giaingan")
