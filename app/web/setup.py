"""The web half of an application: form tokens, headers, errors, Flask-AppBuilder with the views, and the reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, current_app, g, request
from flask_appbuilder import AppBuilder
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

from app.domain.people import NOBODY, Reader
from app.extensions import csrf, db
from app.security import roles
from app.security.reader import current_reader, reader_for, role_name, set_reader
from app.web.addresses import IdConverter
from app.web.filters import ask_each_time
from app.web.headers import add_headers
from app.web.manager import SecurityManager
from app.web.problems import add_handlers
from app.web.views.home import HomeView
from config import Settings

_LARGEST_REQUEST = 16 * 1024 * 1024


def bind_web(app: Flask, settings: Settings, register: Callable[[Any], None]) -> None:
    """Bind everything that serves pages to `app`; `register` adds the views to Flask-AppBuilder.

    Writes nothing: the schema and the roles are there already.
    """
    app.config.from_mapping(_config(settings))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    add_headers(app, settings)
    add_handlers(app)
    app.url_map.converters["int"] = IdConverter
    with app.app_context():
        builder = AppBuilder(
            indexview=HomeView,
            base_template="inlet/base.html",
            security_manager_class=SecurityManager,
            update_perms=False,
        )
        builder.init_app(app, db.session)
        ask_each_time(app)
        register(builder)
        builder.sm.register_settings()
    # After Flask-AppBuilder's own hook, which says who is signed in.
    app.before_request(_find_reader)
    # Last, so that its refusal is a page for the person who is signed in.
    csrf.init_app(app)
    app.context_processor(_context)


def _find_reader() -> None:
    if request.endpoint in {"static", "appbuilder.static", None}:
        return
    set_reader(_reader())


def _reader() -> Reader:
    return reader_for(g.user, db.session) if current_user.is_authenticated else NOBODY


def _context() -> dict[str, Any]:
    builder = current_app.extensions["appbuilder"]
    return {
        "reader": current_reader(),
        "role_name": role_name(current_reader().role),
        "appbuilder": builder,
        "base_template": builder.base_template,
    }


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "APP_NAME": "Inlet",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ROLES": roles.for_flask_appbuilder(),
        "FAB_ADD_MENU_API": False,
        "FAB_ADD_OPENAPI_VIEWS": False,
        "FAB_API_KEY_ENABLED": False,
        "AUTH_RATE_LIMITED": True,
        "AUTH_RATE_LIMIT": "10 per minute",
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": _limiter_address(settings.redis_url),
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
        # Without Redis each process counts by itself: a lost Redis signs nobody out and opens nothing.
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_HEADERS_ENABLED": False,
        "SESSION_COOKIE_NAME": "inlet_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        # A form may stay open all day; its token lives as long as the session.
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": _LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": _LARGEST_REQUEST,
    }


def _limiter_address(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+unix://", 1)
