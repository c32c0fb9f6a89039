"""Cursors: where the next page of an answer begins. Opaque to clients, plain values to queries."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from crawlproj.serve.web.parameters import CONTROL, Kind

MAX_CURSOR = 20_000


def cursor_of(*key: str | float) -> str:
    """Return the cursor that stands for ``key``, the sort key of the last row seen."""
    packed = json.dumps(key, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Cursor(Kind):
    """A cursor over a sort key; a forged one only moves the beginning.

    types: of each of its values; several, if it may have any of them.
    """

    types: tuple[type | tuple[type, ...], ...]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_CURSOR, "pattern": "^[A-Za-z0-9_-]+$"}

    def read(self, text: str) -> tuple[Any, ...]:
        advice = "is not a cursor of this path: repeat the field `next` of an answer"
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            key = json.loads(packed)
        except (binascii.Error, ValueError, RecursionError):
            raise ValueError(advice) from None
        if not isinstance(key, list) or len(key) != len(self.types):
            raise ValueError(advice)
        if not all(_fits(value, kind) for value, kind in zip(key, self.types, strict=True)):
            raise ValueError(advice)
        return tuple(key)


def _fits(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Return whether a value can be a parameter of a query."""
    if type(value) not in (kind if isinstance(kind, tuple) else (kind,)):
        return False
    if isinstance(value, str):
        return not CONTROL.search(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
