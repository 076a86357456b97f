"""What verification can find, each in Vietnamese and English, with the block it is in where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """A block: the batch of a partition's records that one transaction applied. ``next_offset`` is the first
    one behind it; ``block_no`` is ``None`` for a block of the version before."""

    schema: str
    topic: str
    topic_id: str
    partition: int
    from_offset: int
    next_offset: int
    block_no: int | None
    applied_at: datetime

    @property
    def order(self) -> tuple[bool, datetime, int]:
        """The books' blocks come first, the earliest of them first."""
        return (self.schema != "aggregation", self.applied_at, self.from_offset)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it must be. ``found`` holds the figures and names that the text is made of."""

    code: str
    found: Mapping[str, Any]
    block: BlockPlace | None = None

    @property
    def texts(self) -> tuple[str, str]:
        """Vietnamese and English."""
        vietnamese, english = TEXTS[self.code]
        return vietnamese.format_map(self.found), english.format_map(self.found)


@dataclass(slots=True)
class Verdict:
    """What verification found. ``counted`` says how much was checked, ``notes`` what could not be."""

    faults: list[Fault] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # The rows of the first bad block, as the tables hold them now.
    rows: list[dict[str, Any]] = field(default_factory=list)
    # Schemas of services that never ran here: nothing of theirs was there to verify.
    missing_schemas: list[str] = field(default_factory=list)

    @property
    def first_bad_block(self) -> BlockPlace | None:
        """The earliest block that something is wrong with."""
        return min((f.block for f in self.faults if f.block), key=lambda block: block.order, default=None)


# By code; docs/VERIFY.md says what each means and what to do.
TEXTS: dict[str, tuple[str, str]] = {
    "chain-broken": (
        "khối không nối tiếp khối trước nó (khối trước hết ở offset {expected_from})",
        "the block does not follow the one before it (which ends at offset {expected_from})",
    ),
    "block-altered": (
        "khối đã bị sửa: mã băm không đúng với nội dung của khối",
        "the block was altered: its hash is not that of its content",
    ),
    "position-differs": (
        "{schema}, {topic}/{partition}: vị trí {position}, khối cuối hết ở {block_end}, hay mã băm khác",
        "{schema}, {topic}/{partition}: position {position}, last block's end {block_end}, or hashes differ",
    ),
    "passed-over-untold": (
        "khối bỏ qua bản ghi bị mất, nhưng nhật ký kiểm toán không có lời của người ra lệnh",
        "the block passes over lost records, and the audit has no operator's words for it",
    ),
    "rows-altered": (
        "dòng của khối đã bị sửa ({row_count} dòng)",
        "rows of the block were altered ({row_count} rows)",
    ),
    "rows-missing": (
        "khối đã ghi {row_count} dòng, nay còn {rows_now}",
        "the block added {row_count} rows, {rows_now} are left",
    ),
    "rows-added": (
        "khối đã ghi {row_count} dòng, nay có {rows_now}",
        "the block added {row_count} rows, now there are {rows_now}",
    ),
    "rows-of-no-block": (
        "{rows_now} dòng mang số khối {block_no}, nhưng không có khối đó",
        "{rows_now} rows carry the block number {block_no}, and there is no such block",
    ),
    "row-without-block": (
        "bảng {book}, sự kiện {event_id}: dòng không thuộc khối nào",
        "table {book}, event {event_id}: the row belongs to no block",
    ),
    "content-differs": (
        "bảng {book}, sự kiện {event_id} ({source_ref}): nội dung không còn như lúc tiếp nhận",
        "table {book}, event {event_id} ({source_ref}): the content is not what was taken in",
    ),
    "balance-differs": (
        "{line}, {value_date}: sổ cái {ledger}, số dư {balance}",
        "{line}, {value_date}: the ledger sums to {ledger}, the balance is {balance}",
    ),
    "reach-differs": (
        "{line}: nguồn báo đến {stated}, sổ ghi {reaches}",
        "{line}: its rows state something up to {stated}, the books say it reaches {reaches}",
    ),
    "reversal-differs": (
        "bút toán đảo {event_id} không lấy lại đúng phần của {reverses_event_id}",
        "the reversal {event_id} does not take back exactly what {reverses_event_id} added",
    ),
    "reversed-twice": (
        "{reverses_event_id} bị đảo {times} lần",
        "{reverses_event_id} is reversed {times} times",
    ),
    "effect-differs": (
        "{event_id} ({kind}, {amount}): tác động lên sổ {effect} không đúng với loại và số tiền",
        "{event_id} ({kind}, {amount}): its effect {effect} is not that of its kind and amount",
    ),
    "statement-differs": (
        "{line}, {day}: báo cáo lũy kế {stated}, đã ghi {booked}",
        "{line}, {day}: {stated} is stated, {booked} is booked",
    ),
    "difference-of-no-statement": (
        "{event_id}: phần chênh lệch của một báo cáo lũy kế không có trong sổ",
        "{event_id}: the difference of a statement that is not in the books",
    ),
    "reallocation-differs": (
        "điều chuyển {reallocation_id} ({source_ref}): {sides} dòng, tổng {change}, hay đã bị sửa",
        "reallocation {reallocation_id} ({source_ref}): {sides} sides, sum {change}, or not as taken in",
    ),
    "reversal-waits": (
        "bút toán đảo {event_id} còn chờ {waits_for}, đã có trong sổ, dù đã có lô sau đó",
        "the reversal {event_id} waits for {waits_for}, which is in the ledger, and batches passed it by",
    ),
    "conflict-of-nothing": (
        "{event_id}: nội dung trái nhau với một sự kiện không có trong sổ",
        "{event_id}: contradicts an event that is not in the books",
    ),
    "log-replaced": (
        "{schema}, {topic}: đã ghi từ cụm {cluster_id}, topic {topic_id}; nay: {cluster_now}, {topic_now}",
        "{schema}, {topic}: read from cluster {cluster_id}, {topic_id}; now: {cluster_now}, {topic_now}",
    ),
    "position-beyond-log": (
        "{schema}, {topic}/{partition}: vị trí đã ghi là {position}, nhật ký hết ở {end}",
        "{schema}, {topic}/{partition}: the position is {position}, the log ends at {end}",
    ),
    "log-begins-later": (
        "{schema}, {topic}/{partition}: vị trí đã ghi là {position}, nhật ký chỉ còn từ {beginning}",
        "{schema}, {topic}/{partition}: the position is {position}, the log begins at {beginning}",
    ),
    "head-missing": (
        "{schema}, {topic}/{partition}: không còn mốc đối chứng ở offset {head_end} (vị trí nay {position})",
        "{schema}, {topic}/{partition}: the kept head at offset {head_end} is gone (position now {position})",
    ),
    "old-rows-altered": (
        "dòng chưa có số khối: đối chứng {rows_then}, nay {rows_now}, hay đã bị sửa",
        "rows without a block number: {rows_then} in the head, {rows_now} now, or other content",
    ),
}
