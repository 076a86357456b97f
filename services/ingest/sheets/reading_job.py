"""What the service asks of the process that reads a file, and what it answers: JSON, never pickle."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.judging.named_reversal import NamedReversal
from services.ingest.judging.register import RegisteredProject
from services.ingest.stated_totals import Total
from services.runtime.errors import FieldError, Problem

# How the child ends where it could not finish; anything else that is not 0 is a crash.
EXIT_OUT_OF_MEMORY = 61
EXIT_OUTPUT_TOO_LARGE = 62


class ReadingJob(BaseModel):
    """One file to read and judge. Everything the child needs is in here: it has no settings of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_name: str
    profile: str = Field(description="The import profile.")
    source: str
    defaults: dict[str, str] = Field(default_factory=dict)
    policy_dir: Path
    max_rows: int
    business_date: date
    recorded_at: datetime
    unit: str = Field("", description="The caller's unit; empty is everything.")
    sources: list[str] | None = Field(None, description="Whose facts the caller may state; null: anybody's.")
    projects: list[RegisteredProject] = Field(default_factory=list, description="The register.")


class ReadingAnswer(BaseModel):
    """What was found. With a ``problem`` the file was not read; with faults it is refused as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem: Problem | None = None
    sha256: str = ""
    rows_read: int = 0
    events: int = 0
    faults: list[FieldError] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    totals: list[Total] = Field(default_factory=list)
    named_reversals: list[NamedReversal] = Field(default_factory=list)
