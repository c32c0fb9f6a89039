"""Leaves out what a text says of its age, which changes while a page does not."""

from __future__ import annotations

import re

_UNIT = "(?:second|minute|hour|day|week|month|year)s?"
# Such as "5 minutes ago" and "1 hour, 10 minutes ago".
_AGE = re.compile(rf"\b(?:[0-9]+|an?) {_UNIT}(?:,? (?:and )?[0-9]+ {_UNIT})? ago\b")


def without_ages(text: str) -> str:
    """Return ``text`` without ages in English."""
    return _AGE.sub("", text) if " ago" in text else text
