"""What every answer carries: an id of the request, and the headers that tell a browser what a page may not do."""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, g, request

from app.logs import about
from config import Settings

_KNOWN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'nonce-{nonce}'",
    "style-src 'self' 'nonce-{nonce}'",
    # Flask-AppBuilder's templates carry style attributes; an attribute cannot load anything.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
_ONE_YEAR = "max-age=31536000"


def csp_nonce() -> str:
    """The mark of this answer's own scripts. A global of the templates, for macros are imported without context."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def request_id() -> str:
    """The id under which this request is in the log; a proxy in front may have given one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _KNOWN_ID.fullmatch(given) else secrets.token_hex(8)
    return str(g.request_id)


def add_headers(app: Flask, settings: Settings) -> None:
    """Let every request of `app` have its id in the log, and every answer the headers."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    def begin() -> None:
        g.log_context = ExitStack()
        g.log_context.enter_context(about(request=request_id()))

    def finish(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "; ".join(_POLICY).format(nonce=csp_nonce())
        response.headers["X-Request-Id"] = request_id()
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if settings.secure_cookies:
            response.headers["Strict-Transport-Security"] = _ONE_YEAR
        if request.endpoint not in {"static", "appbuilder.static"}:
            # A page holds what one person may see: nobody else's browser or proxy keeps it.
            response.headers["Cache-Control"] = "no-store"
        return response

    def end(_error: Any) -> None:
        context = g.pop("log_context", None)
        if context is not None:
            context.close()

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(end)
