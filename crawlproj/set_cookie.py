"""Reads Set-Cookie headers as browsers do (RFC 6265bis §5.6). Pure.

Python's http.cookiejar reads them by the rules of 1997: it drops a cookie for an empty Domain or a
Max-Age that is not a number, and keeps one that is to be deleted if it cannot read the date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r"-?\d+", re.ASCII)
_MAX_DIGITS = 12
_DATE_TOKEN = re.compile(r"[^\t -/;-@\[-`{-~]+")
_TIME = re.compile(r"(\d\d?):(\d\d?):(\d\d?)(?!\d)", re.ASCII)
_DAY = re.compile(r"(\d\d?)(?!\d)", re.ASCII)
_YEAR = re.compile(r"(\d{2,4})(?!\d)", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WHITE = " \t"


@dataclass(frozen=True, slots=True)
class SetCookie:
    """One Set-Cookie header, parsed.

    value: None if the header names the cookie only, which is then sent without "=".
    domain: in lower case, without a leading dot; empty if only the host itself gets the cookie.
    path: empty for the directory of the request.
    expires: in seconds since 1970; None for the end of the session, in the past for now.
    """

    name: str
    value: str | None
    domain: str
    path: str
    secure: bool
    expires: float | None


def read_set_cookie(header: str, now: float) -> SetCookie | None:
    """Return what ``header`` says at ``now`` (seconds since 1970); None if it is not a cookie.

    It is not if its name promises what its attributes do not keep: a name with "__Secure-" needs
    Secure, one with "__Host-" also the path "/" and no Domain. Of an attribute that is there twice,
    the last counts, and Max-Age counts more than Expires.
    """
    if _CONTROL.search(header):
        return None
    pair, *attributes = header.split(";")
    name, equals, value = (part.strip(_WHITE) for part in pair.partition("="))
    if not name and (not value or "=" in value):
        return None
    domain = path = ""
    secure = False
    expires: float | None = None
    max_age: float | None = None
    for attribute in attributes:
        key, _, given = (part.strip(_WHITE) for part in attribute.partition("="))
        match key.lower():
            case "domain":
                domain = given.removeprefix(".").lower()
            case "path":
                path = given if given.startswith("/") else ""
            case "secure":
                secure = True
            case "expires" if (date := _seconds(given)) is not None:
                expires = date
            case "max-age" if _MAX_AGE.fullmatch(given):
                max_age = int(given[:_MAX_DIGITS])
    if max_age is not None:
        expires = now + max_age if max_age > 0 else 0.0
    prefixed = (name or value).lower()
    if prefixed.startswith("__secure-") and not secure:
        return None
    if prefixed.startswith("__host-") and (not secure or domain or path != "/"):
        return None
    if not name:
        return SetCookie(value, None, domain, path, secure, expires)
    return SetCookie(name, value if equals else None, domain, path, secure, expires)


def _seconds(date: str) -> float | None:
    """Return when ``date`` is, by the algorithm of RFC 6265bis §5.1.1; None if it is not one."""
    timed = False
    hour = minute = second = month = 0
    day = year = None
    for token in _DATE_TOKEN.findall(date):
        if not timed and (found := _TIME.match(token)):
            hour, minute, second = map(int, found.groups())
            timed = True
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif not month and token[:3].lower() in _MONTHS:
            month = 1 + _MONTHS.index(token[:3].lower())
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if not timed or day is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:  # says the RFC
        return None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
