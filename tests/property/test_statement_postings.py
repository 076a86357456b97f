"""In whatever order statements arrive, each date's balance is that of the latest statement up to it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.domain.disbursement import FigureStatus, StatementLine, statement_postings
from tests.support import facts

# The last two are of carried-over capital: after 31 January of the year after.
DAYS = [
    *(date(2022, 1, 31) + timedelta(days=30 * n) for n in range(6)),
    date(2023, 1, 31),
    date(2023, 2, 1),
    date(2023, 12, 31),
]

statements = st.lists(
    st.builds(
        lambda day, cumulative, revision, status: facts.statement(
            cumulative, day.isoformat(), revision=revision, status=status
        ),
        st.sampled_from(DAYS),
        st.integers(0, 10**15),
        st.integers(0, 2),
        st.sampled_from(FigureStatus),
    ),
    unique_by=lambda line: line.source_ref,
    max_size=12,
)


def expected_balance(lines: list[StatementLine], day: date) -> int:
    """By the definition: the latest date's statement that takes precedence; nothing stated is nothing.

    From 1 February of the year after, that of carried-over capital alone.
    """
    is_carried = day >= date(2023, 2, 1)
    dates = [
        line.as_of for line in lines if line.as_of <= day and (line.as_of >= date(2023, 2, 1)) == is_carried
    ]
    if not dates:
        return 0
    latest = [line for line in lines if line.as_of == max(dates)]
    return max(latest, key=lambda line: line.precedence).cumulative.minor_units


@given(lines=statements, data=st.data())
def test_the_postings_of_any_order_add_up_to_the_statements(
    lines: list[StatementLine], data: st.DataObject
) -> None:
    moved: dict[date, int] = defaultdict(int)
    known: list[StatementLine] = []
    for line in data.draw(st.permutations(lines)):
        for posting in statement_postings(line, known):
            moved[posting.value_date] += posting.disbursed
        known.append(line)
        for day in DAYS:
            balance = sum(
                amount
                for value_date, amount in moved.items()
                if value_date <= day and (value_date >= date(2023, 2, 1)) == (day >= date(2023, 2, 1))
            )
            assert balance == expected_balance(known, day)


@given(lines=statements)
def test_no_two_postings_have_one_id(lines: list[StatementLine]) -> None:
    ids = []
    for number, line in enumerate(lines):
        ids += [posting.event_id for posting in statement_postings(line, lines[:number])]
    assert len(set(ids)) == len(ids)
