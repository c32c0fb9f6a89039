"""URLs as they may be logged."""

from __future__ import annotations

import re


def shown(url: str) -> str:
    """``url`` as it may be logged: without user, password and query."""
    return re.sub(r"\?.*", "?***", re.sub(r"//.*@", "//***@", url, flags=re.DOTALL))
