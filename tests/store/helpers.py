"""Rows for the stores' tests, and the rule about duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.store.base import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGES = "SELECT url, content_hash, duplicate_of FROM pages"


def page(url: str, content: str = "", **more: Any) -> Row:
    return Row("pages", {"url": url, "status": 200, "content_hash": content, **more})


def check_first_pages(rows: Sequence[tuple[Any, ...]]) -> None:
    """Check ``rows``, the result of PAGES: one page of each content is named by all others."""
    for content in {row[1] for row in rows}:
        group = [(url, first) for url, other, first in rows if other == content]
        firsts = [url for url, first in group if first is None]
        if not content:
            assert len(firsts) == len(group)
        else:
            assert len(firsts) == 1
            assert {first for _, first in group} <= {None, firsts[0]}
