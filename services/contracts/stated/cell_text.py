"""Text in a cell of a file that a spreadsheet opens: never a formula there, and the same when it comes back.

A spreadsheet takes text that begins with one of =, +, -, @, a tab or a carriage return for a formula, and
runs it (CSV injection, OWASP). An apostrophe before it makes it text.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"''*[=+\-@\t\r]")


def neutralised(text: str) -> str:
    """The text as it is written: with one apostrophe more where it would be read as a formula. Apostrophes
    that stand there already are kept apart from it."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The text as it was before ``neutralised``; any other text as it is."""
    return text[1:] if _NEUTRALISED.match(text) else text
