"""Every fault a file can have: one table, in Vietnamese first, then English."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime import field_faults
from services.runtime.errors import FieldError, shortened
from services.runtime.wording import Wording


@dataclass(frozen=True, slots=True)
class Place:
    """A sheet, row or cell of a file. ``row`` counts from 1, ``column`` is its letters; as text, it is
    the place in words: ``dòng 12, cột E (Số tiền) / row 12, column E (Số tiền)``.
    """

    sheet: str = ""
    row: int | None = None
    column: str | None = None
    header: str = ""

    def __str__(self) -> str:
        vietnamese, english = self._in_words("trang", "dòng", "cột"), self._in_words("sheet", "row", "column")
        return f"{vietnamese} / {english}" if english else WHOLE_FILE

    def _in_words(self, for_sheet: str, for_row: str, for_column: str) -> str:
        parts = [f"{for_sheet} {self.sheet}"] if self.sheet else []
        if self.row is not None:
            parts.append(f"{for_row} {self.row}")
        if self.column is not None:
            parts.append(f"{for_column} {self.column}" + (f" ({self.header})" if self.header else ""))
        return ", ".join(parts)


# The place of what concerns no single sheet, row or cell.
WHOLE_FILE = "tệp / file"


FAULTS = {
    # The sheet
    "empty-file": Wording(
        "Tệp rỗng.",
        "The file is empty.",
        "Kiểm tra xem có gửi nhầm tệp không.",
        "Check that this is the file you meant.",
    ),
    "header-not-found": Wording(
        "Không tìm thấy dòng tiêu đề của bảng.",
        "No header row was found.",
        "Cần các cột: {expected}.",
        "Expected columns: {expected}.",
    ),
    "column-missing": Wording(
        "Thiếu cột {column}. Các cột đọc được: {seen}.",
        "The column {column} is missing. Columns seen: {seen}.",
        "Thêm một cột có tiêu đề: {expected}.",
        "Add a column headed with one of: {expected}.",
    ),
    "column-repeated": Wording(
        "Cột này trùng với cột {other}: cả hai cùng là {column}.",
        "This column repeats the column {other}: both are {column}.",
        "Chỉ giữ một cột, hoặc đổi tiêu đề cột kia.",
        "Keep one of them, or rename the other.",
    ),
    "title-disagrees": Wording(
        "Phần tiêu đề nêu nhiều giá trị khác nhau cho {column}: {values}.",
        "The title rows state different values for {column}: {values}.",
        "Chỉ nêu một giá trị.",
        "State one value.",
    ),
    "sheet-not-found": Wording(
        "Không có trang nào tên {sheet}.",
        "There is no sheet named {sheet}.",
        "Đổi tên trang cần đọc thành {sheet}.",
        "Name the sheet that is to be read {sheet}.",
    ),
    "header-year-disagrees": Wording(
        "Tiêu đề cột ghi năm khác với năm ngân sách: cột này phải là năm {expected}.",
        "The header names another year than the budget year allows: this column is of {expected}.",
        "Sửa năm trong tiêu đề, hoặc sửa năm ngân sách.",
        "Correct the year in the header, or the budget year.",
    ),
    "unit-missing": Wording(
        "Không ghi đơn vị tính của số tiền.",
        "No unit is stated for the amounts.",
        "Ghi trên bảng, ví dụ 'Đơn vị tính: triệu đồng', hoặc chọn đơn vị tính khi gửi. Nhận: {known}.",
        "State it above the table, such as 'Đơn vị tính: triệu đồng', or with the upload. Known: {known}.",
    ),
    "unit-not-understood": Wording(
        "Không hiểu đơn vị tính này.",
        "This unit is not understood.",
        "Ghi một trong: {known}; nếu không phải đơn vị tính thì bỏ khỏi phần trên bảng.",
        "Write one of: {known}; if it is no unit, take it away from above the table.",
    ),
    "period-not-read": Wording(
        "Cột này là quý hoặc nhiều tháng: không rõ số tiền thuộc tháng nào.",
        "This column is a quarter or several months: which month an amount belongs to cannot be known.",
        "Tách thành từng tháng, hoặc bỏ cột.",
        "Divide it into months, or remove the column.",
    ),
    "months-under-two-headings": Wording(
        "Các cột tháng đứng dưới những tiêu đề khác nhau: {headings}.",
        "The months stand under different headings: {headings}.",
        "Chỉ giữ các tháng của một đường tiến độ.",
        "Keep the months of one schedule.",
    ),
    "title-says-cumulative": Wording(
        "Phần tiêu đề nói số lũy kế, nhưng các cột tháng được hiểu là số của từng tháng.",
        "The title says cumulative, but the months are read as amounts of each month.",
        "Ghi ở tiêu đề cột: 'Lũy kế đến tháng 3' hoặc 'Tháng 3'; bỏ chữ lũy kế trên bảng.",
        "Say it in the column headers, 'Lũy kế đến tháng 3' or 'Tháng 3', and not above the table.",
    ),
    "hidden-sheet": Wording(
        "Trang này bị ẩn nhưng có bảng số liệu.",
        "This sheet is hidden and holds a table.",
        "Cho hiện trang nếu là số liệu thật, xóa trang nếu không.",
        "Show the sheet if it counts, delete it if it does not.",
    ),
    "no-rows": Wording(
        "Tệp không có dòng số liệu nào.",
        "The file holds no rows.",
        "Kiểm tra xem có gửi nhầm tệp không.",
        "Check that this is the file you meant.",
    ),
    "unreadable-row": Wording(
        "Không tách được dòng thành các ô: dấu ngoặc kép thừa hoặc không đóng.",
        "The row cannot be split into cells: {reason}.",
        "Kiểm tra dấu ngoặc kép của dòng này.",
        "Check the quotation marks of this row.",
    ),
    "merged-cells": Wording(
        "Ô gộp {cells} đi qua dòng số liệu: không rõ giá trị thuộc dòng nào.",
        "The merged cells {cells} cross a row of figures: whose value it is cannot be known.",
        "Bỏ gộp ô và ghi giá trị vào từng dòng.",
        "Unmerge them and write the value in each row.",
    ),
    "cells-beyond-header": Wording(
        "Ô này của dòng số liệu không nằm dưới tiêu đề nào: các số trong dòng có thể đã lệch cột.",
        "This cell of a row of figures is under no header: the row's figures may stand in the wrong columns.",
        "Xóa ô thừa, hoặc ghi tiêu đề cho cột; trong CSV, đặt số và tên có dấu phẩy trong ngoặc kép.",
        "Clear it, or head its column; in a CSV file, put what has a comma in quotation marks.",
    ),
    "total-mismatch": Wording(
        "Tổng ghi {printed} đồng, cộng các dòng được {summed} đồng, lệch {difference} đồng.",
        "The printed total is {printed} đồng, the rows add up to {summed} đồng: {difference} đồng apart.",
        "Sửa dòng bị sai hoặc sửa dòng tổng.",
        "Correct the wrong row or the total.",
    ),
    "row-sum-mismatch": Wording(
        "Ghi {printed} đồng, nhưng {terms} được {summed} đồng, lệch {difference} đồng.",
        "It says {printed} đồng, but {terms} comes to {summed} đồng: {difference} đồng apart.",
        "Sửa ô bị sai trong dòng.",
        "Correct the wrong cell of the row.",
    ),
    "fixed-by-profile": Wording(
        "Tệp theo mẫu {profile} chỉ nhận {fixed}.",
        "A file of the profile {profile} takes nothing but {fixed} here.",
        "Sửa ô này, hoặc gửi theo mẫu khác.",
        "Correct the cell, or send the file by another profile.",
    ),
    "duplicate-row": Wording(
        "Trùng với dòng {other}: cùng số hiệu {reference}.",
        "The same as row {other}: both are {reference}.",
        "Bỏ một dòng, hoặc sửa số hiệu.",
        "Remove one of them, or correct its reference.",
    ),
    "schedule-disagrees": Wording(
        "{column} khác với dòng {other} của cùng một đường tiến độ hoặc quyết định.",
        "{column} differs from row {other} of the same schedule or decision.",
        "Ghi cùng một giá trị cho mọi dòng của đường tiến độ hoặc quyết định đó.",
        "Write the same value in every row of that schedule or decision.",
    ),
    "more-faults": Wording(
        "Còn ít nhất {count} lỗi nữa không liệt kê.",
        "At least {count} more faults are not listed.",
        "Sửa các lỗi trên rồi gửi lại.",
        "Mend those above and send the file again.",
    ),
    "far-cell": Wording(
        "Ô này ở quá xa bảng.",
        "The cell is too far from the table.",
        "Xóa ô thừa (chọn các dòng, cột thừa rồi Xóa), lưu lại và gửi lại.",
        "Clear the stray cell (select the extra rows or columns and delete them), save and send it again.",
    ),
    # The cell
    "missing-value": Wording(
        "Ô trống: cần có {column}.",
        "The cell is empty: {column} is required.",
        "Điền giá trị.",
        "Fill it in.",
    ),
    "error-cell": Wording(
        "Ô báo lỗi của Excel.",
        "The cell holds an Excel error.",
        "Sửa công thức, hoặc dán giá trị.",
        "Correct the formula, or paste the value.",
    ),
    "formula-without-value": Wording(
        "Công thức chưa có kết quả lưu trong tệp.",
        "The formula has no stored result.",
        "Mở tệp bằng Excel, tính lại và lưu; hoặc dán giá trị.",
        "Open it in Excel, recalculate and save, or paste the value.",
    ),
    "not-a-number": Wording(
        "Không phải là số.",
        "Not a number.",
        "Ghi số theo kiểu {way}, ví dụ {example}.",
        "Write it the {way_in_english} way, for example {example}.",
    ),
    "ambiguous-number": Wording(
        "Số không rõ nghĩa: theo kiểu Việt Nam là {vi}, theo kiểu Anh là {en}; tệp này dùng kiểu {way}.",
        "Ambiguous: the Vietnamese way it is {vi_in_english}, the English way {en_in_english}; "
        "this file is written the {way_in_english} way.",
        "Ghi số theo kiểu {way}, ví dụ {example}.",
        "Write it the {way_in_english} way, for example {example}.",
    ),
    "three-decimals": Wording(
        "Ba chữ số sau dấu thập phân: là {value} {unit}, hay là {grouped} {unit}? "
        "Không số nào khác trong cột cho biết.",
        "Three digits behind the decimal mark: is it {value} {unit}, or {grouped} {unit}? No other number of "
        "the column tells.",
        "Ghi {grouped} nếu không có phần lẻ; nếu có, ghi thêm một số 0: {value}0.",
        "Write {grouped} if it has no decimals; if it has, add a nought: {value}0.",
    ),
    "scaled-format": Wording(
        "Định dạng ô làm số hiện ra khác số lưu: hiện {shown}, lưu {stored}.",
        "The cell's format shows another number than the cell holds: {shown} is shown, {stored} is stored.",
        "Đổi định dạng ô thành Số (Number), kiểm tra số và đơn vị tính, rồi lưu lại.",
        "Format the cell as a plain number, check the figure and its unit, and save it.",
    ),
    "share-or-fraction": Wording(
        "Tỷ lệ không có dấu %: là {percent} %, hay là {fraction} %?",
        "A share without a percent sign: is it {percent} %, or {fraction} %?",
        "Ghi kèm dấu %, ví dụ {fraction} %, hoặc ghi % trong tiêu đề cột.",
        "Write the sign, for example {fraction} %, or put % into the header of the column.",
    ),
    "number-not-exact": Wording(
        "Số quá lớn: Excel chỉ giữ đúng đến 9.007.199.254.740.992.",
        "Too large: Excel is exact only up to 9,007,199,254,740,992.",
        "Dùng đơn vị lớn hơn, ví dụ triệu đồng.",
        "Use a larger unit, for example million đồng.",
    ),
    "fraction-of-minor-unit": Wording(
        "{value} {unit} không phải là số đồng chẵn.",
        "{value} {unit} is not a whole number of đồng.",
        "Kiểm tra dấu phẩy thập phân, dấu chấm phân nhóm và đơn vị tính.",
        "Check the decimal comma, the grouping dots and the unit.",
    ),
    "negative-amount": Wording(
        "Số tiền âm.",
        "The amount is negative.",
        "Ghi số dương; loại giao dịch cho biết tăng hay giảm.",
        "Write it without a sign; the kind of transaction says which way it goes.",
    ),
    "amount-too-large": Wording(
        "{value} đồng vượt quá mức một dòng có thể có ({limit}).",
        "{value} đồng is more than one line can be ({limit}).",
        "Kiểm tra đơn vị tính.",
        "Check the unit.",
    ),
    "unit-disagrees": Wording(
        "Ô ghi {cell_unit}, còn cột tính bằng {unit}.",
        "The cell says {cell_unit}, its column is in {unit}.",
        "Dùng một đơn vị tính cho cả cột.",
        "Use one unit for the whole column.",
    ),
    "not-a-date": Wording(
        "Không phải là ngày.",
        "Not a date.",
        "Ghi ngày dạng 31/05/2022 hoặc 2022-05-31; nếu ô hiện một con số, hãy định dạng ô là Ngày (Date).",
        "Write it as 31/05/2022 or 2022-05-31; if the cell shows a number, format the cell as a date.",
    ),
    "ambiguous-date": Wording(
        "Ngày không rõ: Excel đếm cả ngày 29/02/1900 không có thật, nên ngày trước 01/03/1900 lệch một ngày.",
        "Ambiguous: Excel counts a 29 February 1900 that never was, so a day before 1 March 1900 is one off.",
        "Định dạng ô là Văn bản (Text) rồi ghi ngày dạng 31/05/2022.",
        "Format the cell as Text and write the day as 31/05/2022.",
    ),
    "no-such-day": Wording(
        "Không có ngày này trong lịch.",
        "There is no such day.",
        "Ghi theo thứ tự ngày/tháng/năm, ví dụ 31/12/2022.",
        "Write day/month/year, for example 31/12/2022.",
    ),
    "not-text": Wording(
        "Excel đã đổi ô này thành {found}.",
        "Excel has turned this cell into {found}.",
        "Định dạng ô là Văn bản (Text) rồi gõ lại.",
        "Format the cell as Text and type it again.",
    ),
    "space-in-code": Wording(
        "Mã có khoảng trắng.",
        "The code holds white space.",
        "Bỏ khoảng trắng.",
        "Remove it.",
    ),
    "invisible-character": Wording(
        "Có ký tự ẩn {character}.",
        "It holds the invisible character {character}.",
        "Xóa ký tự ẩn rồi gõ lại.",
        "Delete it and type the text again.",
    ),
    "not-an-integer": Wording(
        "Không phải là số nguyên.",
        "Not a whole number.",
        "Ghi số nguyên, ví dụ 2022.",
        "Write a whole number, for example 2022.",
    ),
    "too-precise": Wording(
        "Tỷ lệ lẻ hơn một phần trăm của 1 %.",
        "The rate is finer than a hundredth of 1 %.",
        "Làm tròn đến hai chữ số thập phân.",
        "Round it to two decimals.",
    ),
    "unknown-default": Wording(
        "Mẫu này không có trường đó.",
        "This profile has no such field.",
        "Bỏ trống; mẫu này chỉ nhận: {known}.",
        "Leave it out; this profile takes: {known}.",
    ),
    "refused": Wording(
        "Giá trị không hợp lệ: {reason}.",
        "Refused: {reason}.",
        "Sửa giá trị.",
        "Correct the value.",
    ),
}


class CellFaultError(ValueError):
    """A cell cannot be read; ``code`` and ``values`` name the fault, not yet the place."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def fault(code: str, *, where: Place | str, read: object = "", **values: object) -> FieldError:
    """The fault with its wording filled in. Raises ``KeyError`` for a code or name that is not there.

    What is not of files alone is worded in ``field_faults``.
    """
    wording = FAULTS.get(code) or field_faults.FAULTS[code]
    found = FieldError(
        code=code,
        where=str(where),
        read=shortened(read),
        detail=wording.detail(values),
        mend=wording.mend(values),
    )
    return at(found, where) if isinstance(where, Place) else found


def at(found: FieldError, place: Place) -> FieldError:
    """The fault with its place in the file, in words and as data."""
    return found.model_copy(
        update={
            "where": str(place),
            "sheet": place.sheet or None,
            "row": place.row,
            "column": place.column,
        }
    )


class Findings:
    """Faults and warnings gathered while a file is read; a file of nothing but faults stays bounded."""

    _MOST_FAULTS = 2_000
    _MOST_WARNINGS = 200

    def __init__(self) -> None:
        self._faults: list[FieldError] = []
        self._warnings: list[str] = []
        self._faults_beyond = self._warnings_beyond = 0

    def add(self, code: str, *, where: Place | str, read: object = "", **values: object) -> None:
        """Note a fault of ``FAULTS``."""
        if len(self._faults) < self._MOST_FAULTS:
            self._faults.append(fault(code, where=where, read=read, **values))
        else:
            self._faults_beyond += 1

    def note(self, found: FieldError) -> None:
        """Note a fault that somebody else has put into words."""
        if len(self._faults) < self._MOST_FAULTS:
            self._faults.append(found)
        else:
            self._faults_beyond += 1

    @property
    def is_faulty(self) -> bool:
        return bool(self._faults)

    @property
    def is_full(self) -> bool:
        """Whether there are more faults than are listed: it is known then that there are more."""
        return self._faults_beyond > 0

    def warn(self, where: Place | str, text: str) -> None:
        """Note what a person should know and nothing needs to be refused for."""
        if len(self._warnings) < self._MOST_WARNINGS:
            self._warnings.append(f"{where}: {text}")
        else:
            self._warnings_beyond += 1

    @property
    def faults(self) -> list[FieldError]:
        """As a person goes through the file: what concerns all of it, then sheet, row and column."""
        sheets = {found.sheet: number for number, found in reversed(list(enumerate(self._faults)))}

        def place(found: FieldError) -> tuple[bool, int, int, int, str]:
            column = found.column or ""
            is_of_a_place = found.sheet is not None or found.row is not None
            return is_of_a_place, sheets[found.sheet], found.row or 0, len(column), column

        in_order = sorted(self._faults, key=place)
        if not self._faults_beyond:
            return in_order
        return [*in_order, fault("more-faults", where=WHOLE_FILE, count=self._faults_beyond)]

    @property
    def warnings(self) -> list[str]:
        if not self._warnings_beyond:
            return list(self._warnings)
        more = self._warnings_beyond
        return [
            *self._warnings,
            f"{WHOLE_FILE}: còn {more} cảnh báo nữa / {more} more warnings are not listed",
        ]
