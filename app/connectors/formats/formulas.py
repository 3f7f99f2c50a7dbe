"""Cells of CSV files that a spreadsheet would run: guarded on the way out, taken back on the way in.

A text that begins with = + - @, a tab or a carriage return is a formula to a spreadsheet, and can call other programs
from there. An apostrophe in front makes it text. It stands in front of text that already begins with apostrophes and
such a sign, too, so that taking one apostrophe away always gives back what was written.
"""

from __future__ import annotations

import re

_RUN = re.compile(r"'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """The text for a cell. Numbers that we write as numbers go past it: -5 is no formula, and must stay a number."""
    return f"'{text}" if _RUN.match(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given: without the apostrophe that stands before one of the signs; else the cell itself."""
    return cell[1:] if cell.startswith("'") and _RUN.match(cell, 1) else cell
