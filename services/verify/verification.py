"""A whole verification: every check, on one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from services.runtime import schemas
from services.runtime.config import Settings
from services.runtime.postgres import POSITIONS, Cursor
from services.verify import chains, cross_checks, head, log_ends, row_digests
from services.verify.faults import Fault, Verdict
from services.verify.snapshot import snapshot

# Those that a Kafka loop writes to.
SCHEMAS = tuple(schema.name for schema in schemas.ALL if POSITIONS in schema.folders)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified. ``settings`` are those of the broker, ``None``: the logs are not asked.
    ``kept`` is a head that was kept outside, ``takes_head``: make a new one."""

    database_url: str
    settings: Settings | None = None
    kept: head.Head | None = None
    takes_head: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and the head of books that are right where one was asked for."""

    verdict: Verdict
    head: head.Head | None


def steps(asked: Asked) -> list[str]:
    """What ``verify`` will do, in order: for the bar that shows how far it is."""
    return [
        *SCHEMAS,
        "rows",
        *cross_checks.CODES,
        *(["head"] if asked.kept or asked.takes_head else []),
        *(["log"] if asked.settings else []),
    ]


def verify(asked: Asked, *, on_step: Callable[[], None] = lambda: None) -> Answer:
    """Check everything; ``on_step`` is called after each of ``steps``.

    Raises ``psycopg2.Error`` and ``BrokerUnavailableError`` where it could not be done.
    """
    verdict = Verdict()
    taken: head.Head | None = None

    def take(found: Iterable[Fault]) -> None:
        verdict.faults += found
        on_step()

    with snapshot(asked.database_url) as cursor:
        schemas_there = [schema for schema in SCHEMAS if chains.is_there(cursor, schema)]
        verdict.missing_schemas = [schema for schema in SCHEMAS if schema not in schemas_there]
        if verdict.missing_schemas:
            verdict.notes.append("schemas-missing")
        for schema in SCHEMAS:
            take(chains.faults(cursor, schema) if schema in schemas_there else ())
        for schema in schemas_there:
            _count_blocks(cursor, schema, verdict)
        take(row_digests.faults(cursor))
        verdict.counted["rows"] = row_digests.count(cursor)
        for check in map(partial(cross_checks.faults, cursor), cross_checks.CODES):
            take(check)
        if asked.kept:
            take(head.faults(cursor, asked.kept))
        if asked.takes_head:
            taken = head.take(cursor, schemas_there)
            on_step()
        ends = [end for schema in schemas_there for end in chains.ends(cursor, schema)]
        if block := verdict.first_bad_block:
            verdict.rows = row_digests.rows_of(cursor, block)
    if asked.settings:
        take(log_ends.faults(asked.settings, ends))
    else:
        verdict.notes.append("log-not-asked")
    return Answer(verdict, None if verdict.faults else taken)


def _count_blocks(cursor: Cursor, schema: str, verdict: Verdict) -> None:
    count = chains.count(cursor, schema)
    verdict.counted["blocks"] = verdict.counted.get("blocks", 0) + count.blocks
    if schema == row_digests.SCHEMA and count.of_version_1:
        verdict.counted["old_blocks"] = count.of_version_1
        verdict.notes.append("old-blocks")
    if count.of_lost_records:
        before = verdict.counted.get("passed_over", 0)
        verdict.counted["passed_over"] = before + count.of_lost_records
        if not before:
            verdict.notes.append("passed-over")
