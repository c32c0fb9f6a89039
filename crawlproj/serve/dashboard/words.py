"""Numbers and times as people read them. Pure."""

from __future__ import annotations

import time


def count(number: float) -> str:
    """Return a count: "12,345"."""
    return f"{number:,.0f}"


def rate(per_second: float) -> str:
    """Return a rate, without its unit: "0.25", "8.4", "1,204"."""
    if per_second >= 99.95:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 1 or per_second == 0 else f"{per_second:.2g}"


def seconds(value: float | None) -> str:
    """Return a short time: "8.2 ms", "340 ms", "2.5 s"; a dash for None."""
    if value is None:
        return "–"
    if value < 0.9995:
        ms = 1000 * value
        return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
    return f"{value:.1f} s" if value < 99.95 else duration(value)


def duration(value: float) -> str:
    """Return how long something takes: "12 s", "4 min", "3 h 20 min", "2 d 4 h"."""
    whole = max(0, round(value))
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def moment(at: float | None) -> str:
    """Return a time (unix seconds) in local time, with the zone; a dash for None."""
    if at is None:
        return "–"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return str(at)


def clock(at: float) -> str:
    """Return a time (unix seconds) of today: "12:03:05"."""
    return time.strftime("%H:%M:%S", time.localtime(at))


_BINDS = {
    "given-up": "given up",
    "login": "a login",
    "away": "no answer",
    "asked": "asked to wait",
    "delay": "a delay",
    "rate": "requests/s",
    "limit": "in flight",
    "cpu": "our own process",
    "budget": "requests over all sites",
    "nothing-waits": "no URL waits",
    "claiming": "being claimed",
    "running": "nothing",
}


def binds(kind: str) -> str:
    """Return what binds a site in a few words, by the kind of a ``Why``."""
    return _BINDS.get(kind, kind)
