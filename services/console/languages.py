"""Texts in two languages: "Vietnamese / English"."""

from __future__ import annotations


def in_two_languages(text: str) -> tuple[str, str]:
    """The halves of "Vietnamese / English"; a text in one language stands for both.

    A value that both halves quote may have a " / " of its own: the one in the middle parts the languages.
    """
    parts = text.split(" / ")
    if len(parts) % 2:
        return text, text
    middle = len(parts) // 2
    return " / ".join(parts[:middle]), " / ".join(parts[middle:])
