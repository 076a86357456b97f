"""The accounts behind the figures, and what they make doubtful."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

from pydantic import Field

from services.aggregation import asked, finding_texts, findings, project_lines
from services.aggregation.answers import KNOWN_AT, Answer, Date, Instant, Province
from services.aggregation.asked import Asked, AsOfQuery
from services.aggregation.books_api import BooksApi
from services.aggregation.findings import FindingKind, Found
from services.domain.money import LEDGER_CURRENCY
from services.runtime import cursor as paging
from services.runtime.access import Scope, caller
from services.runtime.api import Api
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")


class AccountBalances(Answer):
    """The four accounts of a line in one series, đồng: debited less credited, so that they sum to zero."""

    fund_source: str
    series: str
    treasury: int = Field(description="Kho bạc: minus what it has paid out.")
    appropriation: int = Field(
        description="Kế hoạch vốn: charged to it and itemised neither as an advance nor as work."
    )
    advance_outstanding: int = Field(description="Tạm ứng chưa thu hồi.")
    work_paid: int = Field(description="Khối lượng hoàn thành đã thanh toán.")


class Accounts(Answer):
    """The accounts of a project by fund source and series. Series are compared, never added."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    budget_year: int
    currency: str
    project_code: str
    accounts: list[AccountBalances]


class FindingEvent(Answer):
    """An event behind a finding."""

    event_id: UUID
    kind: str
    amount: int = Field(description="đồng, above zero; the kind signs it.")
    value_date: Date
    source: str
    source_ref: str
    applied_at: dt.datetime = Field(description="Since when the ledger knows it.")


class Finding(Answer):
    """What the books make doubtful of one line."""

    finding: FindingKind = Field(
        description="advance-below-zero: more was recovered than was advanced. carry-over-without-decision: "
        "money on carried-over capital, and no decision is known. reallocation-amount-differs: the amount "
        "before a reallocation is not what the books hold."
    )
    text: str = Field(description="What it is and what usually stands behind it, Vietnamese first.")
    project_code: str
    project_name: str | None
    province_code: str | None
    owner_code: str | None
    owner_name: str | None
    accountable_officer: str | None
    fund_source: str
    series: str | None = Field(description="null where none is concerned.")
    amount: int = Field(
        description="đồng: how far below zero; what was paid; the amount before, less what the books hold."
    )
    since: Date = Field(
        description="The value date since which it is so without a break; a reallocation's effective date."
    )
    events: list[FindingEvent] = Field(
        description=f"The latest movements behind it, at most {findings.MOST_EVENTS}."
    )
    events_total: int
    decision_number: str | None = Field(description="That of the reallocation.")
    decided_by: UUID | None = Field(description="The event of the reallocation.")

    @classmethod
    def of(cls, found: Found, fund_sources: FundSourceNames) -> Finding:
        return cls(
            finding=found.kind,
            text=finding_texts.told(found, fund_sources),
            project_code=found.project_code,
            project_name=found.project_name,
            province_code=found.province_code,
            owner_code=found.owner_code,
            owner_name=found.owner_name,
            accountable_officer=found.accountable_officer,
            fund_source=found.fund_source,
            series=found.series,
            amount=found.amount,
            since=found.since,
            events=[FindingEvent.model_validate(event) for event in found.events or ()],
            events_total=found.events_total,
            decision_number=found.decision_number,
            decided_by=found.decided_by,
        )


class Findings(Answer):
    """A page of findings, by kind, project and fund source."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    budget_year: int
    currency: str
    items: list[Finding]
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")


class FindingsQuery(AsOfQuery):
    """Which findings."""

    province: Province | None = None
    owner: str | None = Field(None, max_length=64, description="Owner code.")
    project: str | None = Field(None, max_length=64, description="Project code.")
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")


class AccountsApi(BooksApi):
    """The routes of accounts and findings."""

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "GET",
            "/v1/projects/<code>/accounts",
            summary="The four accounts of a project by fund source and series; each four sum to zero.",
            scopes=(Scope.READ,),
            query=AsOfQuery,
            response=Accounts,
            problems=(404, 409),
        )(self.show_accounts)
        api.route(
            "GET",
            "/v1/findings",
            summary="Findings: what the books make doubtful, since when, and the events behind it.",
            scopes=(Scope.READ,),
            query=FindingsQuery,
            response=Findings,
            problems=(409,),
        )(self.list_findings)

    def show_accounts(self, code: str, query: AsOfQuery) -> Accounts:
        about = Asked.by(query, self._clock)
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            project_lines.of_project(cursor, code, about, self._series)
            cursor.execute(_QUERIES["accounts"], {**about.when, "project_code": code})
            rows = cursor.fetchall()
        names = list(AccountBalances.model_fields)
        return Accounts(
            **about.when,
            currency=LEDGER_CURRENCY,
            project_code=code,
            accounts=[AccountBalances(**dict(zip(names, row, strict=True))) for row in rows],
        )

    def list_findings(self, query: FindingsQuery) -> Findings:
        about = Asked.by(query, self._clock)
        after = paging.decode(query.cursor, (str, str, str, str))
        where = findings.Where(caller().unit, query.province, query.owner, query.project)
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            # One more than the page, to know whether another follows.
            found = findings.page(
                cursor, about, where, counted=self._series, after=after, limit=query.limit + 1
            )
        page = found[: query.limit]
        return Findings(
            **about.when,
            currency=LEDGER_CURRENCY,
            items=[Finding.of(each, self._fund_sources) for each in page],
            next_cursor=paging.encode(page[-1].place) if len(found) > len(page) else None,
        )
