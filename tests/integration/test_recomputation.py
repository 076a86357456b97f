"""Every rule of the shipped policy reckons again to the same figures, from its record and from the ledger;
what was edited in either is told apart. Real books, a real alert service, one asking the other over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from deploy.embedded import servers
from services.alert import recomputing
from services.alert.aggregation_client import EvidenceOf
from services.contracts import codec, progress_codec, topics
from services.domain.disbursement import FigureStatus, MovementKind, Reporter
from services.domain.lag_rules import RuleName
from services.domain.money import Money
from services.domain.plan import BaselineKind, PlanBase
from services.domain.progress import Progress, SourceReach, Subject, SubjectType
from services.domain.register import ProjectRegistration
from services.runtime.postgres import transaction
from tests.support import facts
from tests.support.aggregation import Aggregation, eventually, read_all, running, settings_for
from tests.support.alerting import Desk, migrated
from tests.support.brokers import RunningBroker

LIKE = {"district": "Cái Nước", "sector": "Giao thông", "project_group": "B"}
OCTOBER = date(2022, 10, 31)
QUANG_NAM = {"province_code": "49", "owner_code": "O9", "owner_name": "Ban QLDA Quảng Nam"}
BOOKS: tuple[codec.Fact, ...] = (
    facts.curve(BaselineKind.TARGET, "96", facts.CA_MAU_TARGET),
    facts.curve(BaselineKind.NATIONAL, "VN", {"2022-04-30": 18, "2022-09-30": 47, "2022-12-31": 90}),
    facts.curve(BaselineKind.NATIONAL, "VN", {"2021-06-30": 30, "2021-12-31": 95}, budget_year=2021),
    *(facts.plan(1_000, f"P{n}", **LIKE) for n in range(1, 7)),
    facts.plan(500, base=PlanBase.ALLOCATED, decision_number="3/QĐ", **LIKE),
    ProjectRegistration(
        source="test",
        source_ref="dk",
        project_code="P4",
        project_name="Dự án P4",
        province_code="96",
        owner_code="O1",
        effective_date=date(2022, 1, 1),
        starts_on=date(2021, 6, 1),
        closed_on=date(2023, 12, 31),
        total_investment=Money(1_000),
        project_group="B",
        district="Cái Nước",
        sector="Giao thông",
    ),
    facts.plan(1_000, "Q1", decision_number="9/QĐ", **QUANG_NAM),
)
MONEY: tuple[codec.Fact, ...] = (
    # P1 lags and has stood still since February, P2 has nothing, P4 was advanced 40 % of its investment in
    # March, P6's two accounts disagree. Those of the other province end five months before.
    facts.movement("p1", 100, "2022-02-10"),
    facts.movement("p4", 400, "2022-03-01", project_code="P4", kind=MovementKind.ADVANCE),
    facts.movement("p6", 500, "2022-10-20", project_code="P6", source="kbnn"),
    facts.statement(300, "2022-10-20", project_code="P6", reporter=Reporter.OWNER, source="cdt"),
    facts.movement("q1", 100, "2022-05-31", project_code="Q1", source="kbnn.qn"),
)
# P3 is over its plan, P5 rests on an estimate; every subject is told once more, as of a later day.
LATER: tuple[codec.Fact, ...] = (
    facts.movement("p3", 1_200, "2022-10-31", project_code="P3"),
    facts.statement(500, "2022-10-31", project_code="P5", status=FigureStatus.ESTIMATE),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A change of an alert as it was kept."""

    alert_id: str
    sequence: int
    transition: str
    state: str
    evidence: bytes

    @property
    def path(self) -> str:
        return f"/v1/alerts/{self.alert_id}/recomputation?sequence={self.sequence}"


@dataclass(slots=True)
class Both:
    """The books and the alert service over them."""

    aggregation: Aggregation
    desk: Desk
    client: FlaskClient

    def told(self, rule: RuleName) -> list[Told]:
        """Every change of every alert of the rule."""
        found = self.desk.rows(
            """
            SELECT c.alert_id::text, c.sequence, c.transition, a.state, c.evidence
              FROM alert.alert_change AS c JOIN alert.alert AS a ON a.id = c.alert_id
             WHERE a.rule = %s ORDER BY c.recorded_at, c.alert_id, c.sequence
            """,
            rule.value,
        )
        return [
            Told(alert_id, sequence, transition, state, bytes(evidence))
            for alert_id, sequence, transition, state, evidence in found
        ]

    def open(self, rule: RuleName) -> Told:
        """The last change of an alert that is open."""
        return [each for each in self.told(rule) if each.state == "open"][-1]

    def again(self, told: Told) -> Any:
        answer = self.client.get(told.path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def edit(self, statement: str, *values: object) -> None:
        """As a superuser may, past the triggers."""
        with transaction(self.aggregation.database) as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, values)
            assert cursor.rowcount > 0

    def keep(self, told: Told, evidence: bytes) -> None:
        self.edit(
            "UPDATE alert.alert_change SET evidence = %s WHERE alert_id = %s AND sequence = %s",
            evidence,
            told.alert_id,
            told.sequence,
        )


@pytest.fixture(scope="module")
def both(postgres_server: str, running_broker: RunningBroker) -> Iterator[Both]:
    url = servers.create_database(postgres_server, "recomputed")
    with (
        running_broker() as broker,
        running(settings_for(url, broker.bootstrap_servers, business_date=OCTOBER)) as aggregation,
    ):
        for portion in (BOOKS, MONEY, LATER):
            aggregation.publish(*portion)
            aggregation.settle()
        migrated(url)
        desk = Desk(url)
        for record in read_all(aggregation.settings, topics.PROGRESS):
            desk.judge(record)
        eventually(
            lambda: aggregation.rows("SELECT aggregation.settled_until() >= %s", _last(aggregation))[0][0]
        )
        server = make_server("127.0.0.1", 0, aggregation.client.application, threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield Both(aggregation, desk, desk.client(aggregation_url=f"http://127.0.0.1:{server.port}"))
        finally:
            server.shutdown()
            serving.join()


def _last(aggregation: Aggregation) -> Any:
    return max(each.known_at for each in aggregation.told().values() if each.known_at)


@pytest.mark.parametrize("rule", RuleName)
def test_every_change_of_a_rule_comes_out_identical(both: Both, rule: RuleName) -> None:
    changes = both.told(rule)
    assert "opened" in {each.transition for each in changes}
    for told in changes:
        assert both.again(told) == {
            "alert_id": told.alert_id,
            "sequence": told.sequence,
            "from_record": [],
            "from_ledger": [],
            "unavailable": "",
            "identical": True,
        }


def test_stale_figures_are_told_with_the_rules_that_they_keep_silent(both: Both) -> None:
    *_, last = both.desk.rows(
        """
        SELECT c.figures -> 'inhibited', c.open_rules
          FROM alert.alert_change AS c JOIN alert.alert AS a ON a.id = c.alert_id
         WHERE a.rule = 'source_stale' AND a.subject_code = '49' ORDER BY c.sequence
        """
    )
    assert last == (["behind_target", "below_national_average"], ["source_stale"])


def _more_disbursed(told: Progress) -> Progress:
    first, *others = told.lines
    return replace(told, lines=(replace(first, disbursed=first.disbursed + 1), *others))


def _other_curves(told: Progress) -> Progress:
    return replace(
        told,
        baselines=tuple(
            replace(
                each, points=tuple(replace(p, basis_points=(p.basis_points or 0) // 2) for p in each.points)
            )
            for each in told.baselines
        ),
    )


def _slower(told: Progress) -> Progress:
    """As if all had been disbursed on the first day."""
    course = told.course
    return replace(told, course=replace(course, disbursed=(course.disbursed[-1],) * len(course.days)))


def _all_allocated(told: Progress) -> Progress:
    return replace(told, lines=tuple(replace(each, allocated_plan=each.current_plan) for each in told.lines))


# What each rule judges by, as somebody might want it to have been.
EDITED: Mapping[RuleName, Callable[[Progress], Progress]] = {
    RuleName.BEHIND_TARGET: _other_curves,
    RuleName.BELOW_NATIONAL_AVERAGE: _other_curves,
    RuleName.BELOW_MILESTONE: _more_disbursed,
    RuleName.NOTHING_DISBURSED: _more_disbursed,
    RuleName.OVER_PLAN: _more_disbursed,
    RuleName.YEAR_END_SHORTFALL: _slower,
    RuleName.STALLED: lambda told: replace(told, last_movement_date=told.as_of),
    RuleName.ADVANCE_OVER_LIMIT: lambda told: replace(told, total_investment=10_000),
    RuleName.ADVANCE_OVERDUE: lambda told: replace(told, advance_since=told.as_of),
    RuleName.UNALLOCATED_PLAN: _all_allocated,
    RuleName.ESTIMATE_ONLY: lambda told: replace(told, includes_estimate=False),
    RuleName.SOURCE_STALE: lambda told: replace(told, sources=(SourceReach("kbnn.qn", date(2022, 10, 30)),)),
    RuleName.TREASURY_OWNER_MISMATCH: lambda told: replace(told, series=told.series[:1]),
}


@pytest.mark.parametrize("rule", RuleName)
def test_an_edited_record_is_told_apart_and_the_ledger_is_not_asked_for_it(
    both: Both, rule: RuleName
) -> None:
    """The books give the figures that were told, whatever the record says now."""
    told = both.open(rule)
    edited = EDITED[rule](progress_codec.decode_progress(told.evidence))
    both.keep(told, progress_codec.encode_progress(edited))
    try:
        found = both.again(told)
    finally:
        both.keep(told, told.evidence)
    assert found["from_record"]
    assert (found["from_ledger"], found["unavailable"], found["identical"]) == ([], "", False)


@pytest.mark.parametrize("rule", RuleName)
def test_an_edited_ledger_is_told_apart(both: Both, rule: RuleName) -> None:
    told = both.open(rule)
    edit = "UPDATE aggregation.plan_revision SET amount = amount + %s WHERE base = 'initial'"
    both.edit(edit, 1)
    try:
        found = both.again(told)
    finally:
        both.edit(edit, -1)
    assert {each["where"] for each in found["from_ledger"]} >= {"plan.initial", "lines[0].current_plan"}
    assert (found["from_record"], found["unavailable"], found["identical"]) == ([], "", False)


def test_the_evidence_alone_gives_the_whole_progress(both: Both) -> None:
    """But for what is the telling's own, and for names that are not in the books."""
    for told in both.aggregation.told().values():
        progress, subject, name = told, told.subject, ""
        if subject.type in (SubjectType.PROVINCE, SubjectType.FUND_SOURCE):
            name = "tên trước khi chính sách đặt lại"
            progress = replace(told, subject=replace(subject, name=name))
        blank = Progress(
            Subject(subject.type, subject.code, name, ""),
            budget_year=progress.budget_year,
            as_of=progress.as_of,
            business_date=progress.business_date,
            books_through=None,
            lines=(),
            version=progress.version,
            late_events=progress.late_events,
            known_at=progress.known_at,
        )
        assert progress.known_at
        of = EvidenceOf(
            subject.type,
            subject.code,
            progress.budget_year,
            progress.as_of.isoformat(),
            progress.known_at.isoformat(),
        )
        answer = both.aggregation.client.get(of.path(limit=1))
        found = recomputing.from_ledger(blank, answer.get_json())
        # Who stated a curve is not told with it.
        curves = tuple(replace(each, source="", source_ref="") for each in found.baselines)
        assert replace(found, baselines=curves) == progress


def test_a_record_that_cannot_be_read_or_judged_is_told_apart(both: Both) -> None:
    told = both.open(RuleName.BEHIND_TARGET)
    earlier = replace(progress_codec.decode_progress(told.evidence), as_of=date(2022, 3, 31))
    for record in (b"\xff", progress_codec.encode_progress(earlier)):
        both.keep(told, record)
        try:
            found = both.again(told)
        finally:
            both.keep(told, told.evidence)
        assert [each["where"] for each in found["from_record"]] == ["record"]
        assert not found["identical"]


@pytest.mark.parametrize("column", ["evidence", "rule_digest", "open_rules"])
def test_a_change_that_a_version_before_wrote_is_not_reckoned_again(both: Both, column: str) -> None:
    told = both.open(RuleName.SOURCE_STALE)
    ((kept,),) = both.desk.rows(
        f"SELECT {column} FROM alert.alert_change WHERE alert_id = %s AND sequence = %s",  # noqa: S608
        told.alert_id,
        told.sequence,
    )
    edit = f"UPDATE alert.alert_change SET {column} = %s WHERE alert_id = %s AND sequence = %s"  # noqa: S608
    both.edit(edit, None, told.alert_id, told.sequence)
    try:
        answer = both.client.get(told.path)
    finally:
        both.edit(edit, kept, told.alert_id, told.sequence)
    assert (answer.status_code, answer.get_json()["type"]) == (
        409,
        "urn:giaingan:problem:evidence-not-kept",
    )


def test_fund_sources_are_explained_by_name_in_both_languages(both: Both) -> None:
    told = both.open(RuleName.OVER_PLAN)
    explained = both.client.get(f"/v1/alerts/{told.alert_id}/explanation").get_json()
    assert explained["fund_source_names"] == {
        "central.sector": {"vi": "NSTW đầu tư theo ngành, lĩnh vực", "en": "Central budget by sector"}
    }
    for language, said in (
        ("vi", "nguồn NSTW đầu tư theo ngành, lĩnh vực (central.sector)."),
        ("en", "fund source Central budget by sector (central.sector)."),
    ):
        assert any(said in each for each in explained[f"sentences_{language}"])
