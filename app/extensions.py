"""Extension objects, empty until `create_app` fills them: the database of web pages, form tokens."""

from __future__ import annotations

from typing import Final

from flask_appbuilder.models.sqla.base import SQLA
from flask_wtf import CSRFProtect

from app.security.wall import WALLED, build

db: Final = SQLA(session_options={"autoflush": False, "info": {WALLED: True}})
"""`db.session` is the session of a web request: for reading, behind the wall. Services open their own."""

csrf: Final = CSRFProtect()

build(db.session)
