"""What options take: a day, a workbook to be written."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click


class IsoDay(click.ParamType[date]):
    """A day as 2022-05-31, no other form."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(
                f"{value}: ghi ngày dạng năm-tháng-ngày, 2022-05-31 / write the day as 2022-05-31", param, ctx
            )


class NewWorkbook(click.Path):
    """A file to be written whose name says that it is a workbook."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(super().convert(value, param, ctx)))
        if path.suffix.lower() != ".xlsx":
            self.fail(f"{path}: tên tệp phải kết thúc bằng .xlsx / its name must end in .xlsx", param, ctx)
        return path


DAY = IsoDay()
NEW_WORKBOOK = NewWorkbook()
