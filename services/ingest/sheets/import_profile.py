"""How a kind of file is read, as policy: header texts, types, words and units, from YAML files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.ingest.sheets.grid import lookup, matching_form
from services.ingest.sheets.numbers import NumberLocale

FieldType = Literal[
    "text", "code", "money", "date", "percent", "integer", "choice", "fund_source", "movement_ref"
]


def _one_group(pattern: str) -> str:
    if re.compile(pattern).groups < 1:
        raise ValueError("the pattern needs a group that holds the value")
    return pattern


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldProfile(_Policy):
    """One field: which headers name it and how its cells are read.

    ``title`` is a pattern for the rows above the header, ``choices`` maps a value to the words for it.
    """

    type: FieldType
    headers: list[str] = Field(min_length=1)
    required: bool = False
    default: str | None = None
    title: Annotated[str, AfterValidator(_one_group)] | None = None
    choices: dict[str, list[str]] = Field(default_factory=dict)


class Unit(_Policy):
    """A unit of money: how many đồng it is, and how it is written (the first word is its name)."""

    minor_units: int = Field(ge=1)
    words: list[str] = Field(min_length=1)

    @property
    def name(self) -> str:
        return self.words[0]


class SharedWords(_Policy):
    """What every kind of file has in common."""

    units: dict[str, Unit]
    unit_title: Annotated[str, AfterValidator(_one_group)]
    total_labels: list[str]
    subtotal_labels: list[str]
    ignored_headers: list[str]


class ImportProfile(_Policy):
    """How one kind of file is read. ``key`` is the field without which a row is no item."""

    kind: str
    number_locale: NumberLocale = "vi"
    default_unit: str
    key: str
    fields: dict[str, FieldProfile]
    shared: SharedWords

    def unit(self, word: str) -> Unit | None:
        """The unit that ``word`` (any spelling, or its code) stands for."""
        code = lookup({code: unit.words for code, unit in self.shared.units.items()}).get(matching_form(word))
        return self.shared.units[code] if code else None

    @property
    def money_fields(self) -> list[str]:
        return [name for name, field in self.fields.items() if field.type == "money"]


def load(policy_dir: Path, kind: str) -> ImportProfile:
    """The profile of ``kind`` (a file ``import/{kind}.yaml``), its fund sources filled in as choices.

    Raises ``FileNotFoundError`` for an unknown kind, ``pydantic.ValidationError`` for a wrong profile.
    """
    stated = _yaml(policy_dir / "import" / f"{kind}.yaml")
    words = {
        code: [names["vi"], names["en"], *names.get("also", [])]
        for code, names in _yaml(policy_dir / "fund_sources.yaml").items()
    }
    for field in stated["fields"].values():
        if field.get("type") == "fund_source":
            field["choices"] = words
    return ImportProfile.model_validate(
        stated | {"shared": _yaml(policy_dir / "import" / "shared" / "words.yaml")}
    )


def _yaml(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document
