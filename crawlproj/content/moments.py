"""Leaves out what a text says of the moment it was sent, which changes while a page does not.

That is how old something is, and how long a program took for the page.
"""

from __future__ import annotations

import re

_UNIT = "(?:second|minute|hour|day|week|month|year)s?"
# Such as "5 minutes ago" and "1 hour, 10 minutes ago".
_AGE = re.compile(rf"\b(?:[0-9]+|an?) {_UNIT}(?:,? (?:and )?[0-9]+ {_UNIT})? ago\b")
# Such as "Page generated in 0.012 seconds" and "Queries took 4.2ms". One pattern with both
# beginnings takes forty times as long, because the search is quick only for a fixed one.
_TIME = r" (?:about )?[0-9]*\.?[0-9]+ ?(?:m?s|(?:milli)?sec(?:ond)?s?)\b"
_MADE_IN, _TOOK = re.compile(f"ed in{_TIME}"), re.compile(f"took{_TIME}")


def without_moments(text: str) -> str:
    """Return ``text`` without ages and without the time that something took, in English."""
    if " ago" in text:
        text = _AGE.sub("", text)
    if "ed in " in text:
        text = _MADE_IN.sub("", text)
    if "took " in text:
        text = _TOOK.sub("", text)
    return text
