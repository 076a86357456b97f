"""The import profiles themselves: what they say fits together, and what does not is named by file and key."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from services.ingest.sheets.profiles import profile_files, profile_template
from services.ingest.sheets.profiles.profile_listing import columns, header_of, listed
from services.ingest.sheets.row_items import ROW_KINDS
from services.ingest.sheets.sheet_rows import ReadFile, read_file
from services.runtime.errors import StopServiceError
from tests.support.profile_workbooks import WORKBOOKS
from tests.unit.ingest.reading import POLICY, read

PROFILES = profile_files.load_all(POLICY)
NAMES = {
    "plan", "annual-plan", "plan-adjustment", "carry-over", "schedule", "registered-schedule",
    "target-milestones", "treasury-vouchers", "cumulative-statement", "completed-work", "projects", "owners",
    "officers", "reallocation",
}  # fmt: skip


def test_there_is_a_profile_and_a_workbook_for_everything_that_offices_send() -> None:
    assert set(PROFILES) == set(WORKBOOKS) == NAMES


@pytest.mark.parametrize("name", ["plan", "schedule", "treasury-vouchers", "cumulative-statement"])
def test_a_general_profile_names_every_choice_of_the_domain(name: str) -> None:
    profile = PROFILES[name]
    for field, choices in ROW_KINDS[profile.kind].choices().items():
        assert set(profile.fields[field].choices) == {str(choice) for choice in choices}, field


def test_every_fund_source_may_be_written_by_code_or_name() -> None:
    choices = PROFILES["plan"].fields["fund_source"].choices
    assert {"central", "local", "central.foreign_grant", "local.on_lent_foreign"} <= set(choices)
    assert all(len(words) >= 2 for words in choices.values())


def test_what_a_profile_extends_it_need_not_say_again() -> None:
    annual, plan = PROFILES["annual-plan"], PROFILES["plan"]
    assert annual.fields["base"].fixed == "initial"
    assert annual.fields["base"].choices == plan.fields["base"].choices
    assert annual.fields["project_code"] == plan.fields["project_code"]
    assert "carried_from_year" in plan.fields
    assert "carried_from_year" not in annual.fields


def _changed(tmp_path: Path, file: str, change: dict[str, Any]) -> Path:
    """The project's policies with one profile changed: ``a.b`` to its value, ``None`` to nothing."""
    shutil.copytree(POLICY, tmp_path / "policy")
    path = tmp_path / "policy" / "import" / file
    stated = yaml.safe_load(path.read_text("utf-8"))
    for key, value in change.items():
        *above, last = key.split("/")
        place = stated
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    path.write_text(yaml.safe_dump(stated, allow_unicode=True, sort_keys=False), "utf-8")
    return tmp_path / "policy"


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("plan.yaml", {"fields/amount/type": "float"}, "import/plan.yaml: fields.amount.type:"),
        ("plan.yaml", {"fields/amount/headers": []}, "import/plan.yaml: fields.amount.headers:"),
        ("plan.yaml", {"fields/amount/requird": True}, "import/plan.yaml: fields.amount.requird:"),
        ("plan.yaml", {"fields/base/title": "no group"}, "import/plan.yaml: fields.base.title:"),
        ("plan.yaml", {"default_unit": "bushel"}, "import/plan.yaml: default_unit: 'bushel'"),
        ("plan.yaml", {"key": "code"}, "import/plan.yaml: key: there is no field code"),
        ("plan.yaml", {"kind": "gift"}, "import/plan.yaml: kind:"),
        ("plan.yaml", {"header_row": 0}, "import/plan.yaml: header_row"),
        ("plan.yaml", {"fields/colour": {"type": "text", "headers": ["màu"], "en": "colour"}},
         "import/plan.yaml: fields.colour: rows of kind plan-revision have no such field"),
        ("plan.yaml", {"fields/district": {"headers": ["mã dự án"]}},
         "import/plan.yaml: fields: the header 'mã dự án' names project_code and district"),
        ("annual-plan.yaml", {"extends": "plans"}, "import/annual-plan.yaml: extends: there is no profile"),
        ("plan.yaml", {"extends": "annual-plan"}, "extends: goes in a circle"),
        ("annual-plan.yaml", {"fields/base/fixed": "intial"},
         "import/annual-plan.yaml: fields.base.fixed: 'intial' does not read (unknown-choice)"),
        ("treasury-vouchers.yaml", {"fields/line/default": "one"},
         "import/treasury-vouchers.yaml: fields.line.default: 'one' does not read (not-an-integer)"),
        ("treasury-vouchers.yaml", {"fields/kind/choices/gift": ["quà"]},
         "import/treasury-vouchers.yaml: fields.kind.choices: 'gift' is none of"),
        ("treasury-vouchers.yaml", {"fields/value_date": None},
         "import/treasury-vouchers.yaml: fields.value_date"),
        ("officers.yaml", {"fields/officer_name/required": False},
         "import/officers.yaml: fields.officer_name: rows of kind officer need it"),
        ("registered-schedule.yaml", {"months/headers": ["tháng"]},
         "import/registered-schedule.yaml: months.headers.0:"),
        ("registered-schedule.yaml", {"months/total": "kind"},
         "import/registered-schedule.yaml: months.total: kind is no field of money"),
        ("plan-adjustment.yaml", {"row_sums": [{"result": "amount", "plus": ["befor"]}]},
         "import/plan-adjustment.yaml: row_sums.0: there is no field befor"),
        ("owners.yaml", {"months": {"amounts": "weekly"}}, "import/owners.yaml: months.amounts:"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_named_by_file_and_key(
    tmp_path: Path, file: str, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(StopServiceError) as stopped:
        profile_files.load_all(_changed(tmp_path, file, change))
    assert told in str(stopped.value)


def test_every_wrong_profile_is_told_at_once(tmp_path: Path) -> None:
    policy = _changed(tmp_path, "owners.yaml", {"key": "x"})
    (policy / "import" / "officers.yaml").write_text("kind: [", "utf-8")
    with pytest.raises(StopServiceError) as stopped:
        profile_files.load_all(policy)
    assert "import/owners.yaml: key" in str(stopped.value)
    assert "import/officers.yaml:" in str(stopped.value)


# --- what officers are given ----------------------------------------------------------------------


def test_the_listing_tells_every_column_in_both_languages() -> None:
    told = {profile.name: profile for profile in listed(PROFILES.values()).profiles}
    assert set(told) == NAMES
    annual = told["annual-plan"]
    assert (annual.label.vi, annual.label.en) == ("Kế hoạch vốn giao đầu năm", "Annual plan")
    assert [(each.field, each.value) for each in annual.fixed] == [("base", "initial")]
    group = next(column for column in annual.columns if column.field == "project_group")
    assert (group.header.vi, group.header.en, group.required, group.type) == (
        "Nhóm", "project group", False, "choice",
    )  # fmt: skip
    assert [choice.value for choice in group.choices] == ["A", "B", "C"]
    months = [column.header.vi for column in told["registered-schedule"].columns]
    assert "Tháng 1" in months
    assert "Tháng 1 năm sau" in months
    assert len([header for header in months if header.startswith("Tháng")]) == 13


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_template_has_the_headers_that_are_read_and_a_guide_that_is_not(name: str) -> None:
    profile = PROFILES[name]
    content = profile_template.workbook(profile)
    book = openpyxl.load_workbook(io.BytesIO(content))
    form, guide = book.worksheets
    headers = [cell.value for cell in form[3]]
    assert headers == [header_of(field) for _, field in columns(profile)]
    assert all(cell.comment for cell in form[3])
    assert guide.title == "Hướng dẫn - Guide"
    told = read(content, file_name="mau.xlsx", profile=name)
    assert [fault.code for fault in told.errors if fault.code != "column-missing"] == ["no-rows"]
    assert not [warning for warning in told.warnings if "không được đọc" in warning or guide.title in warning]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_template_filled_in_with_its_examples_is_read(name: str) -> None:
    profile = PROFILES[name]
    book = openpyxl.load_workbook(io.BytesIO(profile_template.workbook(profile)))
    form = book.worksheets[0]
    for index, (field_name, field) in enumerate(columns(profile), start=1):
        either_or = field_name == "amount" and name in ("schedule", "target-milestones")
        is_month = field.spread is not None
        example = "100" if is_month else "" if either_or else field.example
        form.cell(4, index).value = example or None
    if name == "plan":
        form.cell(4, [field for field, _ in columns(profile)].index("carried_from_year") + 1).value = None
    stream = io.BytesIO()
    book.save(stream)
    filled = read(stream.getvalue(), file_name="mau.xlsx", profile=name)
    assert [(fault.code, fault.where) for fault in filled.errors] == []
    assert len(filled.items) == 1


# --- which sheet, which header --------------------------------------------------------------------


def _vouchers(sheet: Any, *, above: int = 0) -> None:
    for _ in range(above):
        sheet.append(
            ["Số chứng từ", "Dòng", "Mã dự án", "Nguồn vốn", "Số tiền", "Ngày", "Loại", "Năm ngân sách"]
        )
    sheet.append(
        ["Số chứng từ", "Mã dự án", "Nguồn vốn", "Số tiền (đồng)", "Ngày", "Loại giao dịch", "Năm ngân sách"]
    )
    sheet.append(["V-1", "P1", "NSTW", 5, "31/05/2022", "thanh toán", 2022])


def _book(*titles: str, above: int = 0) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title in titles:
        _vouchers(book.create_sheet(title), above=above)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _read_by(policy: Path, content: bytes) -> ReadFile:
    return read_file(
        content,
        file_name="a.xlsx",
        profile="treasury-vouchers",
        source="s",
        defaults={},
        policy_dir=policy,
        max_rows=100,
    )


@pytest.mark.parametrize(
    ("sheet", "read_sheets"),
    [
        ("*", ["Biểu 01", "Biểu 02", "Tổng hợp"]),
        ("biểu 0?", ["Biểu 01", "Biểu 02"]),
        ("TỔNG HỢP", ["Tổng hợp"]),
    ],
)
def test_a_profile_may_name_its_sheets(tmp_path: Path, sheet: str, read_sheets: list[str]) -> None:
    policy = _changed(tmp_path, "treasury-vouchers.yaml", {"sheet": sheet})
    content = _book("Biểu 01", "Biểu 02", "Tổng hợp", "Lỗi - Faults")
    read_back = _read_by(policy, content)
    assert [place.partition(",")[0] for place in read_back.places] == [
        f"trang {name}" for name in read_sheets
    ]


def test_a_sheet_that_is_not_there_is_told(tmp_path: Path) -> None:
    policy = _changed(tmp_path, "treasury-vouchers.yaml", {"sheet": "Biểu 03"})
    (fault,) = _read_by(policy, _book("Biểu 01")).errors
    assert (fault.code, fault.read) == ("sheet-not-found", "Biểu 01")
    assert "Biểu 03" in fault.mend


@pytest.mark.parametrize(("header_row", "codes"), [(2, []), (9, ["header-not-found"])])
def test_a_profile_may_fix_its_header_row(tmp_path: Path, header_row: int, codes: list[str]) -> None:
    """The first of two rows of headers names more fields; the profile says that the second one is meant."""
    content = _book("S", above=1)
    assert [fault.code for fault in _read_by(POLICY, content).errors] != []
    policy = _changed(tmp_path, "treasury-vouchers.yaml", {"header_row": header_row})
    assert [fault.code for fault in _read_by(policy, content).errors] == codes
