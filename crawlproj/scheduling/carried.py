"""The lists, items and other objects that requests carry, because a frontier gives back copies.

Callbacks may share one: a list that each of them appends to, and whose last reader yields the item.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from crawlproj.bounded import put
from crawlproj.scheduling.serialize import TRANSIENT_META
from crawlproj.scheduling.values import FIXED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Request


class Carried:
    """Gives requests that come out of the frontier the very objects that they were put with.

    most: how many requests' objects are kept; beyond that, the oldest ones get copies.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._values: OrderedDict[int, tuple[dict[str, Any], dict[str, Any]]] = OrderedDict()

    def __contains__(self, key: int) -> bool:
        return key in self._values

    def keep(self, key: int, request: Request) -> None:
        """Remember what ``request``, whose entry has ``key``, carries."""
        meta, arguments = _mutable(request.meta), _mutable(request.cb_kwargs)
        if meta or arguments:
            put(self._values, key, (meta, arguments), self._most)

    def give_back(self, key: int, request: Request) -> None:
        """Put what was remembered for ``key`` in the place of its copies."""
        if key in self._values:
            meta, arguments = self._values[key]
            request.meta.update(meta)
            request.cb_kwargs.update(arguments)

    def forget(self, key: int) -> None:
        """Drop what was remembered for ``key``."""
        self._values.pop(key, None)


def _mutable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if name not in TRANSIENT_META and _may_change(value)
    }


def _may_change(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return any(map(_may_change, value))
    return not isinstance(value, FIXED)
