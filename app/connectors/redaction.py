"""Secrets taken out of what is kept: no header, address or body that is stored may hold one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "•••"
SHORTEST_SECRET = 3

_HEADER = re.compile(r"auth|cookie|token|secret|key|signature|password|session", re.IGNORECASE)
_JSON_VALUE = re.compile(
    r'("[^"]*(?:token|secret|password|passwd|api_?key|signature)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE
)
_FORM_VALUE = re.compile(
    r"((?:^|[?&\s])[^=&?\s]*(?:token|secret|password|passwd|api_?key|signature)[^=&?\s]*=)[^&\s]+", re.IGNORECASE
)


class Redactor:
    """Masks given secrets, and whatever has the name of a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Each secret is known as it is, in its URL forms and in Base64. One of a letter or two is not looked for."""
        known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        forms = {form for secret in known for form in _forms(secret)}
        # The longest first, so that a secret which holds another one is masked as a whole.
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, value: str) -> str:
        """The text with every secret masked."""
        for form in self._forms:
            value = value.replace(form, MASK)
        return _FORM_VALUE.sub(rf"\1{MASK}", _JSON_VALUE.sub(rf'\1"{MASK}"', value))

    def headers(self, headers: Mapping[str, str]) -> str:
        """Headers as lines; those whose name tells of a secret are masked as a whole."""
        lines = (f"{name}: {MASK if _HEADER.search(name) else value}" for name, value in headers.items())
        return self.text("\n".join(lines))


def _forms(secret: str) -> set[str]:
    plain = secret.encode("utf-8")
    encoded = base64.b64encode(plain).decode().rstrip("=")
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quote(secret, safe=""), quote_plus(secret), encoded, escaped}
