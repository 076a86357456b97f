"""Units of money as offices write them: behind a header, in a cell of its own, in the title of a table.

A unit is only read whole: "nghìn tỷ đồng" and "triệu USD" are no unit, whatever they begin with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from services.ingest.sheets.grid import matching_form
from services.ingest.sheets.profiles.import_profile import SharedWords, Unit

_WORD = re.compile(r"[0-9][0-9.]*|[^\W\d_]+|[%$]")
_BREAK = re.compile(r"[,;:/()\[\]–—\-]+")
# A point ends a word that is written short, and a sentence otherwise: "tr. đồng", "triệu đồng. Tỷ lệ".
_LONGEST_SHORT_WORD = 3
_MULTIPLIERS = {"1000", "1000000", "1000000000"}
_FEWEST_WORDS_IN_A_SENTENCE = 2


class StatedUnit(NamedTuple):
    """What a text states as the unit of a table; ``unit`` is ``None`` where it is not understood."""

    read: str
    unit: Unit | None


class UnitWords:
    """Knows the spellings of units of one profile."""

    def __init__(self, shared: SharedWords) -> None:
        spelt = [(word, unit) for unit in shared.units.values() for word in unit.words]
        self._whole = {tuple(_words(word)): unit for word, unit in spelt}
        self._vocabulary = {word for words in self._whole for word in words if not word[0].isdigit()}
        self._vocabulary |= {word for other in shared.other_units for word in _words(other)}
        self._labels = sorted((tuple(_words(label)) for label in shared.unit_labels), key=len, reverse=True)
        self._no_unit = re.compile("|".join(re.escape(_nfc(word)) for word in shared.no_units))
        forms = [(matching_form(word), unit) for word, unit in spelt]
        self._ends = tuple(f" {form}" for form, _ in forms)
        self._forms = sorted(forms, key=lambda form: len(form[0]), reverse=True)
        self._label_forms = {matching_form(label) for label in shared.unit_labels}

    def at_end(self, form: str) -> tuple[str, Unit | None]:
        """A header in matching form without the unit behind it, and the unit; "" of one that is a unit."""
        # Asked of every cell of the head; hardly one has a unit.
        padded = f" {form}"
        if not padded.endswith(self._ends):
            return form, None
        for word, unit in self._forms:
            if padded.endswith(f" {word}"):
                rest = padded.removesuffix(f" {word}").strip()
                return "" if rest in self._label_forms else rest, unit
        return form, None

    def is_label(self, text: str) -> bool:
        """Whether the text says that a unit follows and no more: "Đơn vị tính"."""
        return matching_form(text) in self._label_forms

    def alone(self, text: str) -> StatedUnit | None:
        """The unit of a cell that says nothing else: "(triệu đồng)"; ``None`` for any other cell."""
        words = _words(_nfc(text))
        label = next((label for label in self._labels if tuple(words[: len(label)]) == label), ())
        words = words[len(label) :]
        if not words or not all(self._is_part(word) for word in words) or words[-1].isdigit():
            return None
        return StatedUnit(text, None if "/" in text else self._whole.get(tuple(words)))

    def stated(self, text: str) -> Iterator[StatedUnit]:
        """Every unit that a text states. An amount in a sentence ("1.207,2 tỷ đồng") states none."""
        plain = self._no_unit.sub(" ; ", _nfc(text))
        is_labelled = False
        for part in _parts(plain):
            words = _words(part)
            label = self._label_in(words)
            is_labelled |= label is not None
            rest = words[label:] if label is not None else words
            if not rest:
                continue
            if is_labelled or all(self._is_part(word) for word in rest):
                count = next(
                    (number for number, word in enumerate(rest) if not self._is_part(word)), len(rest)
                )
                if is_labelled or not rest[-1].isdigit():
                    yield StatedUnit(text, self._whole.get(tuple(rest[:count])))
                rest = rest[count:]
            yield from (StatedUnit(text, unit) for unit in self._in_sentence(rest))
            is_labelled = False

    def _label_in(self, words: list[str]) -> int | None:
        """Where in the words a label ends."""
        for start in range(len(words)):
            for label in self._labels:
                if tuple(words[start : start + len(label)]) == label:
                    return start + len(label)
        return None

    def _in_sentence(self, words: list[str]) -> Iterator[Unit | None]:
        run: list[str] = []
        before = ""
        for word in [*words, ""]:
            if word in self._vocabulary:
                run.append(word)
                continue
            if len(run) >= _FEWEST_WORDS_IN_A_SENTENCE and not before[:1].isdigit():
                yield self._whole.get(tuple(run))
            run, before = [], word

    def _is_part(self, word: str) -> bool:
        return word in self._vocabulary or word in _MULTIPLIERS


def _nfc(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _words(text: str) -> list[str]:
    return [word.replace(".", "") for word in _WORD.findall(_nfc(text))]


def _parts(text: str) -> Iterator[str]:
    """The text cut at its marks, and where a sentence ends."""
    for part in _BREAK.split(text):
        start = 0
        for found in re.finditer(r"([^\W\d_]+)\.(?=\s|$)", part):
            if len(found[1]) > _LONGEST_SHORT_WORD:
                yield part[start : found.end()]
                start = found.end()
        yield part[start:]
