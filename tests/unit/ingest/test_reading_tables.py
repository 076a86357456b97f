"""Where the table is, what stands around it, and totals that must agree."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from services.contracts.stated.models import StatementLineIn
from services.ingest.sheets.sheet_rows import ReadFile
from services.runtime.errors import ProblemError
from tests.unit.ingest.reading import (
    amounts,
    both,
    faults,
    in_code_page_1258,
    read,
    read_text,
    statement,
    workbook,
)

AMOUNT_OF_TOTAL = both("row 5, column E (Lũy kế giải ngân)")


def test_a_statement_as_an_office_sends_it() -> None:
    read_back = read_text(
        """
        SỞ KẾ HOẠCH VÀ ĐẦU TƯ;;;
        LŨY KẾ GIẢI NGÂN VỐN ĐẦU TƯ CÔNG NĂM 2022;;;
        (Lũy kế từ đầu năm đến hết ngày 31/07/2022);;Đơn vị tính: Triệu đồng;
        STT;Mã dự án;Nguồn vốn;Lũy kế giải ngân
        A;B;1;2
        I;;Ngân sách trung ương;
        1;P1;NSTW đầu tư theo ngành, lĩnh vực;113.753
        2;P2;central.foreign_grant;78.604
        ;Tổng cộng;;192.357
        ;;;
        ;;;Cà Mau, tháng Tám
        ;NGƯỜI LẬP BIỂU;;THỦ TRƯỞNG ĐƠN VỊ
        """
    )
    assert read_back.errors == []
    assert amounts(read_back) == [113_753_000_000, 78_604_000_000]
    assert [line.as_of for line in read_back.items] == [date(2022, 7, 31)] * 2  # type: ignore[union-attr]


def test_notes_and_signatures_under_the_total_are_passed_over() -> None:
    below = "Tổng cộng;;;;3\n;;;;\nNgười lập biểu;;;;\nGhi chú: số liệu KBNN;;;;"
    read_back = read_text(statement("1", "2", below=below))
    assert (amounts(read_back), read_back.errors) == ([1_000_000, 2_000_000], [])
    assert read_back.places == [both("row 3"), both("row 4")]
    assert read_back.rows_read == 2


def test_an_amount_under_the_total_is_an_item_whose_faults_are_told() -> None:
    read_back = read_text(statement("1", "2", below="Tổng cộng;;;;3\nbổ sung sau;;;;9"))
    assert ("space-in-code", both("row 6, column A (Mã dự án)")) in faults(read_back)


def test_a_row_under_the_total_that_lacks_only_its_amount_is_told() -> None:
    read_back = read_text(statement("1", below="Tổng cộng;;;;1\nP9;NSTW;2022;31/07/2022;"))
    assert faults(read_back) == [("missing-value", both("row 5, column E (Lũy kế giải ngân)"))]


def test_a_heading_of_a_group_is_passed_over_and_named() -> None:
    text = statement("1").replace("\nP1", "\n;Ngân sách trung ương;;;\nP1")
    read_back = read_text(text)
    assert (amounts(read_back), read_back.errors) == ([1_000_000], [])
    assert "Ngân sách trung ương" in read_back.warnings[0]


def test_a_row_that_only_numbers_the_columns_is_passed_over() -> None:
    assert amounts(read_text(statement("1").replace("\nP1", "\n(1);(2);(3);(4);(5)\nP1"))) == [1_000_000]


@pytest.mark.parametrize("label", ["Tổng cộng", "TỔNG CỘNG:", "Total", "Cộng", "Tổng số"])
def test_a_total_that_is_the_sum_of_its_parts_is_no_item(label: str) -> None:
    read_back = read_text(statement("1.213.570", "3.837.535", below=f"{label};;;;5.051.105"))
    assert (len(read_back.items), read_back.errors) == (2, [])


def test_a_total_that_is_not_the_sum_of_its_parts_names_both_figures() -> None:
    """Printed in a real report."""
    read_back = read_text(statement("1.213.570", "3.837.535", below="Tổng cộng;;;;5.023.546"))
    (fault,) = read_back.errors
    assert (fault.code, fault.where, fault.read) == ("total-mismatch", AMOUNT_OF_TOTAL, "5.023.546")
    assert "5.023.546.000.000" in fault.detail
    assert "5.051.105.000.000" in fault.detail
    assert "27.559.000.000" in fault.detail


def test_the_figures_of_a_total_are_exact_and_each_has_its_unit() -> None:
    text = statement("1.000.000", "0", below="Tổng cộng;;;;99.999.999.999.999")
    (fault,) = read_text(text).errors
    assert fault.detail == (
        "Tổng ghi 99.999.999.999.999.000.000 đồng, cộng các dòng được 1.000.000.000.000 đồng, "
        "lệch 99.999.998.999.999.000.000 đồng. / "
        "The printed total is 99.999.999.999.999.000.000 đồng, the rows add up to 1.000.000.000.000 đồng: "
        "99.999.998.999.999.000.000 đồng apart."
    )


def test_a_total_above_the_rows_is_compared_too() -> None:
    text = statement("1", "2").replace("\nP1", "\nTổng số;;;;4\nP1")
    assert faults(read_text(text)) == [("total-mismatch", both("row 3, column E (Lũy kế giải ngân)"))]


def test_subtotals_count_since_the_last_and_the_total_counts_all() -> None:
    text = statement("1", "2").replace("\nP2", "\nCộng;;;;1\nP2")
    assert read_text(text + "Cộng;;;;2\nTổng cộng;;;;3").errors == []
    assert faults(read_text(text + "Cộng;;;;3\nTổng cộng;;;;3"))[0][0] == "total-mismatch"


def test_a_total_over_an_unreadable_amount_does_not_repeat_the_fault() -> None:
    read_back = read_text(statement("1", "x", below="Tổng cộng;;;;3"))
    assert [code for code, _ in faults(read_back)] == ["not-a-number"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_found_out_from_the_header_row(delimiter: str) -> None:
    text = statement("1.207").replace(";", delimiter)
    assert amounts(read_text(text)) == [1_207_000_000]


def test_quoted_cells_keep_their_delimiter() -> None:
    text = statement("1").replace(";", ",").replace(",1\n", ',"1,5"\n')
    assert amounts(read_text(text)) == [1_500_000]


def test_headers_match_in_any_case_spacing_and_unicode_form() -> None:
    plain = statement("1")
    for spelt in (plain.replace("Mã dự án", " MÃ   DỰ ÁN: "), unicodedata.normalize("NFD", plain)):
        assert amounts(read_text(spelt)) == [1_000_000]


def test_english_headers_and_words_are_read() -> None:
    read_back = read_text(
        """
        Unit: VND million
        Project code;Fund source;Budget year;As of;Cumulative disbursed
        P1;Central government budget;2022;2022-07-31;1
        """
    )
    assert (amounts(read_back), read_back.items[0].fund_source) == (  # type: ignore[union-attr]
        [1_000_000],
        "central",
    )


def test_the_unit_may_stand_in_the_header() -> None:
    text = (
        statement("1")
        .replace("Đơn vị tính: triệu đồng\n", "")
        .replace("giải ngân\n", "giải ngân (tỷ đồng)\n")
    )
    read_back = read_text(text)
    assert (amounts(read_back), read_back.warnings) == ([1_000_000_000], [])


def test_without_a_unit_a_file_is_refused() -> None:
    read_back = read_text(statement("1.000").replace("Đơn vị tính: triệu đồng\n", ""))
    assert faults(read_back) == [("unit-missing", both("row 1, column E (Lũy kế giải ngân)"))]
    given = read_text(
        statement("1.000").replace("Đơn vị tính: triệu đồng\n", ""), defaults={"unit": "nghìn đồng"}
    )
    assert (faults(given), amounts(given)) == ([], [1_000_000])


def test_two_units_in_the_title_are_refused() -> None:
    text = "Đơn vị tính: tỷ đồng\n" + statement("1")
    assert faults(read_text(text)) == [("title-disagrees", "tệp / file")]


def test_a_unit_given_with_the_upload_must_agree_with_the_title() -> None:
    assert read_text(statement("1"), defaults={"unit": "triệu đồng"}).errors == []
    assert faults(read_text(statement("1"), defaults={"unit": "đồng"})) == [("title-disagrees", "tệp / file")]
    assert faults(read_text(statement("1"), defaults={"unit": "USD"})) == [("unknown-choice", "unit")]


def test_an_office_named_after_don_vi_is_no_unit() -> None:
    assert amounts(read_text("Đơn vị: Sở Giao thông vận tải\n" + statement("1"))) == [1_000_000]


def _budget_year(read: ReadFile) -> int:
    item = read.items[0]
    assert isinstance(item, StatementLineIn)
    return item.budget_year


def _without_dates(title: str) -> str:
    return f"{title}\nĐơn vị tính: triệu đồng\nMã dự án;Nguồn vốn;Lũy kế\nP1;NSTW;1"


def test_the_title_states_the_date_and_the_year() -> None:
    (line,) = read_text(_without_dates("LŨY KẾ NĂM 2022 đến ngày 31/07/2022")).items
    assert (line.as_of, line.budget_year) == (date(2022, 7, 31), 2022)  # type: ignore[union-attr]


def test_the_year_of_a_date_in_words_is_not_the_budget_year() -> None:
    title = "KẾ HOẠCH NĂM 2022 (Quyết định ngày 10 tháng 12 năm 2021) đến ngày 31/07/2022"
    assert _budget_year(read_text(_without_dates(title))) == 2022


def test_a_title_that_states_two_dates_is_refused() -> None:
    title = "NĂM 2022 đến ngày 31/07/2022\nđến ngày 31/08/2022"
    assert ("title-disagrees", "tệp / file") in faults(read_text(_without_dates(title)))


def test_what_the_file_does_not_state_may_come_with_the_upload() -> None:
    given = {"budget_year": "2022", "as_of": "31/07/2022"}
    assert _budget_year(read_text(_without_dates("x"), defaults=given)) == 2022
    contradicted = read_text(_without_dates("năm 2021"), defaults=given)
    assert faults(contradicted) == [("title-disagrees", "tệp / file")]
    (unknown,) = read_text(statement("1"), defaults={"colour": "red"}).errors
    assert (unknown.code, unknown.where) == ("unknown-default", "colour")
    # What the form has, and no field that only a column states.
    assert unknown.mend.startswith("Bỏ trống; mẫu này chỉ nhận: budget_year, as_of, unit. / ")


def test_a_missing_column_tells_what_was_seen_and_what_is_expected() -> None:
    (fault,) = read_text(statement("1").replace("Nguồn vốn", "Ngân khoản")).errors
    assert (fault.code, fault.where) == ("column-missing", both("row 2"))
    assert "Ngân khoản" in fault.detail
    assert "fund_source" in fault.detail
    assert "nguồn vốn" in fault.mend


def test_a_file_without_a_header_row_tells_what_is_expected() -> None:
    (fault,) = read_text("a;b\nc;d").errors
    assert fault.code == "header-not-found"
    assert "mã dự án" in fault.mend


def test_two_columns_of_one_field_are_refused() -> None:
    text = statement("1").replace("Đến ngày;", "Mã số dự án;")
    (fault,) = (fault for fault in read_text(text).errors if fault.code == "column-repeated")
    assert fault.where == both("row 2, column D (Mã số dự án)")
    assert "trùng với cột A (Mã dự án)" in fault.detail
    assert "project_code" not in fault.detail


def test_an_unknown_fund_source_names_the_nearest_three() -> None:
    (fault,) = read_text(statement("1").replace("NSTW", "Xổ số kiến thiêt")).errors
    assert (fault.code, fault.read) == ("unknown-choice", "Xổ số kiến thiêt")
    assert "…" not in fault.mend
    vietnamese, _ = fault.mend.split(" / ")
    first, *others = vietnamese.partition("gần nhất là: ")[2].split("), ")
    assert first.startswith("local.lottery")
    assert len(others) == 2


def test_faults_come_as_a_person_goes_through_the_file() -> None:
    # The model's own refusals are known after those of the cells of a later row.
    text = (
        statement("1", "x")
        .replace("P1;NSTW", f"{'P' * 65};NSTW")
        .replace("2022;31/07/2022;x", "hai;12/31/2022;x")
    )
    assert [(fault.row, fault.column) for fault in read_text(text).errors] == [
        (3, "A"), (4, "C"), (4, "D"), (4, "E"),
    ]  # fmt: skip


def test_a_day_in_the_american_order_and_a_bare_number_say_how_a_day_is_written() -> None:
    for written, told in (("12/31/2022", "ngày/tháng/năm"), ("44742", "định dạng ô là Ngày")):
        (fault,) = read_text(statement("1").replace("31/07/2022", written)).errors
        assert told in fault.mend


def test_a_column_that_is_not_read_is_named() -> None:
    text = statement("1").replace("giải ngân\n", "giải ngân;Kế hoạch vốn\n")
    assert "column F (Kế hoạch vốn)" in read_text(text).warnings[0]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = statement("1", "x", "1,234,567", "-4", "5").replace("P5;NSTW", "P5;Quỹ khác").replace("P1;", ";")
    assert faults(read_text(text)) == [
        ("missing-value", both("row 3, column A (Mã dự án)")),
        ("not-a-number", both("row 4, column E (Lũy kế giải ngân)")),
        ("ambiguous-number", both("row 5, column E (Lũy kế giải ngân)")),
        ("negative-amount", both("row 6, column E (Lũy kế giải ngân)")),
        ("unknown-choice", both("row 7, column B (Nguồn vốn)")),
    ]


def test_the_list_of_faults_is_bounded_and_says_so() -> None:
    read_back = read_text(statement(*["x"] * 2_500), max_rows=3_000)
    assert len(read_back.errors) == 2_001
    assert "500" in read_back.errors[-1].detail


def test_the_models_refusals_are_told_at_their_cell() -> None:
    text = statement("1").replace("P1;", "P\u200b1;")
    (fault,) = read_text(text).errors
    assert (fault.code, fault.where) == ("invisible-character", both("row 3, column A (Mã dự án)"))
    assert fault.detail == "Có ký tự ẩn U+200B. / It holds the invisible character U+200B."


def test_a_rule_that_the_models_alone_know_is_told_in_their_words() -> None:
    (fault,) = read_text(statement("1").replace("P1;", "P" * 65 + ";")).errors
    assert (fault.code, fault.where) == ("string-too-long", both("row 3, column A (Mã dự án)"))
    assert fault.detail == "dài hơn 64 ký tự / is longer than 64 characters"


def test_the_same_line_twice_in_a_file_is_refused() -> None:
    ((code, where),) = faults(read_text(statement("1", "1").replace("P2", "P1")))
    assert (code, where) == ("duplicate-row", both("row 4"))


def test_24_broken_utf8_is_refused_at_its_byte() -> None:
    content = statement("1").encode()
    at = content.index(b"\n")
    for broken, byte in (
        (content[:at] + b"\xff" + content[at:], at + 1),
        (content + b"\xc4", len(content) + 1),
    ):
        with pytest.raises(ProblemError, match="not-utf8") as caught:
            read(broken, file_name="a.csv")
        assert caught.value.problem.status == 400
        assert f"Byte {byte} is not UTF-8" in caught.value.problem.detail
        assert "CSV UTF-8" in caught.value.problem.detail


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_text_is_read_whatever_its_byte_order_mark(encoding: str) -> None:
    assert amounts(read(statement("1").encode(encoding), file_name="a.csv")) == [1_000_000]


def test_text_in_the_vietnamese_code_page_is_read_with_a_warning() -> None:
    read_back = read(in_code_page_1258(statement("1")), file_name="a.csv")
    assert (amounts(read_back), read_back.errors) == ([1_000_000], [])
    assert "Windows-1258" in read_back.warnings[0]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "iso-8859-15"])
def test_text_in_a_western_code_page_is_not_guessed_at(encoding: str) -> None:
    content = statement("1").encode(encoding, errors="replace") + "Größe;ñ;ç".encode(encoding)
    with pytest.raises(ProblemError, match="not-utf8"):
        read(content, file_name="a.csv")


def test_one_letter_that_is_not_vietnamese_makes_the_code_page_doubtful() -> None:
    content = in_code_page_1258(statement("1", below="ghi chú"))
    assert read(content, file_name="a.csv").items
    with pytest.raises(ProblemError, match="not-utf8"):
        read(content + b" Gr\xf6\xdfe", file_name="a.csv")


def test_text_in_an_old_vietnamese_font_is_not_guessed_at() -> None:
    # TCVN3 (the fonts .VnTime and the like): "Mã dự án;Nguồn vốn;Năm" as its bytes.
    head = b"M\xb7 d\xf9 \xb8n;Ngu\xe5n v\xe8n;N\xa8m ng\xa9n s\xb8ch;\xa7\xd5n ng\xb5y;Lu\xfc k\xd5\n"
    with pytest.raises(ProblemError, match="not-utf8"):
        read(head + b"P1;NSTW;2022;31/07/2022;1\n", file_name="a.csv")


def test_an_unfinished_quotation_is_told() -> None:
    assert ("unreadable-row", both("row 4")) in faults(read_text(statement("1", '"2')))
    under_the_total = 'Tổng cộng;;;;1\n"Người lập\nP2;NSTW;2022;31/07/2022;5'
    assert faults(read_text(statement("1", below=under_the_total))) == [("unreadable-row", both("row 5"))]


def test_too_many_rows_are_refused() -> None:
    assert len(read_text(statement("1", "2", "3"), max_rows=3).items) == 3
    with pytest.raises(ProblemError, match="too-many-rows") as caught:
        read_text(statement("1", "2", "3", "4"), max_rows=3)
    assert caught.value.problem.status == 413


def test_rows_beyond_a_gap_are_refused_and_not_cut_off() -> None:
    with pytest.raises(ProblemError, match="too-many-rows"):
        read_text(statement("1", below="\n" * 2_000 + "P2;NSTW;2022;31/07/2022;2"), max_rows=3)


def test_an_empty_table_is_refused() -> None:
    assert faults(read_text(statement())) == [("no-rows", "tệp / file")]
    assert faults(read_text("Cột lạ;Khác")) == [("header-not-found", "tệp / file")]


@pytest.mark.parametrize(
    ("content", "file_name"),
    [
        (b"", "a.csv"),
        (b"", "a.xlsx"),
        (b"\xef\xbb\xbf\r\n", "a.csv"),
        (b";;\n;;\n", "a.csv"),
        (workbook(lambda _: None), "a.xlsx"),
    ],
)
def test_an_empty_file_is_called_so(content: bytes, file_name: str) -> None:
    (fault,) = read(content, file_name=file_name).errors
    assert (fault.code, fault.detail) == ("empty-file", "Tệp rỗng. / The file is empty.")


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="no import profile"):
        read_text(statement("1"), profile="../plan")
