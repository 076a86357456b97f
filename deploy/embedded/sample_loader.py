"""Sends the sample through the public API, file by file, like anybody's data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.console.api_client import ApiClient, NoAnswerError, RefusedError
from services.console.ingest_client import Ingest, OfficeFile

_SAMPLE = Path(__file__).resolve().parents[1] / "sample"
_FAULTS_SHOWN = 10
_PATIENCE_SECONDS = 60.0


class SampleError(Exception):
    """The sample could not be loaded; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the receipts of all files say together."""

    new: int
    duplicate: int
    conflicting: int


def read_manifest(folder: Path = _SAMPLE) -> list[OfficeFile]:
    """The files of the sample in the order in which they are sent. Raises ``SampleError``."""
    manifest = folder / "manifest.yaml"
    try:
        rows: list[dict[str, Any]] = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        return [OfficeFile(folder / row["file"], row["profile"], row["source"]) for row in rows]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SampleError(f"{manifest}: không đọc được / cannot be read: {error!r}") from error


def load(
    *,
    ingest_url: str,
    token: str,
    console: Console,
    folder: Path = _SAMPLE,
    patience_seconds: float = _PATIENCE_SECONDS,
) -> Loaded:
    """Send every file of the sample and say what each receipt says. Raises ``SampleError``."""
    files = read_manifest(folder)
    ingest = Ingest(ApiClient(ingest_url, token, patience_seconds=patience_seconds))
    receipts = []
    columns = (TextColumn("  nạp dữ liệu mẫu / loading the sample"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for file in progress.track(files):
            receipt = _send(file, ingest)
            receipts.append(receipt)
            progress.console.print(f"  {file.path.name}: {_counts(receipt)}", highlight=False)
    return Loaded(
        new=sum(receipt["new"] for receipt in receipts),
        duplicate=sum(receipt["duplicate"] for receipt in receipts),
        conflicting=sum(receipt["conflicting"] for receipt in receipts),
    )


def _send(file: OfficeFile, ingest: Ingest) -> dict[str, Any]:
    try:
        return ingest.send(file)
    except RefusedError as error:
        faults = error.problem.get("errors") or []
        lines = [f"  {fault['where']}: {fault['detail']}" for fault in faults[:_FAULTS_SHOWN]]
        raise SampleError("\n".join([f"{file.path.name}: {error}", *lines])) from error
    except (NoAnswerError, OSError) as error:
        raise SampleError(f"{file.path.name}: chưa gửi được / was not sent: {error}") from error


def _counts(receipt: dict[str, Any]) -> str:
    text = f"mới / new {receipt['new']}, đã có / there already {receipt['duplicate']}"
    return f"{text}, mâu thuẫn / conflicting {receipt['conflicting']}" if receipt["conflicting"] else text
