"""What a fact states, in words: names of its fields, and its values as an officer reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.console.printing import amount, day, fund_source

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_AMOUNTS = {"amount", "cumulative", "total_investment"}

KINDS = {
    "movement": "chứng từ / movement",
    "statement_line": "lũy kế giải ngân / cumulative statement",
    "completed_work": "khối lượng hoàn thành / completed work",
    "revision": "quyết định giao vốn / plan decision",
    "reallocation": "điều chuyển kế hoạch vốn / reallocation",
    "schedule": "tiến độ, mục tiêu / schedule",
    "project": "dự án / project",
    "owner": "chủ đầu tư / owner",
    "officer": "cán bộ phụ trách / officer",
}
# In the order in which they are shown.
FIELDS = {
    "source_ref": "số chứng từ\nvoucher number",
    "source": "cơ quan\nsource",
    "project_code": "dự án\nproject",
    "project_name": "tên dự án\nproject name",
    "scope_code": "phạm vi\nscope",
    "fund_source": "nguồn vốn\nfund source",
    "value_date": "ngày hạch toán\nvalue date",
    "as_of": "đến ngày\nas of",
    "amount": "số tiền\namount",
    "cumulative": "lũy kế\ncumulative",
    "total_investment": "tổng mức đầu tư\ntotal investment",
    "currency": "tiền tệ\ncurrency",
    "kind": "loại\nkind",
    "base": "kế hoạch\nbase",
    "budget_year": "năm kế hoạch\nbudget year",
    "carried_from_year": "kéo dài từ năm\ncarried from",
    "decision_number": "số quyết định\ndecision",
    "decision_date": "ngày quyết định\ndecision date",
    "effective_date": "hiệu lực từ\nin force since",
    "points": "các mốc\npoints",
    "sides": "các dòng\nsides",
    "rate_base": "mẫu số\nrate base",
    "province_code": "tỉnh\nprovince",
    "owner_code": "mã chủ đầu tư\nowner code",
    "owner_name": "chủ đầu tư\nowner",
    "accountable_officer": "người phụ trách\nofficer",
    "level": "cấp\nlevel",
    "project_group": "nhóm dự án\ngroup",
    "district": "địa bàn\ndistrict",
    "sector": "lĩnh vực\nsector",
    "starts_on": "khởi công\nstarts on",
    "closed_on": "kết thúc\nclosed on",
    "head_name": "thủ trưởng\nhead",
    "head_post": "chức vụ\nposition",
    "supervisor_name": "người giám sát\nsupervisor",
    "officer_name": "cán bộ\nofficer",
    "officer_post": "chức vụ\nposition",
    "officer_email": "thư điện tử\nemail",
    "status": "tình trạng\nstatus",
    "reporter": "bên báo cáo\nreporter",
    "recovery_booking": "thu hồi tạm ứng\nrecovery",
    "reverses_event_id": "hủy sự kiện\nreverses",
    "revision": "lần sửa\nrevision",
}
_CHOICES = {
    "advance": "tạm ứng",
    "advance_recovery": "thu hồi tạm ứng",
    "completed_work_payment": "thanh toán khối lượng hoàn thành",
    "refund": "hoàn trả",
    "reversal": "hủy chứng từ",
    "actual": "thực tế",
    "estimate": "ước",
    "treasury": "kho bạc",
    "owner": "chủ đầu tư",
    "gross": "gộp",
    "net": "ròng",
    "initial": "giao đầu năm",
    "adjusted": "đã điều chỉnh",
    "allocated": "đã phân bổ",
    "carry_over": "vốn kéo dài",
    "project": "dự án",
    "fund_line": "nguồn vốn",
    "registered": "tiến độ đăng ký",
    "target": "mục tiêu",
    "national": "cả nước",
}
_CHOSEN = {"kind", "status", "reporter", "recovery_booking", "base", "level"}


def compared(
    first: Mapping[str, Any] | None, second: Mapping[str, Any] | None
) -> Iterator[tuple[str, str, str, bool]]:
    """Field, its words in the one and in the other, and whether they differ; fields that both leave empty are
    left out. A fact is given under the name of its kind."""
    one, other = _fields(first), _fields(second)
    both = one | other
    for name in [*(name for name in FIELDS if name in both), *sorted(both.keys() - FIELDS.keys())]:
        values = one.get(name), other.get(name)
        if any(value not in (None, "") for value in values):
            texts = (in_words(name, values[0]), in_words(name, values[1]))
            yield FIELDS.get(name, name), *texts, values[0] != values[1]


def kind(fact: Mapping[str, Any] | None) -> str:
    """What the fact is."""
    name = next(iter(fact or {}), "")
    return KINDS.get(name, name)


def in_words(field: str, value: Any) -> str:
    """A value as an officer reads it; nothing for none."""
    if isinstance(value, str):
        return _text_in_words(field, value)
    if value is None:
        return ""
    if field in _AMOUNTS and isinstance(value, int):
        return amount(value)
    if field == "points" and isinstance(value, list):
        return "\n".join(_point(point) for point in value)
    if field == "sides" and isinstance(value, list):
        return "\n".join(_side(side) for side in value)
    return json.dumps(value, ensure_ascii=False)


def _text_in_words(field: str, value: str) -> str:
    if field == "fund_source" and value:
        return fund_source(value)
    if field in _CHOSEN and value in _CHOICES:
        return f"{_CHOICES[value]} ({value})"
    return day(value) if _ISO_DAY.fullmatch(value) else value


def _fields(fact: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = dict(next(iter((fact or {}).values()), {}))
    return found


def _point(point: Mapping[str, Any]) -> str:
    when = day(str(point.get("date", "")))
    if point.get("amount") is not None:
        return f"{when}: {amount(point['amount'])}"
    whole, hundredths = divmod(int(point.get("basis_points") or 0), 100)
    return f"{when}: {whole},{hundredths:02d} %"


def _side(side: Mapping[str, Any]) -> str:
    before, after = (amount(side[name]) for name in ("amount_before", "amount_after"))
    return f"{side['project_code']}, {fund_source(side['fund_source'])}: {before} → {after}"
