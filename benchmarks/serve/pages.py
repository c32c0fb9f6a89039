"""The pages of the store that is queried."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from crawlproj.store.base import Row
from crawlproj.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

SITES = 1000
_BATCH = 1000
_WORDS = [f"word{number}" for number in range(5000)]
_WEIGHTS = [1 / (number + 1) for number in range(5000)]


def url(kind: str, number: int) -> str:
    """Return the URL of a page."""
    return f"https://www.site-{number % SITES}.example/{kind}/{number}"


def batch(kind: str, first: int, number: int) -> list[Row]:
    """Return pages with texts of some 600 characters, the same for the same numbers."""
    chance = random.Random(first)  # noqa: S311 - reproducible, not secret
    return [
        Row(
            "pages",
            {
                "url": url(kind, n),
                "status": 200 if n % 20 else 404,
                "title": f"Page {n}",
                "text": " ".join(chance.choices(_WORDS, _WEIGHTS, k=80)),
                "content_type": "text/html",
                "content_hash": f"{n:032x}",
                "depth": n % 9,
                "fetched_at": 1.7e9 + n,
            },
        )
        for n in range(first, first + number)
    ]


def build(path: Path, pages: int) -> None:
    """Store pages in a new file."""

    async def store() -> None:
        made = SqliteStore(path)
        made.search = True
        await made.open()
        for first in range(0, pages, _BATCH):
            await made.write(batch("old", first, min(_BATCH, pages - first)))
        await made.close()

    asyncio.run(store())
