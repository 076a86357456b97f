"""What the import profiles are, told to those who fill in files: in both languages, column by column."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from services.ingest.sheets.profiles.import_profile import FieldProfile, FieldType, ImportProfile, InBoth
from services.ingest.sheets.profiles.profile_expansion import CUMULATIVE, MONTHLY

# What a column of each type takes.
TYPES: dict[FieldType, InBoth] = {
    "text": InBoth(vi="văn bản", en="text"),
    "code": InBoth(vi="mã, không có khoảng trắng", en="code without spaces"),
    "money": InBoth(vi="số tiền", en="amount"),
    "date": InBoth(vi="ngày, ví dụ 31/05/2022", en="date, such as 31/05/2022"),
    "percent": InBoth(vi="tỷ lệ phần trăm", en="percentage"),
    "integer": InBoth(vi="số nguyên", en="whole number"),
    "choice": InBoth(vi="một trong các giá trị liệt kê", en="one of the values listed"),
    "fund_source": InBoth(vi="nguồn vốn, theo mã hoặc tên", en="fund source, by code or name"),
    "movement_ref": InBoth(vi="số chứng từ/dòng", en="voucher/line"),
}


class Choice(BaseModel):
    """A value of a column and the words that stand for it."""

    value: str
    words: list[str]


class ProfileColumn(BaseModel):
    """A column that a file may have."""

    field: str = Field(description="Its field in the API.")
    header: InBoth = Field(description="What to head it with.")
    also: list[str] = Field(description="Other headers that are understood.")
    type: FieldType
    takes: InBoth
    required: bool = Field(
        description="Whether it has to be there, in a column, in the title or with the upload."
    )
    default: str | None = Field(description="What an empty cell stands for.")
    only_checked: bool = Field(description="Whether it only serves to check the row's arithmetic.")
    choices: list[Choice]
    example: str
    note: InBoth | None


class FixedValue(BaseModel):
    """What every row of the file states, whatever else it holds."""

    field: str
    value: str


class ListedProfile(BaseModel):
    """One import profile."""

    name: str
    label: InBoth
    about: InBoth
    states: str = Field(description="What its rows state.")
    sheet: str = Field(
        description="Which sheets are read: a name or a pattern; * is every one with a header."
    )
    default_unit: str = Field(description="The unit that its template states; a file has to state its own.")
    number_locale: str = Field(description="vi writes 1.234.567,5; en writes 1,234,567.5.")
    fixed: list[FixedValue]
    columns: list[ProfileColumn]
    template: str = Field(description="Where an empty workbook is.")


class ListedProfiles(BaseModel):
    """Every import profile."""

    profiles: list[ListedProfile]


def listed(profiles: Iterable[ImportProfile]) -> ListedProfiles:
    """The profiles as they are told."""
    return ListedProfiles(profiles=[_listed(profile) for profile in profiles])


def columns(profile: ImportProfile) -> list[tuple[str, FieldProfile]]:
    """The fields that a file of the profile gives in columns, as a template has them."""
    named = [(name, field) for name, field in profile.stated_fields.items() if field.fixed is None]
    if profile.months is None:
        return named
    alone = MONTHLY if profile.months.amounts == "monthly" else CUMULATIVE
    months = [
        (name, field) for name, field in profile.fields.items() if field.spread and field.spread.of == alone
    ]
    ahead = [(name, field) for name, field in named if field.required or name == profile.key]
    return [*ahead, *months, *(each for each in named if each not in ahead)]


def _listed(profile: ImportProfile) -> ListedProfile:
    unit = profile.unit(profile.default_unit)
    return ListedProfile(
        name=profile.name,
        label=profile.label,
        about=profile.about,
        states=profile.kind,
        sheet=profile.sheet,
        default_unit=unit.name if unit else profile.default_unit,
        number_locale=profile.number_locale,
        fixed=[
            FixedValue(field=name, value=field.fixed)
            for name, field in profile.fields.items()
            if field.fixed is not None
        ],
        columns=[_column(name, field) for name, field in columns(profile)],
        template=f"/v1/imports/profiles/{profile.name}/template.xlsx",
    )


def _column(name: str, field: FieldProfile) -> ProfileColumn:
    return ProfileColumn(
        field=name,
        header=InBoth(vi=header_of(field), en=field.en),
        also=field.headers[1:],
        type=field.type,
        takes=TYPES[field.type],
        required=field.required,
        default=field.default,
        only_checked=field.only_checked,
        choices=[Choice(value=value, words=words) for value, words in field.choices.items()],
        example=field.example,
        note=field.note,
    )


def header_of(field: FieldProfile) -> str:
    """The Vietnamese header, as it begins a column: "Mã dự án"."""
    return field.headers[0][:1].upper() + field.headers[0][1:]
