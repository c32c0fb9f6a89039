"""Values that JSON has no type for, as text: dates, times, decimal numbers, UUIDs and paths.

Spiders that go through a calendar carry the date of a page in ``meta`` or ``cb_kwargs``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXTS: dict[type, tuple[str, Callable[[Any], str]]] = {
    date: ("__date__", date.isoformat),
    datetime: ("__datetime__", datetime.isoformat),
    time: ("__time__", time.isoformat),
    timedelta: (
        "__timedelta__",
        lambda value: f"{value.days} {value.seconds} {value.microseconds}",
    ),
    Decimal: ("__decimal__", str),
    UUID: ("__uuid__", str),
    type(Path()): ("__path__", str),
}
_VALUES: dict[str, Callable[[str], Any]] = {
    "__date__": date.fromisoformat,
    "__datetime__": datetime.fromisoformat,
    "__time__": time.fromisoformat,
    "__timedelta__": lambda text: timedelta(*map(int, text.split())),
    "__decimal__": Decimal,
    "__uuid__": UUID,
    "__path__": Path,
    "__zoned__": lambda text: _in_zone(*text.split(" ", 2)),
}
TAGS = frozenset(_VALUES)
TEXTUAL = tuple(_TEXTS)


def tagged(value: Any) -> dict[str, str] | None:
    """Return ``value`` as a tag and text, or None if it is of another kind.

    So is a time in a zone that has no name: the text would have nothing but its offset.
    """
    how = _TEXTS.get(type(value))
    if how is None:
        return None
    if isinstance(value, datetime | time) and (
        value.fold or (value.tzinfo is not None and type(value.tzinfo) is not timezone)
    ):
        return _zoned(value)
    tag, to_text = how
    return {tag: to_text(value)}


def _zoned(value: datetime | time) -> dict[str, str] | None:
    zone = value.tzinfo
    if not isinstance(value, datetime) or not isinstance(zone, ZoneInfo) or not zone.key:
        return None
    return {"__zoned__": f"{value.replace(tzinfo=None).isoformat()} {value.fold} {zone.key}"}


def _in_zone(text: str, fold: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(fold))


def untagged(tag: str, text: str) -> Any:
    """Return what ``tagged`` was given. Raises ValueError, TypeError, AttributeError."""
    try:
        return _VALUES[tag](text)
    except (DecimalException, OverflowError) as exc:
        raise ValueError(f"{tag} {text!r}: {exc!r}") from None
