"""docs/IMPORTS.md says what the profiles say."""

from __future__ import annotations

from services.ingest.sheets.profiles.import_profile import FieldProfile, ImportProfile
from tests.support import import_tables


def test_the_page_has_every_column_of_every_profile() -> None:
    page = import_tables.PAGE.read_text("utf-8")
    assert page == import_tables.written(page), "python -m tests.support.import_tables writes it anew"


def test_the_page_names_every_key_of_a_profile_and_of_a_field() -> None:
    page = import_tables.PAGE.read_text("utf-8")
    keys = {*ImportProfile.model_fields, *FieldProfile.model_fields} - {"name", "shared", "spread"}
    assert {key for key in keys if f"`{key}`" not in page} == set()
