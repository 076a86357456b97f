"""Reads import profiles from ``deploy/policy/import``: one file a profile, named as the profile.

A profile may extend another (``extends: plan``): what it says itself comes first, key by key; ``null``
takes a field away. A field that ``shared/fields.yaml`` knows by its name starts from what is said there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from services.ingest.sheets.grid import matching_form
from services.ingest.sheets.profiles import profile_expansion
from services.ingest.sheets.profiles.import_profile import PROFILE_NAME, ImportProfile
from services.ingest.sheets.profiles.profile_faults import faults_of
from services.runtime.errors import StopServiceError
from services.runtime.field_faults import plain_message

_Stated = dict[str, Any]
# The pure Python loader takes ten times as long, and the process that reads a file waits for it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_all(policy_dir: Path) -> dict[str, ImportProfile]:
    """Every profile by its name. Raises ``StopServiceError`` that names each wrong file and key."""
    folder = policy_dir / "import"
    found: dict[str, ImportProfile] = {}
    wrong: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path.stem] = load(policy_dir, path.stem)
        except StopServiceError as error:
            wrong.append(str(error))
    if not found and not wrong:
        wrong.append(f"{folder}: no profile is there")
    if wrong:
        raise StopServiceError("\n".join(wrong))
    return found


def load(policy_dir: Path, name: str) -> ImportProfile:
    """The profile of that name, checked and with every column its rules allow.

    Raises ``StopServiceError`` that names the file and every wrong key, ``FileNotFoundError`` where there is
    no such profile.
    """
    folder = policy_dir / "import"
    if not re.fullmatch(PROFILE_NAME, name) or not (folder / f"{name}.yaml").is_file():
        raise FileNotFoundError(f"no import profile {name!r} in {folder}")
    file = f"import/{name}.yaml"
    stated = _with_shared(folder, policy_dir, _extended(folder, name, ()))
    try:
        profile = ImportProfile.model_validate({**stated, "name": name})
    except ValidationError as error:
        raise StopServiceError("\n".join(f"{file}: {_told(each)}" for each in error.errors())) from error
    wrong = list(faults_of(profile))
    if not wrong:
        profile = profile_expansion.expanded(profile)
        wrong = list(_words_of_two_fields(profile))
    if wrong:
        raise StopServiceError("\n".join(f"{file}: {fault}" for fault in wrong))
    return profile


def _extended(folder: Path, name: str, below: tuple[str, ...]) -> _Stated:
    """What a profile says, over what the profiles say that it extends."""
    if name in below:
        raise StopServiceError(f"import/{below[0]}.yaml: extends: goes in a circle through {name}")
    stated = _yaml(folder / f"{name}.yaml")
    parent = stated.pop("extends", None)
    if parent is None:
        return stated
    if not isinstance(parent, str) or not (folder / f"{parent}.yaml").is_file():
        raise StopServiceError(f"import/{name}.yaml: extends: there is no profile {parent!r}")
    return _over(stated, _extended(folder, parent, (*below, name)))


def _over(stated: Mapping[str, Any], base: Mapping[str, Any]) -> _Stated:
    """``stated`` over ``base``, tables joined key by key; a field that is ``null`` is taken away."""
    fields: _Stated = dict(base.get("fields") or {})
    for name, field in (stated.get("fields") or {}).items():
        if field is None:
            fields.pop(name, None)
        elif isinstance(field, dict) and isinstance(fields.get(name), dict):
            fields[name] = fields[name] | field
        else:
            fields[name] = field
    return {**base, **stated, "fields": fields}


def _with_shared(folder: Path, policy_dir: Path, stated: _Stated) -> _Stated:
    known = _yaml(folder / "shared" / "fields.yaml")
    fund_sources = {
        code: [names["vi"], names["en"], *names.get("also", [])]
        for code, names in _yaml(policy_dir / "fund_sources.yaml").items()
    }
    fields = {}
    for name, field in stated["fields"].items():
        whole = {**known.get(name, {}), **(field or {})}
        if whole.get("type") == "fund_source":
            whole["choices"] = fund_sources
        fields[name] = whole
    return {**stated, "fields": fields, "shared": _yaml(folder / "shared" / "words.yaml")}


def _words_of_two_fields(profile: ImportProfile) -> Iterator[str]:
    """Headers that would name two fields, and words that would mean two things."""
    headers = {name: field.every_header for name, field in profile.fields.items()}
    for word, names in _meaning_two_things(headers):
        yield f"fields: the header {word!r} names {' and '.join(names)}"
    for name, field in profile.fields.items():
        for word, choices in _meaning_two_things(field.choices):
            yield f"fields.{name}.choices: the word {word!r} means {' and '.join(choices)}"


def _meaning_two_things(words: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    meanings: dict[str, dict[str, None]] = {}
    for meaning, spelt in words.items():
        for word in spelt:
            meanings.setdefault(matching_form(word), {})[meaning] = None
    yield from ((word, list(found)) for word, found in meanings.items() if len(found) > 1)


def _told(fault: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    return f"{key}: {plain_message(fault)}"


def _yaml(path: Path) -> _Stated:
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise StopServiceError(f"import/{path.name}: {error}") from error
    if not isinstance(document, dict):
        raise StopServiceError(f"import/{path.name}: is no table of keys")
    return document
