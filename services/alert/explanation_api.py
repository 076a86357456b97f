"""Why an alert was told, and whether its figures come out the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.alert import aggregation_client, alert_queries, explaining, explanation_store, recomputing
from services.alert.aggregation_client import EvidenceOf, NoEvidenceError
from services.alert.alert_queries import AlertRow, ChangeRow
from services.alert.decision_words import PlanDecision
from services.alert.explanation_store import KeptChange
from services.alert.figures import Figures
from services.alert.http_models import ChangeOut, left_out_not_null
from services.alert.recomputing import NotKeptError
from services.contracts import codec, progress_codec
from services.contracts.stated.days import UtcMoment
from services.domain.progress import Progress
from services.runtime.access import Scope, caller
from services.runtime.api import Api, uuid_of
from services.runtime.errors import ProblemError, shortened
from services.runtime.fund_sources import FundSourceName, FundSourceNames
from services.runtime.postgres import Pool

_TEXT = "text/plain"


class ChangeQuery(BaseModel):
    """Which change of the alert; the last one where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=left_out_not_null)

    sequence: Annotated[int, Field(ge=1, le=2**31)] | None = Field(None, description="The change's number.")
    at: UtcMoment | None = Field(None, description="The last change up to this instant, RFC 3339.")


class ExplanationQuery(ChangeQuery):
    """Which change, and how it is told."""

    format: Literal["json", "text"] | None = Field(None, description="text: the sentences alone.")
    lang: Literal["vi", "en"] | None = Field(None, description="Of the text; both where not given.")
    limit: Annotated[int, Field(ge=1, le=1_000)] = Field(100, description="Most movements on a page.")
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="movements.next_cursor of the page before."
    )


class Movements(BaseModel):
    """The movements behind the figures, as aggregation shows them."""

    items: list[dict[str, Any]] = Field(description="A page of ledger rows, oldest first.")
    next_cursor: str | None = Field(description="Give it as cursor for the next page; null on the last.")
    path: str = Field(description="Where aggregation answers with them; empty where it cannot be asked.")
    unavailable: str = Field(
        description="Why they cannot be read now, and where to ask; empty where they are."
    )


class Explanation(BaseModel):
    """A change of an alert with everything behind it, as it was told."""

    alert_id: UUID = Field(description="The alert.")
    change: ChangeOut = Field(description="The change that is explained, with its figures as told.")
    rule_definition: dict[str, Any] | None = Field(
        description="The rule as it was in force: version, thresholds, dates, texts. Null where not kept."
    )
    known_at: datetime | None = Field(description="The instant of knowledge of the figures.")
    baselines: list[dict[str, Any]] = Field(description="Every baseline by name, with its points.")
    plan_decisions: list[PlanDecision] = Field(
        description="Every plan decision in force, by fund source; empty where aggregation cannot be asked."
    )
    movements: Movements
    fund_source_names: dict[str, FundSourceName] = Field(
        description="Every fund source of the figures, decisions and movements by name in both languages."
    )
    history: list[ChangeOut] = Field(description="Every change up to this one, oldest first.")
    sentences_vi: list[str] = Field(description="The explanation in Vietnamese.")
    sentences_en: list[str] = Field(description="The explanation in English.")


class Difference(BaseModel):
    """A figure that does not come out as it was told."""

    where: str = Field(description="Its place among the figures.")
    told: str = Field(description="As it was told.")
    again: str = Field(description="As it is reckoned again.")


class Recomputation(BaseModel):
    """The figures of a change reckoned again by the rule as it was."""

    alert_id: UUID = Field(description="The alert.")
    sequence: int = Field(description="Which of its changes.")
    from_record: list[Difference] = Field(description="From the record that was judged: empty is identical.")
    from_ledger: list[Difference] = Field(description="From the ledger as it knew then: empty is identical.")
    unavailable: str = Field(description="Why the ledger could not be asked; empty where it was.")
    identical: bool = Field(description="Whether both were reckoned and no figure differs.")


@dataclass(frozen=True, slots=True)
class _Asked:
    alert: AlertRow
    history: list[ChangeRow]
    kept: KeptChange
    progress: Progress | None
    # Why the record is none; empty where it is one, or was not kept.
    fault: str

    @property
    def evidence(self) -> EvidenceOf | None:
        if self.progress is None or self.progress.known_at is None:
            return None
        subject = self.progress.subject
        return EvidenceOf(
            subject.type,
            subject.code,
            self.progress.budget_year,
            self.progress.as_of.isoformat(),
            self.progress.known_at.isoformat(),
        )


class ExplanationApi:
    """The routes of one alert's explanation."""

    def __init__(self, pool: Pool, fund_sources: FundSourceNames, *, aggregation_url: str) -> None:
        self._pool = pool
        self._fund_sources = fund_sources
        self._aggregation_url = aggregation_url

    def install(self, api: Api) -> None:
        """Bind the routes."""
        api.route(
            "GET",
            "/v1/alerts/<alert_id>/explanation",
            summary="Why an alert was told: rule, baseline, figures with their formulas, movements, history.",
            scopes=(Scope.READ,),
            query=ExplanationQuery,
            response=Explanation,
            other_media_types=(_TEXT,),
            problems=(404, 503),
        )(self.explain)
        api.route(
            "GET",
            "/v1/alerts/<alert_id>/recomputation",
            summary="The figures of a change reckoned again: from what was judged, and from the ledger.",
            scopes=(Scope.READ,),
            query=ChangeQuery,
            response=Recomputation,
            problems=(404, 409, 503),
        )(self.recompute)

    def explain(self, alert_id: str, query: ExplanationQuery) -> Explanation | Response:
        """The change as it was told, with all that was kept of it."""
        asked = self._asked(alert_id, query)
        figures = Figures.model_validate(asked.kept.figures)
        movements, decisions = self._behind(asked, query)
        vi, en = (
            explaining.sentences(
                asked.kept,
                figures,
                asked.progress,
                asked.history,
                language,
                fund_sources=self._fund_sources,
                plan_decisions=decisions,
            )
            for language in ("vi", "en")
        )
        if query.format == "text" or (query.format is None and _prefers_text()):
            said = [*(vi if query.lang != "en" else ()), *(en if query.lang != "vi" else ())]
            return Response("\n".join(said) + "\n", content_type=f"{_TEXT}; charset=utf-8")
        history = [ChangeOut.of(each) for each in asked.history if each.sequence <= asked.kept.sequence]
        return Explanation(
            alert_id=asked.alert.alert_id,
            change=history[-1],
            rule_definition=dict(asked.kept.definition) if asked.kept.definition else None,
            known_at=asked.progress.known_at if asked.progress else None,
            baselines=explaining.points(asked.progress) if asked.progress else [],
            plan_decisions=decisions,
            movements=movements,
            fund_source_names=self._names(figures, decisions, movements),
            history=history,
            sentences_vi=vi,
            sentences_en=en,
        )

    def _names(
        self, figures: Figures, decisions: list[PlanDecision], movements: Movements
    ) -> dict[str, FundSourceName]:
        codes = {
            *(each.fund_source for each in figures.lines),
            *(each.fund_source for each in decisions),
            *(str(each.get("fund_source")) for each in movements.items),
        }
        known = self._fund_sources.by_code
        return {code: known[code] for code in sorted(codes & known.keys())}

    def recompute(self, alert_id: str, query: ChangeQuery) -> Recomputation:
        """The figures again, from the record and from the ledger."""
        asked = self._asked(alert_id, query)
        try:
            from_record = _from_record(asked)
        except NotKeptError as error:
            raise ProblemError(
                409,
                "evidence-not-kept",
                "Thay đổi này không lưu đủ căn cứ / too little was kept to reckon this change again",
                "Thay đổi do phiên bản cũ ghi, hoặc quy tắc không còn hiệu lực. / It is of an earlier "
                f"version, or its rule was in force no more: {error}.",
            ) from error
        from_ledger: list[Difference] = []
        unavailable = ""
        try:
            found = self._evidence(asked, limit=1, cursor=None)
            if asked.progress:
                from_ledger = _differences(asked.kept, recomputing.from_ledger(asked.progress, found))
        except NoEvidenceError as error:
            unavailable = str(error)
        except (KeyError, TypeError, ValueError) as error:
            unavailable = f"the answer is no evidence: {error}"
        return Recomputation(
            alert_id=asked.alert.alert_id,
            sequence=asked.kept.sequence,
            from_record=from_record,
            from_ledger=from_ledger,
            unavailable=unavailable,
            identical=not (from_record or from_ledger or unavailable),
        )

    def _asked(self, alert_id: str, query: ChangeQuery) -> _Asked:
        known = uuid_of(alert_id)
        within = {
            name: code
            for name, code in (
                ("province_code", caller().unit.province_code),
                ("owner_code", caller().unit.owner_code),
            )
            if code
        }
        with self._pool.transaction() as cursor:
            found = alert_queries.one(cursor, known, within=within) if known else None
            kept = (
                explanation_store.kept_change(cursor, known, sequence=query.sequence, at=query.at)
                if found and known
                else None
            )
        if found is None or kept is None:
            raise ProblemError(
                404,
                "no-such-alert",
                "Không có cảnh báo hoặc thay đổi này / there is no such alert, or no such change of it",
                f"Không có {shortened(alert_id)}; GET /v1/alerts liệt kê các cảnh báo. / "
                f"There is no {shortened(alert_id)}, or no such change; GET /v1/alerts lists them.",
            )
        progress, fault = None, ""
        try:
            progress = progress_codec.decode_progress(kept.evidence) if kept.evidence else None
        except codec.UndecodableError as error:
            fault = shortened(error, 300)
        return _Asked(*found, kept, progress, fault)

    def _behind(self, asked: _Asked, query: ExplanationQuery) -> tuple[Movements, list[PlanDecision]]:
        """The movements and the plan decisions behind the figures, as far as they can be read."""
        of = asked.evidence
        path = of.path(limit=query.limit) if of else ""
        try:
            found = self._evidence(asked, limit=query.limit, cursor=query.cursor)
            movements = Movements(path=path, unavailable="", **explaining.movements_from(found))
            return movements, explaining.decisions_from(found)
        except (NoEvidenceError, ValidationError) as error:
            why = f"Chưa đọc được bút toán; hỏi / they cannot be read now; ask aggregation: {path} "
            unavailable = f"{why}({shortened(error, 300)})"
            return Movements(items=[], next_cursor=None, path=path, unavailable=unavailable), []

    def _evidence(self, asked: _Asked, *, limit: int, cursor: str | None) -> Mapping[str, Any]:
        of = asked.evidence
        if of is None:
            raise NoEvidenceError("không lưu thời điểm biết / the instant of knowledge was not kept")
        return aggregation_client.ask(self._aggregation_url, of.path(limit=limit, cursor=cursor))


def _from_record(asked: _Asked) -> list[Difference]:
    if asked.progress:
        return _differences(asked.kept, asked.progress)
    if asked.fault:
        return [Difference(where="record", told=asked.kept.transition, again=asked.fault)]
    raise NotKeptError("the change was kept without the record that was judged")


def _differences(kept: KeptChange, progress: Progress) -> list[Difference]:
    try:
        flagged, again = recomputing.judged_again(progress, kept)
    except ValueError as error:
        # Nothing that was told could not be judged.
        return [Difference(where="record", told=kept.transition, again=shortened(error, 300))]
    return [
        Difference(where=where, told=told, again=now)
        for where, told, now in recomputing.differences(kept, flagged, again)
    ]


def _prefers_text() -> bool:
    return request.accept_mimetypes.best_match(["application/json", _TEXT], "application/json") == _TEXT
