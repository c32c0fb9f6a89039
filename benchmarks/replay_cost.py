"""The cost of a replay's reading, in CPU milliseconds per page: python -m benchmarks.replay_cost.

The pages of ``warc_cost`` are archived; then they are found, and read in another order.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from benchmarks.warc_cost import PAGES, REPEATS, archive, exchanges
from crawlproj.warc.config import warc_files
from crawlproj.warc.reader import Reader

BUDGET_MS = 0.25


def costs_ms(folder: Path) -> tuple[float, float]:
    """Return the CPU milliseconds per page of finding the records, and of reading one."""
    began = time.process_time()
    reader = Reader(warc_files(folder))
    indexed = time.process_time()
    urls = list(reader.urls())
    random.Random(1).shuffle(urls)  # noqa: S311 - the same order every time
    for url in urls:
        assert reader.read(reader.places("GET", url)) is not None
    ended = time.process_time()
    reader.close()
    return (indexed - began) / PAGES * 1000, (ended - indexed) / PAGES * 1000


def main() -> None:
    """Print the costs, and fail if they are over the budget."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(archive(exchanges(), Path(folder)))
        finding, reading = min((costs_ms(Path(folder)) for _ in range(REPEATS)), key=sum)
    print(f"replay: {finding:.3f} ms of CPU to find a 13 KB page, {reading:.3f} ms to read it")
    if finding + reading > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
