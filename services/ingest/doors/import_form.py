"""The multipart form of POST /v1/imports: what is sent with a file, and what the form looks like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, cast

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, create_model

from services.contracts.stated.days import Day
from services.contracts.stated.field_types import BudgetYear, Code, ProvinceCode, Reference, Text
from services.ingest.sheets.stated_once import GIVEN_WITH_FILE
from services.runtime.api import invalid
from services.runtime.errors import FieldError, ProblemError, shortened
from services.runtime.field_faults import field_errors, field_fault

_FILE = "file"
_MULTIPART = "multipart/form-data"


class ImportQuery(BaseModel):
    """What is asked beside the form. The names there are come with ``query_model``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field(description="How the file is read; GET /v1/imports/profiles lists them.")


def query_model(profiles: Iterable[str]) -> type[ImportQuery]:
    """The query, described with the profiles that there are. Another is a 404, as for their templates."""
    described = WithJsonSchema({"type": "string", "enum": sorted(profiles)})
    return create_model(
        "ImportQuery",
        __base__=ImportQuery,
        profile=(
            Annotated[str, described],
            Field(description=ImportQuery.model_fields["profile"].description),
        ),
    )


class ImportForm(BaseModel):
    """The fields beside the file. The optional ones stand in where the file itself does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_name: Reference
    source: Code = Field(description="The office that states it, for example kbnn.ca-mau.")
    dry_run: bool = Field(False, description="true: say what would happen, and leave nothing behind.")
    budget_year: BudgetYear | None = Field(None, description="Where the file has no such column.")
    province_code: ProvinceCode | None = Field(
        None, description="The statistics office's code, where the file has no such column."
    )
    as_of: Day | None = Field(None, description="The date of a statement that does not state its own.")
    unit: Text | None = Field(None, description="Unit of the amounts, where the file states none.")

    @property
    def defaults(self) -> dict[str, str]:
        """What the file reader may fall back on, by field name."""
        given = {name: getattr(self, name) for name in GIVEN_WITH_FILE}
        return {name: str(value) for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was uploaded, with its form."""

    profile: str
    form: ImportForm
    content: BinaryIO


def form_schema() -> dict[str, Any]:
    """JSON Schema of the form for OpenAPI, the file as binary."""
    schema = ImportForm.model_json_schema()
    properties = dict(schema["properties"])
    del properties["file_name"]
    properties = {
        _FILE: {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "A CSV file or an XLSX workbook.",
        },
        **properties,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [_FILE, *(name for name in schema["required"] if name != "file_name")],
    }


def read(*, profile: str) -> SentFile:
    """The form of the current request. Raises ``ProblemError`` with every fault."""
    if request.mimetype != _MULTIPART:
        sent = shortened(request.mimetype)
        raise ProblemError(
            415,
            "not-multipart",
            "Nội dung không phải biểu mẫu kèm tệp / the body is not a form with a file",
            f"Content-Type là {sent!r}; hãy gửi {_MULTIPART}. / Content-Type is {sent!r}; send {_MULTIPART}.",
        )
    found = [
        field_fault("repeated", where=name)
        for parts in (request.form, request.files)
        for name, values in parts.lists()
        if len(values) > 1
    ]
    found += [
        FieldError(
            code="extra-forbidden",
            where=name,
            detail="không nhận tệp này / no such file is taken",
            mend="chỉ gửi một tệp, tên trường là file / send one file, under the name file",
        )
        for name in request.files
        if name != _FILE
    ]
    upload = request.files.get(_FILE)
    if upload is None:
        found.append(
            FieldError(
                code="missing",
                where=_FILE,
                detail="thiếu tệp / the file is missing",
                mend="gửi kèm tệp / send the file",
            )
        )
    fields = {name: value for name, value in request.form.items() if value != ""}
    try:
        form = ImportForm.model_validate({**fields, "file_name": (upload and upload.filename) or "?"})
    except ValidationError as error:
        raise invalid([*found, *field_errors(error)]) from error
    if found or upload is None:
        raise invalid(found)
    return SentFile(profile, form, cast(BinaryIO, upload.stream))
