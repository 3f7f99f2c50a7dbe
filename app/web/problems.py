"""Errors as people read them: a page in the frame, a fragment for htmx, JSON under /api; never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, flash, g, jsonify, make_response, redirect, render_template, request
from flask_login import AnonymousUserMixin
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import InletError, NotFound
from app.domain.people import NOBODY
from app.extensions import db
from app.security.reader import set_reader
from app.web.addresses import is_safe, wants_fragment
from app.web.headers import request_id

log = logging.getLogger(__name__)

_WORDS = {
    400: (
        "This request cannot be used",
        "Something in it was missing or not understood.",
        "Go back, reload, try again.",
    ),
    401: ("Please sign in", "This page is for people who are signed in.", "Sign in and try again."),
    403: ("You may not do this", "Your role does not include it.", "Ask an Admin, if you need it."),
    404: (
        "There is no such page",
        "It was deleted, never existed, or is outside of what you may see.",
        "Check the address, or look for it in its list.",
    ),
    405: (
        "This is not done this way",
        "The page was asked in a way that it does not answer.",
        "Go back and try again.",
    ),
    409: ("This is not possible now", "Something changed meanwhile.", "Reload the page and try again."),
    413: ("This is too large", "More was sent than one request may hold.", "Send less at once."),
    429: ("Too many tries", "This was asked too often in a short time.", "Wait a minute and try again."),
    500: (
        "Something went wrong",
        "The fault is ours, and it is in the log with the number below.",
        "Try again. If it stays, give this number to whoever runs Inlet.",
    ),
    503: (
        "The database does not answer",
        "Inlet cannot read or write at the moment; nothing was changed.",
        "Try again in a minute.",
    ),
}


def answer(code: int, message: str = "", remedy: str = "") -> Response:
    """An error in the form that this request can read. Without a message it is told in general words."""
    title, text, advice = _WORDS.get(code, _WORDS[500 if code >= 500 else 400])
    facts = {
        "code": code,
        "title": title,
        "message": message or text,
        "remedy": remedy if message else advice,
        "request_id": request_id(),
    }
    if request.path.startswith("/api/"):
        return make_response(jsonify(facts), code)
    template = "inlet/error_fragment.html" if wants_fragment() else "inlet/error.html"
    return make_response(render_template(template, **facts), code)


def add_handlers(app: Flask) -> None:
    """Let `app` answer every error by this module."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InletError, _ours)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _any)


def _http(error: HTTPException) -> AnyResponse:
    if error.response is not None or (error.code is not None and error.code < 400):
        # A response made by hand, or one of routing's own redirects.
        return AnyResponse.force_type(error.get_response())
    return answer(error.code or 500)


def _ours(error: InletError) -> AnyResponse:
    if isinstance(error, NotFound):
        return answer(404, error.message, error.remedy)
    back = request.form.get("next", "")
    if request.method == "POST" and is_safe(back) and not wants_fragment():
        flash(error.sentence(), "danger")
        return redirect(back)
    return answer(409, error.message, error.remedy)


def _database(error: SQLAlchemyError) -> AnyResponse:
    _give_up(error)
    if isinstance(error, DataError):
        # A zero byte, or a number beyond its column: what was sent cannot be stored or looked for.
        return answer(400)
    return answer(503 if isinstance(error, OperationalError) else 500)


def _any(error: Exception) -> AnyResponse:
    _give_up(error)
    return answer(500)


def _give_up(error: Exception) -> None:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    _forget(db.session)


def _forget(session: Any) -> None:
    # The error page asks the database for nothing, not even for who is signed in.
    g.user = g._login_user = AnonymousUserMixin()  # noqa: SLF001 (where Flask-Login keeps the user of a request)
    set_reader(NOBODY)
    try:
        session.rollback()
    except SQLAlchemyError:
        log.warning("The session could not be rolled back.")
