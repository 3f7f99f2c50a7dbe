"""What holds for every template: it can be read, carries no script of its own, and uses icons and marks that exist."""

from __future__ import annotations

import re
from pathlib import Path

import flask_appbuilder
import pytest
from jinja2 import Environment

from tests.conftest import PROJECT

FOLDER = PROJECT / "app" / "templates"
SOURCES = PROJECT / "app" / "static" / "src"
STOCK = Path(flask_appbuilder.__file__).parent / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
# Parts of Flask-AppBuilder that Inlet does not switch on, or that no template of ours leads to.
UNUSED = {
    "appbuilder/baselayout.html",
    "appbuilder/baselib.html",
    "appbuilder/init.html",
    "appbuilder/general/charts/chart.html",
    "appbuilder/general/charts/chart_time.html",
    "appbuilder/general/charts/jsonchart.html",
    "appbuilder/general/lib.html",
    "appbuilder/general/model/search.html",
    "appbuilder/general/security/login_saml.html",
    "appbuilder/general/security/register_oauth.html",
    "appbuilder/general/widgets/chart.html",
    "appbuilder/general/widgets/direct_chart.html",
    "appbuilder/general/widgets/multiple_chart.html",
    "appbuilder/swagger/swagger.html",
}


def text_of(name: str) -> str:
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_can_be_read(environment: Environment, name: str) -> None:
    environment.parse(text_of(name), name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_has_no_script_of_its_own(name: str) -> None:
    text = text_of(name)
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"\son[a-z]+\s*=", text) == []
    assert "javascript:" not in text


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_form_that_changes_something_has_a_token(name: str) -> None:
    posts = re.findall(r'<form\b[^>]*method="post".*?</form>', text_of(name), re.DOTALL)
    tokens = ("ui.csrf()", "hidden_tag()", "hidden(")
    assert [form for form in posts if not any(token in form for token in tokens)] == []


def test_every_page_of_the_stock_that_has_scripts_is_replaced() -> None:
    with_scripts = {
        path.relative_to(STOCK).as_posix()
        for path in STOCK.rglob("*.html")
        if "<script" in path.read_text(encoding="utf-8") or "bootstrap" in path.read_text(encoding="utf-8")
    }
    assert with_scripts - set(TEMPLATES) - UNUSED == set()


def test_every_icon_exists() -> None:
    styles = (SOURCES / "styles" / "icons.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^\.icon-([\w-]+) \{ --icon", styles, re.MULTILINE))
    named = {icon for name in TEMPLATES for icon in re.findall(r'\bicon\("([\w-]+)"[,)]', text_of(name))}
    marks = _values(text_of("inlet/parts/navigation.html"), "marks")
    kinds = {f"kind-{icon}" for icon in _values(text_of("inlet/timeline.html"), "marks")}
    looks = re.findall(r'\("[a-z]+", "([a-z]+)", (?:true|false)\)', text_of("inlet/ui.html"))
    statuses = {f"status-{icon}" for icon in looks}
    assert named
    assert looks
    assert (named | marks | kinds | statuses) - drawn == set()


def _values(text: str, name: str) -> set[str]:
    table = re.search(r"set " + name + r" = \{(.*?)\}", text, re.DOTALL)
    assert table is not None
    return set(re.findall(r': "([\w-]+)"', table.group(1)))


def test_every_drawing_comes_with_the_package() -> None:
    package = PROJECT / "node_modules" / "heroicons"
    if not package.is_dir():
        pytest.fail("The packages of package-lock.json are not installed; run `make assets`.")
    wanted = {
        drawing
        for path in SOURCES.rglob("*.css")
        for drawing in re.findall(r'url\("heroicons/([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert wanted
    assert {drawing for drawing in wanted if not (package / drawing).is_file()} == set()


def test_every_class_of_the_templates_has_a_style_or_a_script() -> None:
    known = " ".join(path.read_text(encoding="utf-8") for path in (*SOURCES.rglob("*.css"), *SOURCES.rglob("*.js")))
    used = {
        part
        for name in TEMPLATES
        for classes in re.findall(r'class="([^"{]*)"', text_of(name))
        for part in classes.split()
    }
    assert used
    assert {part for part in used if not re.search(rf"\.{re.escape(part)}\b", known)} == set()
