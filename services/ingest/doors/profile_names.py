"""The names that are known for what is sent: the import profiles, and the doors of JSON bodies."""

from __future__ import annotations

from collections.abc import Collection

from services.runtime.errors import ProblemError, shortened

# What the receipt of a JSON body has for its profile.
JSON_DOORS = ("completed-work", "disbursements", "plans", "registers", "statements")


def require(name: str, known: Collection[str]) -> None:
    """Raises ``ProblemError`` (404) with the known names for another one."""
    if name not in known:
        names = ", ".join(sorted(known))
        raise ProblemError(
            404,
            "no-such-profile",
            "Không có mẫu nhập nào tên như vậy / there is no import profile of that name",
            f"Không có {shortened(name)!r}. Dùng một trong: {names}. / "
            f"There is no {shortened(name)!r}. Use one of: {names}.",
        )
