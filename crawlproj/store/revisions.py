"""How a page differs from the version of it that is stored. Pure.

The shell of a page (its navigation, a date, a token in a form) may change while its content does
not. The content has changed if the fingerprint of the main text has; where a version has none, if
the visible text has; and if there is no text either, if the body has.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.content.folded import folded
from crawlproj.content.moments import without_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MISSING = frozenset({404, 410})
"""The statuses that say that a page is not there."""

KNOWN = (
    *("content_hash", "text_hash", "fetched_at", "first_seen_at", "changed_at", "checked_at"),
    *("history", "gone_at", "etag", "last_modified"),
    "(SELECT vouched_at FROM hints WHERE hints.url = pages.url)",
)
"""The sources of a Known, in this order: columns of ``pages``, and one of ``hints``."""

_MAX_HISTORY = 32


@dataclass(frozen=True, slots=True)
class Known:
    """The stored version of a page, without its text."""

    content_hash: str
    text_hash: str | None
    first_seen_at: float | None
    changed_at: float | None
    checked_at: float | None
    history: str | None
    gone: bool
    etag: str | None
    last_modified: str | None
    vouched_at: float | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Known:
        """Return the version whose columns KNOWN are ``row``.

        A store with an older schema has only ``fetched_at``.
        """
        content, text, fetched, first, changed, checked, history, gone, *validators, vouched = row
        etag, modified = validators
        return cls(
            content or "",
            text,
            fetched if first is None else first,
            fetched if changed is None else changed,
            fetched if checked is None else checked,
            history,
            gone is not None,
            etag,
            modified,
            vouched,
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """The effect of a page on the version before it.

    columns: what the store adds to the page's row. kind: "new", "changed", "back", or "" if there
    is nothing to note in ``changes``. changed: whether the content is another than before. at: when
    it was fetched; since: the check before, if there was one (unix seconds).
    """

    columns: Mapping[str, Any]
    kind: str
    changed: bool
    at: float
    since: float | None


def revision(
    page: Mapping[str, Any], known: Known | None, stored_text: Callable[[], str | None]
) -> Revision:
    """Return what storing ``page`` over ``known`` changes; known: None for a new page.

    stored_text: returns the visible text of the stored version; called only if that decides.
    """
    given = page.get("fetched_at")
    at = time.time() if given is None else given
    if known is None:
        first = {"first_seen_at": at, "changed_at": at, "checked_at": at, "history": "[]"}
        return Revision(first, "new", False, at, None)
    changed = _differs(page, known, stored_text)
    columns: dict[str, Any] = {
        "first_seen_at": known.first_seen_at,
        "changed_at": at if changed else known.changed_at,
        "checked_at": at,
        "history": observed(
            known.history, known.checked_at, at, changed=changed, vouched_at=known.vouched_at
        ),
    }
    for name in ("etag", "last_modified"):
        before = getattr(known, name)
        # The same for another content: it says nothing, so it must never be sent again.
        if before == "" or (changed and before and before == page.get(name)):
            columns[name] = ""
    kind = "back" if known.gone else "changed" if changed else ""
    return Revision(columns, kind, changed, at, known.checked_at)


def _differs(page: Mapping[str, Any], known: Known, stored_text: Callable[[], str | None]) -> bool:
    body, text_hash = page.get("content_hash") or "", page.get("text_hash")
    if body == known.content_hash:
        return False
    if text_hash and known.text_hash:
        return bool(text_hash != known.text_hash)
    text = page.get("text") or ""
    return not text or _telling(text) != _telling(stored_text() or "")


def _telling(text: str) -> str:
    # Folded, because the width of a column of a table depends on the ages in it.
    return without_moments(folded(text))


def observed(
    history: str | None,
    checked_at: float | None,
    at: float,
    *,
    changed: bool,
    vouched_at: float | None = None,
) -> str | None:
    """Return ``history`` with one more check, of a page that was last checked at ``checked_at``.

    It is a JSON list of seconds, oldest first: positive from a check to one that found the page
    changed, negative over checks that found it unchanged. A change was not before ``vouched_at``,
    if that is given.
    """
    checks = checks_in(history)
    before = at if checked_at is None else checked_at
    if changed and vouched_at is not None and before < vouched_at < at:
        _add(checks, -round(vouched_at - before))
        before = vouched_at
    seconds = round(at - before)
    if seconds <= 0:  # the same answer, stored once more
        return history
    _add(checks, seconds if changed else -seconds)
    return json.dumps(checks[-_MAX_HISTORY:], separators=(",", ":"))


def _add(checks: list[int], seconds: int) -> None:
    if seconds < 0 and checks and checks[-1] < 0:
        checks[-1] += seconds
    elif seconds:
        checks.append(seconds)


def checks_in(history: str | None) -> list[int]:
    """Return the checks in a ``history``; none if it is not one."""
    if not history or history.startswith("[]"):  # of most pages of a new store
        return []
    try:
        found = json.loads(history)
        return [int(each) for each in found] if isinstance(found, list) else []
    except (ValueError, TypeError):
        return []
