"""``python -m benchmarks.serve.writer FILE KIND SECONDS RATE``: stores pages as a crawl does.

Prints how many pages per second it stored; RATE is what the crawl would fetch. KIND is part of
their URLs.
"""

from __future__ import annotations

import asyncio
import sys
import time

from benchmarks.serve.pages import batch
from crawlproj.store.base import StoreBusy
from crawlproj.store.sqlite import SqliteStore

_BATCH = 20


async def write(path: str, kind: str, seconds: float, rate: float) -> float:
    """Store batches at their times, or as fast as the file takes them; return pages/s."""
    store = SqliteStore(path)
    store.search = True
    await store.open()
    start = time.perf_counter()
    stored = 0
    while (now := time.perf_counter() - start) < seconds:
        if stored >= rate * now:
            await asyncio.sleep((stored + _BATCH) / rate - now)
        try:
            await store.write(batch(kind, stored, _BATCH))
        except StoreBusy:
            continue
        stored += _BATCH
    await store.close()
    return stored / (time.perf_counter() - start)


if __name__ == "__main__":
    path, kind, seconds, rate = sys.argv[1:]
    print(asyncio.run(write(path, kind, float(seconds), float(rate))))
