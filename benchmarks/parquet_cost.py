"""The cost of PARQUET_URL, in CPU milliseconds per page: python -m benchmarks.parquet_cost.

Pages with 5 KB of text (700 random words) go to a folder on disk, 32 at a time, as a busy crawl
commits them; making the Parquet files counts. Nothing is downloaded or stored elsewhere.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.items import Page
from crawlproj.parquet.config import ParquetConfig
from crawlproj.parquet.folders import LocalFolder
from crawlproj.parquet.rows import row_of
from crawlproj.parquet.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGES = 6_400
AT_ONCE = 32
REPEATS = 3
BUDGET_MS = 0.05
_TIMINGS = {
    name: 0.0123456 * place
    for place, name in enumerate(("queued", "dns", "connect", "tls", "ttfb", "transfer"))
}


def pages() -> list[Page]:
    """Return the pages, of eight sites."""
    choose = random.Random(1)  # noqa: S311 - the same pages every time
    words = ["".join(choose.choices("abcdefghijklmnop", k=6)) for _ in range(2_000)]
    return [
        Page(
            url=(url := f"http://site{number % 8}.example/{number}"),
            requested_url=url,
            status=200,
            title=" ".join(choose.choices(words, k=6)),
            text=" ".join(choose.choices(words, k=700)),
            content_type="text/html",
            content_hash=f"{choose.getrandbits(128):032x}",
            fetched_at=1.8e9 + number,
            timings=_TIMINGS,
        )
        for number in range(PAGES)
    ]


async def write(made: Sequence[Page], folder: Path) -> None:
    """Write them all."""
    config = ParquetConfig(str(folder), folder, interval_s=600.0, segment_bytes=2**27)
    sink = Sink(config, LocalFolder(folder / "files"), print)
    await sink.open()
    for start in range(0, PAGES, AT_ONCE):
        numbers = range(start, start + AT_ONCE)
        rows = [row_of(made[n], None, "", ("job", 1, n, 1, 0.0)) for n in numbers]
        await asyncio.gather(*(sink.put(row) for row in rows))
    assert await sink.close() == ""
    assert sink.counts.rows == PAGES


def cost_ms(made: Sequence[Page]) -> float:
    """Return the CPU milliseconds per page."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        asyncio.run(write(made, Path(folder)))
        return (time.process_time() - began) / PAGES * 1000


def main() -> None:
    """Print the cost, and fail if it is over the budget."""
    made = pages()
    cost = min(cost_ms(made) for _ in range(REPEATS))
    print(f"Parquet: {cost:.3f} ms of CPU per page of 5 KB of text (budget {BUDGET_MS} ms)")
    if cost > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
