"""URLs as they may be logged."""

from __future__ import annotations

import re


def shown(url: str) -> str:
    """``url`` as it may be logged: without user, password and query.

    What is no URL may be anything, libpq's ``host=… password=…`` for one: it is shown when it
    looks like the name of a file, or like ``memory:``.
    """
    if not re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE):
        return url if re.fullmatch(r"[\w.-]*:?[\w./-]*", url) else "***"
    return re.sub(r"\?.*", "?***", re.sub(r"//.*@", "//***@", url, flags=re.DOTALL))
