"""Addresses: which are pages of ours, and what a page makes of its own address."""

from __future__ import annotations

from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.web.addresses import arguments, changed, is_safe, next_address, this_address, wants_fragment

HOME = "https://inlet.example/orders"
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)


@pytest.fixture
def plain_app() -> Flask:
    """An application without anything, for its requests."""
    return Flask(__name__)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/", True),
        ("/orders/list/?q=a%20b&page=2#top", True),
        ("/orders/list/?next=https://evil.example/", True),
        ("/orders//list", True),
        ("", False),
        ("orders", False),
        ("?q=1", False),
        ("#top", False),
        ("//evil.example/", False),
        ("///evil.example/", False),
        ("/\\evil.example/", False),
        ("\\\\evil.example/", False),
        ("/\t/evil.example/", False),
        ("/\n/evil.example/", False),
        ("\t//evil.example/", False),
        (" //evil.example/", False),
        ("/a\r\nSet-Cookie: x=1", False),
        ("https://inlet.example/", False),
        ("https:evil.example", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
    ],
)
def test_an_address_is_safe_if_it_is_a_path_of_ours(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


@given(st.text(st.sampled_from("/\\:.@?#\t\r\n evilhtps"), max_size=14))
def test_no_safe_address_leads_to_another_host(address: str) -> None:
    if is_safe(address):
        # A browser reads a backslash as a slash, and leaves out tabs and line ends.
        read = address.translate(str.maketrans("\\", "/", "\t\r\n"))
        assert urlsplit(urljoin(HOME, read)).netloc == "inlet.example"


@pytest.mark.parametrize(
    ("wanted", "expected"), [("/receipts/", "/receipts/"), ("//evil.example", "/home"), ("", "/home"), (None, "/home")]
)
def test_a_form_goes_on_where_it_says_or_home(plain_app: Flask, wanted: str | None, expected: str) -> None:
    fields = {} if wanted is None else {"next": wanted}
    with plain_app.test_request_context("/?next=/elsewhere", method="POST", data=fields):
        assert next_address("/home") == expected


@given(st.dictionaries(WORDS.filter(bool), st.lists(WORDS.filter(bool), min_size=1, max_size=3), max_size=4))
def test_an_address_says_again_what_was_given(given_arguments: dict[str, list[str]]) -> None:
    address = changed("/list/", given_arguments)
    path, _, query = address.partition("?")
    assert path == "/list/"
    assert parse_qs(query, keep_blank_values=True) == given_arguments
    assert is_safe(address)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "/list/?q=a&state=new&state=open"),
        ({"q": "b c&d"}, "/list/?q=b+c%26d&state=new&state=open"),
        ({"q": None}, "/list/?state=new&state=open"),
        ({"state": []}, "/list/?q=a"),
        ({"state": ["done"]}, "/list/?q=a&state=done"),
        ({"page": "2"}, "/list/?q=a&state=new&state=open&page=2"),
        ({"q": None, "state": None}, "/list/"),
    ],
)
def test_an_address_with_something_changed(changes: dict[str, list[str] | str | None], expected: str) -> None:
    before = {"q": ["a"], "state": ["new", "open"]}
    assert changed("/list/", before, **changes) == expected
    assert before == {"q": ["a"], "state": ["new", "open"]}


def test_empty_arguments_are_none(plain_app: Flask) -> None:
    with plain_app.test_request_context("/list/?q=&state=&state=open&page=2"):
        assert arguments() == {"state": ["open"], "page": ["2"]}
        assert this_address() == "/list/?q=&state=&state=open&page=2"
    with plain_app.test_request_context("/list/"):
        assert (arguments(), this_address()) == ({}, "/list/")


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "True"}, False),
        ({"HX-Boosted": "true"}, False),
    ],
)
def test_only_htmx_gets_a_part_of_a_page(plain_app: Flask, headers: dict[str, str], fragment: bool) -> None:
    with plain_app.test_request_context("/", headers=headers):
        assert wants_fragment() is fragment
