"""What the commands show: lines that 80 columns hold, Vietnamese first, money and days as written there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from services.console.languages import in_two_languages
from services.runtime.clock import VIETNAM
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError
from services.runtime.fund_sources import FundSourceNames

_LINE = 80
_LABEL = 28


def plain_console(*, stderr: bool = False) -> Console:
    """A console that shows texts of others as they are: "[x]" in a file is no colour."""
    return Console(stderr=stderr, markup=False, highlight=False)


def print_json(value: Any) -> None:
    """The API's answer as it is."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_labelled(rows: Iterable[tuple[str, str]]) -> None:
    """A line for each label and value; a value too long for it has its own line, unbroken."""
    console = plain_console()
    for label, value in rows:
        is_short = _LABEL + len(value) <= _LINE and len(label) < _LABEL
        console.print(f"{label:<{_LABEL}}{value}" if is_short else f"{label}\n  {value}", soft_wrap=True)


def print_faults(problem: Mapping[str, Any]) -> None:
    """Every fault, place by place, once in each language: what was read, why, how to mend it."""
    places: dict[str, list[Mapping[str, Any]]] = {}
    for fault in problem.get("errors") or []:
        places.setdefault(str(fault.get("where", "")), []).append(fault)
    console = plain_console(stderr=True)
    for where, faults in places.items():
        told = []
        for language in (0, 1):
            lines = [in_two_languages(where)[language], *(_fault(fault, language) for fault in faults)]
            if lines not in told:
                told.append(lines)
        for lines in told:
            # A terminal gets whole words; a file gets whole lines, to be searched.
            console.print("\n  ".join(lines), soft_wrap=not console.is_terminal)


def _fault(fault: Mapping[str, Any], language: int) -> str:
    texts = (str(fault.get(name) or "") for name in ("detail", "mend"))
    read = [f"«{fault['read']}»"] if fault.get("read") else []
    words = [*read, *(in_two_languages(text)[language] for text in texts if text)]
    code = f" [{fault['code']}]" if fault.get("code") else ""
    return f"{' → '.join(words)}{code}"


def amount(minor_units: int) -> str:
    """Whole đồng the Vietnamese way: 1.234.567. Only đồng are kept, which have no parts."""
    return f"{minor_units:,d}".replace(",", ".")


def day(iso: str) -> str:
    """31/05/2022; a text that is no day, as it is."""
    try:
        return f"{datetime.fromisoformat(iso):%d/%m/%Y}"
    except ValueError:
        return iso


def moment(iso: str) -> str:
    """A moment in Vietnam to the minute, with its offset; a text that is none, as it is."""
    try:
        return minute(datetime.fromisoformat(iso))
    except ValueError:
        return iso


def minute(at: datetime | None) -> str:
    """``2022-05-31 08:00 +07:00``; a dash for none."""
    return f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M} +07:00" if at else "-"


def fund_source(code: str) -> str:
    """The policy's Vietnamese name with the code; the code alone where the policy has none."""
    name = _fund_sources().in_language(code, "vi")
    return code if name == code else f"{name} ({code})"


@cache
def _fund_sources() -> FundSourceNames:
    given = os.environ.get("GIAINGAN_POLICY_DIR")
    folder: Path = Path(given) if given else Settings.model_fields["policy_dir"].default
    try:
        return FundSourceNames.load(folder)
    except StopServiceError:
        # A client elsewhere may have no policy: the code is what the service knows it by.
        return FundSourceNames({})
