"""Dicts that keep what was put last."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections import OrderedDict

K = TypeVar("K")
V = TypeVar("V")


def put(values: OrderedDict[K, V], key: K, value: V, most: int) -> V:
    """Put and return ``value``; of more than ``most`` keys, drop the one put longest ago.

    An OrderedDict, because a dict takes longer the larger it is to find its first key (32 µs of
    50,000) once others before that were deleted.
    """
    values[key] = value
    values.move_to_end(key)
    if len(values) > most:
        values.popitem(last=False)
    return value
