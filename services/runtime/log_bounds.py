"""A position must stand in its log: refuse instead of reset."""

from __future__ import annotations

from services.runtime.errors import StopServiceError
from services.runtime.positions import Claim


def require_in_log(claim: Claim, *, schema: str, beginning: int, end: int) -> None:
    """Raises ``StopServiceError`` where records between the position and a bound of the log are gone."""
    where = f"{claim.topic}/{claim.partition}"
    if claim.next_offset > end:
        raise StopServiceError(
            f"{where}: applied up to offset {claim.next_offset}, but the log ends at {end}: it was "
            "truncated. Nothing was read. What to do: docs/adr/0020."
        )
    if claim.next_offset < beginning:
        raise StopServiceError(
            f"{where}: the next offset is {claim.next_offset}, but the log begins at {beginning}: "
            "records were deleted before they were applied. Nothing was read. "
            "Where they are gone for good, run "
            f"'giaingan skip-lost --schema {schema} --topic {claim.topic} --partition {claim.partition} "
            f"--to {beginning} --reason ...' and have their senders send them again."
        )
