"""Like projects, and the median of their rates: worked by hand."""

from __future__ import annotations

from datetime import date

from services.domain.course import Changes, Course
from services.domain.peers import FEWEST_PEERS, Peer, peer_curves
from services.domain.progress import FundLine, PeerCurve

AS_OF = date(2022, 3, 15)
JANUARY, MARCH_10 = 0, 68


def peer(
    code: str, paid: dict[int, int], *, plan: dict[int, int] | None = None, group: str = "B", fund: str = "x"
) -> Peer:
    plans = plan or {JANUARY: 1_000}
    course = Changes().add_line([(day, amount, 0, 0) for day, amount in paid.items()], plans.items()).course
    lines = (FundLine("y", current_plan=1), FundLine(fund, current_plan=max(plans.values())))
    return Peer(code, group, lines, course)


def curve(*peers: Peer) -> PeerCurve | None:
    return peer_curves(peers, as_of=AS_OF, budget_year=2022).get(peers[0].code)


def shares(found: PeerCurve | None) -> list[tuple[str, int | None]]:
    assert found
    return [(point.day.isoformat(), point.basis_points) for point in found.points]


def test_the_median_at_month_ends_and_on_the_day() -> None:
    found = curve(*(peer(f"P{n}", {10: 100 * n, MARCH_10: 50}) for n in range(1, 6)))
    assert found
    assert (found.scope_code, found.members) == ("B/x", 5)
    assert shares(found) == [("2022-01-31", 3_000), ("2022-02-28", 3_000), ("2022-03-15", 3_500)]


def test_of_an_even_number_the_mean_of_the_two_in_the_middle_half_to_even() -> None:
    found = curve(
        *(peer(f"P{n}", {10: paid}, plan={JANUARY: 10_000}) for n, paid in enumerate([1, 1, 2, 3, 9, 9]))
    )
    assert shares(found)[0] == ("2022-01-31", 2)


def test_a_median_that_fell_is_lowered_where_it_stood_higher_and_true_on_the_day() -> None:
    """300 of 1,000 in January; in March the plan is 2,000."""
    found = curve(*(peer(f"P{n}", {10: 300}, plan={JANUARY: 1_000, MARCH_10: 2_000}) for n in range(5)))
    assert shares(found) == [("2022-01-31", 1_500), ("2022-02-28", 1_500), ("2022-03-15", 1_500)]


def test_fewer_than_five_another_group_or_fund_or_none_stated_are_no_peers() -> None:
    alike = [peer(f"P{n}", {10: 100}) for n in range(FEWEST_PEERS - 1)]
    assert curve(*alike) is None
    assert curve(*alike, peer("A", {10: 1}, group="A"), peer("F", {10: 1}, fund="z")) is None
    assert curve(*(peer(f"P{n}", {10: 100}, group="") for n in range(FEWEST_PEERS))) is None
    assert curve(*alike, Peer("N", "B", (FundLine("x"),), Course())) is None


def test_lines_add_up_to_one_course_without_the_days_on_which_nothing_changed() -> None:
    first, second = Changes(), Changes()
    first.add_line([(5, 10, 0, 10), (5, -10, 0, -10), (9, 7, 7, 0)], [(2, 60), (9, 50)])
    second.add_line([(2, 1, 0, 1)], [(2, 40), (9, 50)])
    first.add(second)
    assert first.course == Course((2, 9), (1, 8), (0, 7), (1, 1), (100, 100))
    assert Changes().course == Course()
