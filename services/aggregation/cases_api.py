"""The routes for what a person decides: quarantine and conflicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.aggregation import case_faults, case_store, facts_in_books
from services.aggregation.case_answers import (
    ACTION_OF,
    Conflict,
    ConflictDetail,
    ConflictPage,
    ConflictsQuery,
    Decided,
    Quarantined,
    QuarantineDetail,
    QuarantinePage,
    QuarantineQuery,
    ReasonIn,
)
from services.aggregation.case_decisions import CaseDecisions, no_such_case
from services.contracts import held_bytes
from services.contracts.stated.one_fact import OneFactIn
from services.runtime import cursor as paging
from services.runtime import json_body
from services.runtime.access import Scope, caller
from services.runtime.api import Api
from services.runtime.clock import Clock
from services.runtime.postgres import Pool

_RowT = TypeVar("_RowT")
_MOST_DIGITS = 18


class CasesApi:
    """List and show for who may read, decide for an admin; a unit sees and decides its own."""

    def __init__(self, *, pool: Pool, clock: Clock, decisions: CaseDecisions) -> None:
        self._pool = pool
        self._clock = clock
        self._decisions = decisions

    def install(self, api: Api) -> None:
        """Bind the routes."""
        self._install_quarantine(api)
        self._install_conflicts(api)

    def _install_quarantine(self, api: Api) -> None:
        api.route(
            "GET",
            "/v1/quarantine",
            summary="Events that could not be applied, with the reason.",
            scopes=(Scope.READ,),
            query=QuarantineQuery,
            response=QuarantinePage,
        )(self.list_quarantine)
        api.route(
            "GET",
            "/v1/quarantine/<case_id>",
            summary="One event of quarantine: its bytes, what can be read of them, every decision on it.",
            scopes=(Scope.READ,),
            response=QuarantineDetail,
            problems=(404,),
        )(self.show_quarantined)
        api.route(
            "POST",
            "/v1/quarantine/<case_id>/fix",
            summary="Publish a corrected fact in place of a held event.",
            scopes=(Scope.ADMIN,),
            body=OneFactIn,
            read_body=json_body.reader(OneFactIn),
            response=Decided,
            status=202,
            problems=(404, 409),
        )(self.fix_quarantined)
        api.route(
            "POST",
            "/v1/quarantine/<case_id>/replay",
            summary="Publish the bytes of a held event again.",
            scopes=(Scope.ADMIN,),
            response=Decided,
            status=202,
            problems=(404, 409),
        )(self.replay_quarantined)
        api.route(
            "POST",
            "/v1/quarantine/<case_id>/discard",
            summary="Put a held event aside, with a reason; it is kept.",
            scopes=(Scope.ADMIN,),
            body=ReasonIn,
            read_body=json_body.reader(ReasonIn),
            response=Decided,
            problems=(404, 409),
        )(self.discard_quarantined)

    def _install_conflicts(self, api: Api) -> None:
        api.route(
            "GET",
            "/v1/conflicts",
            summary="Event ids that were stated again with other content.",
            scopes=(Scope.READ,),
            query=ConflictsQuery,
            response=ConflictPage,
        )(self.list_conflicts)
        api.route(
            "GET",
            "/v1/conflicts/<case_id>",
            summary="One conflict: both contents, what differs, and how it was decided.",
            scopes=(Scope.READ,),
            response=ConflictDetail,
            problems=(404,),
        )(self.show_conflict)
        api.route(
            "POST",
            "/v1/conflicts/<case_id>/keep-first",
            summary="Leave the books as they are.",
            scopes=(Scope.ADMIN,),
            body=ReasonIn,
            read_body=json_body.reader(ReasonIn),
            response=Decided,
            problems=(404, 409),
        )(self.keep_first)
        api.route(
            "POST",
            "/v1/conflicts/<case_id>/replace",
            summary="Put the second content in place of the first, by a reversal or the next revision.",
            scopes=(Scope.ADMIN,),
            body=ReasonIn,
            read_body=json_body.reader(ReasonIn),
            response=Decided,
            status=202,
            problems=(404, 409),
        )(self.replace_first)

    # --- quarantine --------------------------------------------------------------------------

    def list_quarantine(self, query: QuarantineQuery) -> QuarantinePage:
        with self._pool.transaction() as cursor:
            rows = case_store.quarantine_page(
                cursor,
                after=_after(query.cursor),
                limit=query.limit + 1,
                unit=caller().unit,
                on=self._clock.business_date(),
                filters={"state": query.state, "reason": query.reason, "topic": query.topic},
            )
        page, next_cursor = _page(rows, query.limit, lambda row: row.quarantine_id)
        return QuarantinePage(items=[Quarantined.of(row) for row in page], next_cursor=next_cursor)

    def show_quarantined(self, case_id: str) -> QuarantineDetail:
        with self._pool.transaction() as cursor:
            case = case_store.quarantine_case(cursor, _number(case_id), on=self._clock.business_date())
            if case is None or not case.is_of(caller().unit):
                raise no_such_case()
            decisions = case_store.decisions(cursor, "quarantine", case.quarantine_id)
        return QuarantineDetail.of_case(case, decisions)

    def fix_quarantined(self, case_id: str, body: OneFactIn) -> Decided:
        return self._decisions.fix(_number(case_id), body.fact(), reason=body.reason, caller=caller())

    def replay_quarantined(self, case_id: str) -> Decided:
        return self._decisions.replay(_number(case_id), caller=caller())

    def discard_quarantined(self, case_id: str, body: ReasonIn) -> Decided:
        return self._decisions.discard(_number(case_id), reason=body.reason, caller=caller())

    # --- conflicts ---------------------------------------------------------------------------

    def list_conflicts(self, query: ConflictsQuery) -> ConflictPage:
        with self._pool.transaction() as cursor:
            rows = case_store.conflict_page(
                cursor,
                after=_after(query.cursor),
                limit=query.limit + 1,
                unit=caller().unit,
                on=self._clock.business_date(),
                action=ACTION_OF[query.state],
            )
        page, next_cursor = _page(rows, query.limit, lambda row: row.conflict_id)
        return ConflictPage(items=[Conflict.of(row) for row in page], next_cursor=next_cursor)

    def show_conflict(self, case_id: str) -> ConflictDetail:
        with self._pool.transaction() as cursor:
            today = self._clock.business_date()
            case = case_store.conflict_case(cursor, _number(case_id), on=today)
            if case is None or not case.is_of(caller().unit):
                raise no_such_case()
            first = facts_in_books.find(cursor, case.topic, case.event_id)
            # What stands under the id now may be about another unit than what did then.
            if first and not case_faults.is_own(cursor, caller().unit, first, on=today):
                raise no_such_case()
            decisions = case_store.decisions(cursor, "conflict", case.conflict_id)
        second = held_bytes.fact_of(case.topic, case.payload)
        return ConflictDetail.of_case(case, first=first, second=second, decisions=decisions)

    def keep_first(self, case_id: str, body: ReasonIn) -> Decided:
        return self._decisions.keep_first(_number(case_id), reason=body.reason, caller=caller())

    def replace_first(self, case_id: str, body: ReasonIn) -> Decided:
        return self._decisions.replace(_number(case_id), reason=body.reason, caller=caller())


def _number(case_id: str) -> int:
    """The number of a case. Raises the 404 of one that is not there."""
    if not (case_id.isascii() and case_id.isdecimal()) or len(case_id) > _MOST_DIGITS:
        raise no_such_case()
    return int(case_id)


def _after(cursor: str | None) -> int:
    """The id after which the page begins."""
    key = paging.decode(cursor, (int,)) or (0,)
    after = int(key[0])
    if cursor is not None and not 0 <= after < 10**_MOST_DIGITS:
        raise paging.refused(cursor)
    return after


def _page(
    rows: Sequence[_RowT], limit: int, number: Callable[[_RowT], int]
) -> tuple[Sequence[_RowT], str | None]:
    """The rows of a page and the cursor of the next one; one row more than a page was read."""
    page = rows[:limit]
    return page, paging.encode((number(page[-1]),)) if len(rows) > limit else None
