"""Lines, words and marks of an SVG drawing."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

INK, SOFT, GRID = "#1f2933", "#5f6b7a", "#e3e8ee"
# Okabe and Ito's colours, told apart by readers who do not see all colours.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 2", "1 2", "12 4")
# A circle, a square, a triangle, a diamond: around (0, 0), by corners; none is the circle.
_CORNERS = ((), (-6, -6, 6, -6, 6, 6, -6, 6), (0, -8, 7, 6, -7, 6), (0, -8, 8, 0, 0, 8, -8, 0))


def colour_of(number: int) -> str:
    """The colour of a series, by its place."""
    return _COLOURS[number % len(_COLOURS)]


def dashes_of(number: int) -> str:
    """The dashes of a series, by its place."""
    return _DASHES[number % len(_DASHES)]


def words(
    parent: Element,
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    colour: str = INK,
    weight: str = "400",
    anchor: str = "start",
) -> None:
    """One line of text; ``y`` is its baseline."""
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "font-size": str(size),
        "font-weight": weight,
        "fill": colour,
        "text-anchor": anchor,
    }
    SubElement(parent, "text", attributes).text = text


def line(
    parent: Element,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    colour: str,
    width: float = 1,
    dashes: str = "",
) -> None:
    """A straight line."""
    attributes = {
        "x1": f"{start[0]:.1f}",
        "y1": f"{start[1]:.1f}",
        "x2": f"{end[0]:.1f}",
        "y2": f"{end[1]:.1f}",
        "stroke": colour,
        "stroke-width": f"{width:g}",
    }
    if dashes:
        attributes["stroke-dasharray"] = dashes
    SubElement(parent, "line", attributes)


def mark(parent: Element, number: int, x: float, y: float, *, is_hollow: bool = False) -> None:
    """The mark of a series, by its place: each has its own shape and colour."""
    corners = _CORNERS[number % len(_CORNERS)]
    colour = colour_of(number)
    attributes = {"fill": "#ffffff" if is_hollow else colour, "stroke": colour if is_hollow else "#ffffff"}
    attributes |= {"stroke-width": "1.6", "transform": f"translate({x:.1f} {y:.1f})"}
    if not corners:
        SubElement(parent, "circle", attributes | {"r": "6.5"})
        return
    SubElement(parent, "polygon", attributes | {"points": " ".join(map(str, corners))})
