"""Values that JSON has no type for, as text: dates, times and decimal numbers.

Spiders that go through a calendar carry the date of a page in ``meta`` or ``cb_kwargs``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TEXTS: dict[type, tuple[str, Callable[[Any], str]]] = {
    date: ("__date__", date.isoformat),
    datetime: ("__datetime__", datetime.isoformat),
    time: ("__time__", time.isoformat),
    timedelta: (
        "__timedelta__",
        lambda value: f"{value.days} {value.seconds} {value.microseconds}",
    ),
    Decimal: ("__decimal__", str),
}
_VALUES: dict[str, Callable[[str], Any]] = {
    "__date__": date.fromisoformat,
    "__datetime__": datetime.fromisoformat,
    "__time__": time.fromisoformat,
    "__timedelta__": lambda text: timedelta(*map(int, text.split())),
    "__decimal__": Decimal,
}
TAGS = frozenset(_VALUES)


def tagged(value: Any) -> dict[str, str] | None:
    """Return ``value`` as a tag and text, or None if it is of another kind.

    So is a time in a named zone, because the text would have nothing but its offset.
    """
    how = _TEXTS.get(type(value))
    if how is None:
        return None
    if isinstance(value, datetime | time) and (
        value.fold or (value.tzinfo is not None and type(value.tzinfo) is not timezone)
    ):
        return None
    tag, to_text = how
    return {tag: to_text(value)}


def untagged(value: Mapping[str, Any]) -> Any:
    """Return what ``tagged`` was given, or None if there is no tag. Raises ValueError."""
    for tag, text in value.items():
        if tag in _VALUES:
            try:
                return _VALUES[tag](text)
            except (DecimalException, OverflowError) as exc:
                raise ValueError(f"{tag} {text!r}: {exc!r}") from None
    return None
