"""Every colour that text stands in can be read, in the light theme and in the dark one."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.conftest import PROJECT

Colour = tuple[int, int, int]
TEXT = 4.5
"""What WCAG AA asks of text."""
EDGE = 3.0
"""What it asks of the edge of a field."""
GROUNDS = ("page", "surface", "raised", "sunken", "accent-soft", "accent-softer")


@cache
def tokens() -> dict[str, tuple[Colour, Colour]]:
    """Each colour with its light and its dark value."""
    text = (PROJECT / "app" / "static" / "src" / "styles" / "tokens.css").read_text(encoding="utf-8")
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", text)
    return {name: (rgb(light), rgb(dark)) for name, light, dark in found}


def rgb(code: str) -> Colour:
    """The three parts of "#rrggbb"."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def luminance(colour: Colour) -> float:
    """How bright a colour is, by WCAG's definition."""
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.005)


PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "ink-faint") for ground in GROUNDS),
    *(("accent", ground, TEXT) for ground in ("page", "surface", "raised", "accent-soft", "accent-softer")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("grey", "blue", "teal", "green", "amber", "red")),
    *((tone, "surface", TEXT) for tone in ("grey", "blue", "teal", "green", "amber", "red")),
    *(("ink", f"{tone}-soft", TEXT) for tone in ("blue", "green", "amber", "red")),
    ("accent-ink", "accent", TEXT),
    ("accent-ink", "accent-strong", TEXT),
    ("accent-strong", "accent-soft", TEXT),
    ("danger-ink", "danger", TEXT),
    ("line-control", "surface", EDGE),
    ("line-control", "raised", EDGE),
    ("accent", "page", EDGE),
    *((tone, "bar-track", EDGE) for tone in ("teal", "green", "amber")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS, ids=str)
def test_it_can_be_read(ink: str, ground: str, least: float, theme: int) -> None:
    assert contrast(tokens()[ink][theme], tokens()[ground][theme]) >= least


def test_colours_are_tokens_and_stand_nowhere_else() -> None:
    folder = PROJECT / "app" / "static" / "src" / "styles"
    others = [path for path in folder.glob("*.css") if path.name != "tokens.css"]
    loose = [f"{path.name}: {code}" for path in others for code in re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())]
    assert loose == []
