"""In whatever order decisions arrive, the plan is the same; a reallocation neither makes nor loses plan."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.domain import reallocation_rules
from services.domain.money import Money
from services.domain.plan import PlanBase
from services.domain.plan_history import Decided, RevisionState, placed
from services.domain.reallocation import Reallocation, ReallocationSide

DAYS = [date(2022, 1, 1) + timedelta(days=30 * n) for n in range(5)]

decisions = st.lists(
    st.builds(
        Decided,
        row_id=st.uuids(),
        event_id=st.just(UUID(int=0)),
        fund_source=st.just("central"),
        base=st.sampled_from([PlanBase.INITIAL, PlanBase.ADJUSTED, PlanBase.ALLOCATED]),
        amount=st.integers(0, 10**15),
        decision_number=st.just("1/QĐ"),
        # Few days, so that many stand on the same one: then the id decides.
        decision_date=st.sampled_from(DAYS[:2]),
        effective_date=st.sampled_from(DAYS[1:4]),
        revision=st.integers(0, 1),
        amount_before=st.none() | st.integers(0, 10**15),
        corrected_by=st.none() | st.uuids(),
    ),
    unique_by=lambda each: each.row_id,
    max_size=10,
)


@given(revisions=decisions, as_of=st.sampled_from(DAYS), data=st.data())
def test_the_order_of_arrival_does_not_matter(
    revisions: list[Decided], as_of: date, data: st.DataObject
) -> None:
    assert placed(data.draw(st.permutations(revisions)), as_of=as_of) == placed(revisions, as_of=as_of)


@given(revisions=decisions, as_of=st.sampled_from(DAYS))
def test_each_track_has_one_revision_in_force_and_its_changes_add_up_to_it(
    revisions: list[Decided], as_of: date
) -> None:
    found = placed(revisions, as_of=as_of)
    assert {each.decided.row_id for each in found} == {each.row_id for each in revisions}
    for track in {each.track for each in revisions}:
        own = [each for each in found if each.decided.track == track]
        counting = [each for each in own if each.state is not RevisionState.CORRECTED]
        in_force = [each for each in own if each.state is RevisionState.IN_FORCE]
        assert len(in_force) == any(each.decided.effective_date <= as_of for each in counting)
        total = 0
        for each in counting:
            total += each.decided.amount if each.change is None else each.change
            assert total == each.decided.amount
            assert (each.by is None) == (each.state is not RevisionState.SUPERSEDED)


sides = st.lists(
    st.builds(
        ReallocationSide,
        st.text("PQR", min_size=1, max_size=3),
        st.sampled_from(["central", "local"]),
        st.integers(0, 10**15).map(Money),
        st.integers(0, 10**15).map(Money),
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda side: (side.project_code, side.fund_source),
)


def decided(stated: list[ReallocationSide]) -> Reallocation:
    return Reallocation(
        source="test",
        source_ref="dc/1",
        budget_year=2022,
        decision_number="1/QĐ",
        decision_date=DAYS[0],
        effective_date=DAYS[0],
        sides=tuple(stated),
    )


@given(stated=sides, data=st.data())
def test_a_reallocation_is_the_same_in_whatever_order_its_sides_are_stated(
    stated: list[ReallocationSide], data: st.DataObject
) -> None:
    shuffled = decided(data.draw(st.permutations(stated)))
    assert shuffled.content_hash == decided(stated).content_hash
    assert {shuffled.side_id(side) for side in stated} == {decided(stated).side_id(side) for side in stated}
    assert len({shuffled.side_id(side) for side in stated}) == len(stated)


@given(stated=sides)
def test_it_is_sound_where_what_is_given_is_what_is_taken(stated: list[ReallocationSide]) -> None:
    before = sum(side.amount_before.minor_units for side in stated)
    after = sum(side.amount_after.minor_units for side in stated)
    found = [rejection.code for rejection in reallocation_rules.balanced(decided(stated))]
    assert found == ([] if before == after else ["sides-not-balanced"])
    # Whatever is missing, one more side balances it.
    missing = before - after
    one_more = ReallocationSide("Z", "central", Money(max(0, -missing)), Money(max(0, missing)))
    assert list(reallocation_rules.balanced(decided([*stated, one_more]))) == []
