"""URLs in a form that may be logged."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?//)?[^/?#]*@", re.IGNORECASE)


def masked(url: str) -> str:
    """Return ``url`` with user, password and query replaced by ``***``.

    Text that is not a URL may hold a secret anywhere (libpq's ``host=… password=…``), so it is
    masked whole, unless it looks like a file name or like ``memory:``.
    """
    if not re.match(r"[a-z][\w+.-]*://", url, re.IGNORECASE):
        return url if re.fullmatch(r"[\w.-]*:?[\w./-]*", url) else "***"
    return re.sub(r"(?s)\?.*", "?***", re.sub(r"(?s)//.*@", "//***@", url))


def without_credentials(url: str) -> str:
    """Return ``url`` without user and password. ``user:password@host`` may also stand alone."""
    return _CREDENTIALS.sub(r"\1", url, count=1)
