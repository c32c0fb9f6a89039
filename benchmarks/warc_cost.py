"""The cost of WARC_DIR, in CPU milliseconds per page: python -m benchmarks.warc_cost.

Pages of 13 KB with random words, each another, are appended to an archive on disk; completing it,
which includes its index, counts. Nothing is downloaded.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from crawlproj.warc.archive import Archive
from crawlproj.warc.records import Exchange

PAGES = 2_000
REPEATS = 3
BUDGET_MS = 0.25
_REQUEST = b"GET /page HTTP/1.1\r\nHost: a.example\r\nUser-Agent: a\r\nAccept: text/html\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: a\r\n\r\n"


def exchanges() -> list[Exchange]:
    """Return the pages."""
    choose = random.Random(1)  # noqa: S311 - the same pages every time
    words = ["".join(choose.choices("abcdefghijklmnop", k=6)) for _ in range(2_000)]
    return [
        Exchange(
            url=f"http://a.example/{number}",
            at=1.8e9,
            request=_REQUEST,
            response=_HEAD + " ".join(choose.choices(words, k=1_850)).encode(),
            status=200,
            peer="192.0.2.1",
        )
        for number in range(PAGES)
    ]


async def archive(pages: list[Exchange], folder: Path) -> None:
    """Write them all."""
    made = Archive(folder, lambda: {"software": "benchmark"})
    for page in pages:
        await made.add(page)
    await made.close()


def cost_ms(pages: list[Exchange]) -> float:
    """Return the CPU milliseconds per page."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        asyncio.run(archive(pages, Path(folder)))
        return (time.process_time() - began) / PAGES * 1000


def main() -> None:
    """Print the cost, and fail if it is over the budget."""
    pages = exchanges()
    cost = min(cost_ms(pages) for _ in range(REPEATS))
    print(f"WARC: {cost:.3f} ms of CPU per 13 KB page (budget {BUDGET_MS} ms)")
    if cost > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
