"""What a unit covers, and what a scope lets do."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.runtime.access import Caller, Scope, Unit, caller


@pytest.mark.parametrize(
    ("unit", "province", "owner", "is_covered"),
    [
        ("", "96", "O1", True),
        ("", None, None, True),
        ("96", "96", "O1", True),
        ("96", "96", "", True),
        ("96", "49", "O1", False),
        ("96", None, None, False),
        ("96", "", "", False),
        ("96/O1", "96", "O1", True),
        ("96/O1", "96", "O2", False),
        ("96/O1", "49", "O1", False),
        # A province as a whole is not its owners'.
        ("96/O1", "96", "", False),
        ("96/O1", "96", None, False),
        ("96/O1", None, None, False),
        # A code may hold a slash; the first one divides.
        ("96/A/B", "96", "A/B", True),
        ("96/A", "96", "A/B", False),
        # No unit is another's prefix.
        ("96/O1", "96", "O10", False),
    ],
)
def test_a_unit_covers_itself_and_what_is_under_it(
    unit: str, province: str | None, owner: str | None, is_covered: bool
) -> None:
    assert Unit(unit).covers(province_code=province, owner_code=owner) is is_covered


@pytest.mark.parametrize("code", ["9", "960", "96/", "/O1", "96/O 1", "96 ", "x6", "٩٦", "96/O1\n", "96\0"])
def test_a_unit_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is no unit"):
        Unit(code)


@pytest.mark.parametrize("needed", list(Scope))
@pytest.mark.parametrize("held", list(Scope))
def test_a_scope_lets_do_what_it_names_and_an_admin_everything(held: Scope, needed: Scope) -> None:
    who = Caller(uuid4(), "x", frozenset({held}), Unit())
    assert who.may((needed,)) is (held in (needed, Scope.ADMIN))


@pytest.mark.parametrize(
    ("unit", "sources", "stated"),
    [
        ("", (), None),
        ("", ("kbnn.ca-mau",), {"kbnn.ca-mau"}),
        ("96/O1", ("o1",), {"o1"}),
        # Made before tokens had sources: it speaks for nobody.
        ("96/O1", (), set()),
    ],
)
def test_a_caller_states_facts_of_its_sources_alone(
    unit: str, sources: tuple[str, ...], stated: set[str] | None
) -> None:
    who = Caller(uuid4(), "x", frozenset({Scope.INGEST_WRITE}), Unit(unit), frozenset(sources))
    assert who.stated_sources == stated


def test_without_a_request_there_is_no_caller() -> None:
    with pytest.raises(LookupError, match="no caller"):
        caller()
