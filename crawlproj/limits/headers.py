"""Parse the limits that sites announce: Retry-After, RateLimit and X-RateLimit headers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PARAMETER = re.compile(r"[;,\s]\s*([a-z]+)\s*=\s*([0-9.]+)", re.IGNORECASE)
_OTHER_UNIT = re.compile(r';\s*qu\s*=\s*"(?!requests")')
_POSITIONAL = re.compile(r"\s*([0-9.]+)\s*;")  # 50;w=5, of draft 7 and before
_ZONE_NAME = re.compile(r"\s*\([^)]*\)\s*$")  # after a date that JavaScript wrote
_JS_DATE = "%a %b %d %Y %H:%M:%S GMT%z"
_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:[,;]|$)")
_EPOCH_AFTER_S = 1e9  # a reset above this is a unix time, not a number of seconds
_EPOCH_AFTER_MS = 1e11  # above this, it is a unix time in milliseconds
_MAX_WINDOW_S = 3600.0


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """The quota that a site announced; None for the values it left out.

    rate: requests/s over the whole window.
    remaining: requests left until the reset.
    reset_s: seconds until the full quota is available again.
    quota: requests allowed per window.
    """

    rate: float | None = None
    remaining: float | None = None
    reset_s: float | None = None
    quota: float | None = None


def retry_after_s(value: str, now_unix: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, never negative; None if malformed.

    Source: RFC 9110 §10.2.3, seconds or an HTTP-date. Fractions of a second are accepted because
    some sites send them, and dates as JavaScript or ISO 8601 write them.
    """
    value = value.strip()
    if match := re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", value):
        seconds = float(match[0])
        return seconds if math.isfinite(seconds) else None
    return _seconds_until(value, now_unix)


def policy_of(get: Callable[[str], str | None], now_unix: float) -> RatePolicy | None:
    """Return the quota that response headers announce, or None.

    get: returns the value of the named header, or None.

    Reads ``RateLimit`` and ``RateLimit-Policy`` of draft-ietf-httpapi-ratelimit-headers (``r``,
    ``t``; ``q``, ``w``), the forms of its earlier versions (``limit=``, ``remaining=``, ``reset=``,
    or one header each), and ``X-RateLimit-Limit``, ``-Remaining`` and ``-Reset`` (seconds, a unix
    time or a date). Of several policies the strictest counts. A window over an hour does not set
    the pace; it counts only once nothing remains.
    """
    limits, policies = get("RateLimit"), get("RateLimit-Policy")
    remaining = reset_s = quota = None
    if limits is not None:
        remaining, reset_s = _tightest(limits)
    for prefix in ("RateLimit-", "X-RateLimit-", "X-Rate-Limit-"):
        if remaining is None:
            remaining = _number(get(f"{prefix}Remaining"))
            reset_s = _reset(get(f"{prefix}Reset"), now_unix)
            quota = _number(get(f"{prefix}Limit"))
    if reset_s is not None and reset_s > _EPOCH_AFTER_S:
        reset_unix = reset_s / 1000 if reset_s > _EPOCH_AFTER_MS else reset_s
        reset_s = max(0.0, reset_unix - now_unix)
    if remaining and reset_s is not None and reset_s > _MAX_WINDOW_S:
        remaining = reset_s = None
    rate = _strictest(policies) if policies is not None else None
    if rate is None and remaining is None:
        return None
    return RatePolicy(rate, remaining, reset_s, quota)


def _seconds_until(date: str, now_unix: float) -> float | None:
    """Return the seconds until a date, never negative; None if it is malformed."""
    for read in (_js_date, parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = read(date)
            if when.tzinfo is None:
                when = when.replace(tzinfo=UTC)
            return max(0.0, when.timestamp() - now_unix)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _js_date(text: str) -> datetime:
    """Read what JavaScript makes of a Date: "Sun Nov 29 2026 13:17:32 GMT+0000 (…)"."""
    return datetime.strptime(_ZONE_NAME.sub("", text), _JS_DATE)  # noqa: DTZ007 - _JS_DATE has it


def _items(value: str) -> list[dict[str, float]]:
    """Return the numeric parameters of each item of a structured list (RFC 9651)."""
    if '"' not in value and ";" not in value:  # draft 7 and before: limit=10, remaining=4, reset=3
        return [_parameters(f";{value}")]
    parts, depth = [""], False
    for character in value:
        depth = depth != (character == '"')
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    # Skip quotas in other units, such as bytes.
    return [_parameters(part) for part in parts if not _OTHER_UNIT.search(part)]


def _parameters(text: str) -> dict[str, float]:
    found = {}
    for name, number in _PARAMETER.findall(re.sub(r'"[^"]*"', '""', text)):
        value = _number(number)
        if value is not None:
            found[name.lower()] = value
    if (match := _POSITIONAL.match(text)) and (value := _number(match[1])) is not None:
        found.setdefault("q", value)
    return found


def _tightest(value: str) -> tuple[float | None, float | None]:
    """Return remaining and reset of the item that allows the fewest requests a second until then.

    Of several with nothing left, it is the one whose reset is the last.
    """
    best: tuple[float | None, float | None] = (None, None)
    lowest: tuple[float, float] | None = None
    for item in _items(value):
        remaining, reset_s = item.get("r", item.get("remaining")), item.get("t", item.get("reset"))
        if remaining is None:
            continue
        left = remaining if remaining >= 1 else 0.0
        pace = (left / max(1.0, reset_s or 0.0), -(reset_s or 0.0))
        if lowest is None or pace < lowest:
            lowest, best = pace, (remaining, reset_s)
    return best


def _strictest(value: str) -> float | None:
    """Return the lowest requests/s among the policies with a window of up to an hour."""
    rates = [
        item["q"] / item["w"]
        for item in _items(value)
        if item.get("q") and 0 < item.get("w", 0.0) <= _MAX_WINDOW_S
    ]
    return min(rates, default=None)


def _reset(value: str | None, now_unix: float) -> float | None:
    """Return a reset in the unit it has; a date becomes seconds from now."""
    number = _number(value)
    return _seconds_until(value, now_unix) if number is None and value is not None else number


def _number(value: str | None) -> float | None:
    if value is None:
        return None
    match = _NUMBER.match(value)
    if match is None:
        return None
    number = float(match[1])
    return number if math.isfinite(number) else None
