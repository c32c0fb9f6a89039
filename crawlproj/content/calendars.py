"""Reads calendars in the format of RFC 5545 (iCalendar)."""

from __future__ import annotations

import re

CALENDAR = "text/calendar"

_STAMP = re.compile(rb"^DTSTAMP[;:].*\n?(?:[ \t].*\n?)*", re.IGNORECASE | re.MULTILINE)


def without_stamps(body: bytes) -> bytes:
    """Return a calendar without its DTSTAMPs: many programs put the time of the request there."""
    return _STAMP.sub(b"", body)
