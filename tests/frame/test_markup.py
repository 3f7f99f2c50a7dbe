"""The tests' own eyes: each fault of a page is found, and a page without one is let be."""

from __future__ import annotations

import pytest

from tests.frame.markup import faults, read


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p id="a"></p><p id="a"></p>', ["The id a is there 2 times."]),
        ('<p aria-describedby="a b"></p><i id="a"></i>', ["aria-describedby names the missing id b."]),
        ('<a href="#x" data-dialog="x">Open</a>', ["data-dialog names the missing id x."]),
        ("<script>go()</script>", ["A script or style that is not ours: go()"]),
        ('<script src="https://cdn.example/x.js"></script>', ["A script or style that is not ours: "]),
        ('<link href="https://cdn.example/x.css">', ["A script or style that is not ours: https://cdn.example/x.css"]),
        ('<button onclick="go()">Go</button>', ["A script or style that is not ours: button onclick"]),
        ('<form method="post" action="/x"></form>', ["The form to /x has no token."]),
        ('<form method="POST"><input type="hidden" name="csrf_token"></form>', []),
        ('<input name="q">', ["input q has no label."]),
        ('<label>Q <input name="q"></label>', []),
        ('<label for="q">Q</label><input name="q" id="q">', []),
        ('<button><span aria-hidden="true"></span></button>', ["button {} says nothing."]),
        ('<button aria-label="Close"></button>', []),
    ],
)
def test_a_fault_is_found(html: str, expected: list[str]) -> None:
    assert faults(read(html)) == expected


@pytest.mark.parametrize("html", ["<p><b></p></b>", "<div>", "</div>"])
def test_an_element_out_of_place_is_told(html: str) -> None:
    with pytest.raises(AssertionError):
        read(html)
