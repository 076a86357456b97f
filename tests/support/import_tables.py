"""The tables of docs/IMPORTS.md, as the profiles have it: ``python -m tests.support.import_tables`` writes
them into the page, between its two marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.ingest.sheets.profiles import profile_files
from services.ingest.sheets.profiles.profile_listing import ListedProfile, ProfileColumn, listed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "IMPORTS.md"
BEGIN, END = "<!-- columns of the profiles -->", "<!-- end of the columns -->"


def tables() -> str:
    """What stands between the marks."""
    profiles = listed(profile_files.load_all(ROOT / "deploy" / "policy").values()).profiles
    return "\n".join(line for profile in profiles for line in _section(profile))


def _section(profile: ListedProfile) -> Iterator[str]:
    yield f"### `{profile.name}`: {profile.label.vi} / {profile.label.en}"
    yield ""
    yield profile.about.vi
    yield profile.about.en
    yield ""
    for fixed in profile.fixed:
        yield f"Fixed: `{fixed.field}` is `{fixed.value}`."
        yield ""
    yield "| column | English | field | needed | takes | if empty | also headed |"
    yield "|---|---|---|---|---|---|---|"
    for column in profile.columns:
        yield f"| {' | '.join(_cells(column))} |"
    yield ""


def _cells(column: ProfileColumn) -> Iterator[str]:
    yield column.header.vi
    yield column.header.en
    yield f"`{column.field}`"
    yield "yes" if column.required else "checked only" if column.only_checked else ""
    yield _takes(column)
    yield f"`{column.default}`" if column.default is not None else ""
    yield ", ".join(column.also)


def _takes(column: ProfileColumn) -> str:
    if column.type != "choice":
        return column.takes.en
    return "; ".join(f"`{choice.value}`: {', '.join(choice.words)}" for choice in column.choices)


def written(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
