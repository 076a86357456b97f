"""Text that a spreadsheet would run is written as text, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.stated.cell_text import neutralised, restored


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+84", "-5", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutralised(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Đường tỉnh 615", "'trích dẫn'", "5 = 5", "'"])
def test_other_text_is_left_alone(text: str) -> None:
    assert neutralised(text) == text == restored(text)


@given(st.text(alphabet="'=+-@\t\rab "))
def test_every_text_comes_back_and_none_begins_like_a_formula(text: str) -> None:
    written = neutralised(text)
    assert restored(written) == text
    assert written[:1] not in {"=", "+", "-", "@", "\t", "\r"}
