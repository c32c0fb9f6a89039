"""Dicts that keep what was put last."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def put(values: dict[K, V], key: K, value: V, most: int) -> V:
    """Put and return ``value``; of more than ``most`` keys, drop the one that was put first."""
    values[key] = value
    if len(values) > most:
        del values[next(iter(values))]
    return value
