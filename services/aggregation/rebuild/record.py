"""The row that says of each rebuild that it was put in place, by whom, and what the chains ended in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.runtime.postgres import Cursor


def write(
    cursor: Cursor,
    *,
    source: str,
    since: datetime,
    differences: int,
    kept_in: str,
    chains: Sequence[dict[str, Any]] | None = None,
) -> None:
    """Keep that a rebuild is put in place, in the transaction that does it. Without ``chains`` they are those
    of the live books, which stay as they are."""
    if chains is None:
        cursor.execute(_HEADS)
        chains = [
            {
                "topic_id": topic_id,
                "partition": partition,
                "next_offset": next_offset,
                "before": bytes(head).hex(),
                "after": bytes(head).hex(),
            }
            for topic_id, partition, next_offset, head in cursor.fetchall()
        ]
    cursor.execute(_WRITE, (source, since, differences, kept_in, json.dumps(list(chains))))


_HEADS = """
SELECT topic_id, partition, next_offset, chain_head FROM aggregation.source_position
 ORDER BY topic_id, partition
"""
_WRITE = """
INSERT INTO aggregation.rebuild (source, started_at, differences, kept_in, chains) VALUES (%s, %s, %s, %s, %s)
"""
