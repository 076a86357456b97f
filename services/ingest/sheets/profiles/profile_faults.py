"""What is wrong with a profile that is sound key by key: names that do not fit together, values that do
not read. Found when the service starts, so that no officer's upload meets it."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.profiles.import_profile import ImportProfile
from services.ingest.sheets.profiles.profile_expansion import FUND_SOURCE
from services.ingest.sheets.row_items import ROW_KINDS


def faults_of(profile: ImportProfile) -> Iterator[str]:
    """Each as ``key: what is wrong``."""
    unit = profile.unit(profile.default_unit)
    if unit is None:
        yield f"default_unit: {profile.default_unit!r} is not among the units of shared/words.yaml"
    unstated = profile.unit_if_unstated
    if unstated is not None and profile.unit(unstated) is None:
        yield f"unit_if_unstated: {unstated!r} is not among the units of shared/words.yaml"
    yield from _names(profile)
    yield from _fields(profile)
    if profile.by_fund_source is not None and FUND_SOURCE not in profile.fields:
        yield f"by_fund_source: there is no field {FUND_SOURCE}"
    if (profile.months is not None) != (profile.kind == "monthly-schedule"):
        yield "months: belongs to kind monthly-schedule, and to no other"
    if unit is not None:
        cells = CellReader(profile, source="profile")
        for name, field in profile.fields.items():
            stated = {"default": field.default, "fixed": field.fixed, "example": field.example or None}
            for key, text in stated.items():
                if text is None:
                    continue
                try:
                    cells.read(name, text, unit=unit)
                except CellFaultError as error:
                    yield f"fields.{name}.{key}: {text!r} does not read ({error.code})"


def _names(profile: ImportProfile) -> Iterator[str]:
    """Keys that name fields: there must be such a field, and for sums one of money."""
    if profile.key not in profile.fields:
        yield f"key: there is no field {profile.key}"
    named = [(f"row_sums.{number}", [each.result, *each.plus, *each.minus])
             for number, each in enumerate(profile.row_sums)]  # fmt: skip
    if profile.reallocation:
        named.append(("reallocation", [profile.reallocation.increase, profile.reallocation.decrease]))
    if profile.by_fund_source is not None:
        named.append(("by_fund_source", [profile.by_fund_source]))
    if profile.months and profile.months.total is not None:
        named.append(("months.total", [profile.months.total]))
    for key, names in named:
        for name in names:
            if name not in profile.fields:
                yield f"{key}: there is no field {name}"
            elif profile.fields[name].type != "money":
                yield f"{key}: {name} is no field of money"


def _fields(profile: ImportProfile) -> Iterator[str]:
    kind = ROW_KINDS[profile.kind]
    choices = kind.choices()
    for name, field in profile.fields.items():
        key = f"fields.{name}"
        if name not in kind.columns and not field.only_checked:
            yield f"{key}: rows of kind {profile.kind} have no such field"
        if field.fixed is not None and field.default is not None:
            yield f"{key}: is fixed and has a default"
        if name in choices:
            known = {str(choice) for choice in choices[name]}
            for choice in sorted(set(field.choices) - known):
                yield f"{key}.choices: {choice!r} is none of {', '.join(sorted(known))}"
        if field.type == "choice" and not field.choices:
            yield f"{key}.choices: are missing"
    for name in sorted(kind.needed):
        given = profile.fields.get(name)
        if given is None or not (given.required or given.if_empty is not None):
            yield f"fields.{name}: rows of kind {profile.kind} need it: required, fixed or with a default"
