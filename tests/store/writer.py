"""Writes to a shared store: ``python -m tests.store.writer FILE NUMBER BATCHES``.

Prints how many times the store was busy.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from crawlproj.store.base import Row, StoreBusy
from crawlproj.store.sqlite import SqliteStore

ROWS = 20


def url(number: int, batch: int, row: int) -> str:
    # All writers share every other page, as if another worker had taken over an expired lease.
    return f"http://a.test/{batch}/{row}" + (f"/{number}" if row % 2 else "")


async def main(path: Path, number: int, batches: int) -> int:
    """Write ``batches`` batches and return how many times the store was busy."""
    store = SqliteStore(path)
    await store.open()
    busy = 0
    for batch in range(batches):
        rows = [
            Row(
                "pages",
                {"url": url(number, batch, row), "status": 200, "content_hash": f"{row % 7:032x}"},
            )
            for row in range(ROWS)
        ]
        while True:
            try:
                await store.write(rows)
            except StoreBusy:
                busy += 1
            else:
                break
    await store.close()
    return busy


if __name__ == "__main__":
    busy = asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(f"{busy}\n")
