"""The cost of a million pending URLs: ``python -m benchmarks.frontier_memory [--pending N]``.

One process puts N URLs of a thousand sites in batches, then half of each batch again. Then it
claims and acks some thousands of them in rounds, as a crawl does. Prints CPU per operation (user
and system, all threads), the size of the file and the peak RSS of the process. Exits with status 1
if the peak is above 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.sqlite.frontier import SqliteFrontier

if TYPE_CHECKING:
    from collections.abc import Iterator

SITES = 1_000
BATCH = 500
CLAIM = 200
ROUNDS = 50
RSS_LIMIT_MB = 300


def entries(seed: int, number: int) -> Iterator[list[Entry]]:
    """Yield batches of new entries with random keys and URLs of some 80 bytes."""
    random_ = random.Random(seed)  # noqa: S311 (reproducible, not secret)
    for start in range(0, number, BATCH):
        yield [
            Entry(
                random_.getrandbits(64) - 2**63,
                site := f"www.site-{random_.randrange(SITES)}.example",
                f"https://{site}/section/{n % 97}/a-page-with-a-title-{seed}-{n}.html",
                priority=-random_.randrange(8),
            )
            for n in range(start, min(start + BATCH, number))
        ]


class Meter:
    """CPU of the process inside ``with`` blocks, so without the making of test data."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.operations = 0

    def __enter__(self) -> None:
        self._start = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.cpu_s += time.process_time() - self._start

    def __str__(self) -> str:
        return f"{self.cpu_s / self.operations * 1e6:6.1f} µs CPU ({self.operations:,})"


async def measure(path: Path, pending: int) -> bool:
    put, known, claim, ack, totals = (Meter() for _ in range(5))
    frontier = SqliteFrontier(path)
    await frontier.open("benchmark")
    for batch in entries(1, pending):
        with put:
            put.operations += (await frontier.write(batch, [])).new
        with known:
            await frontier.write(batch[: BATCH // 2], [])
        known.operations += len(batch) // 2
    for _ in range(ROUNDS):
        with claim:
            leases = await frontier.claim(CLAIM, per_site=8, resting={}, lease_s=60)
        claim.operations += len(leases)
        with ack:
            await frontier.write([], [Ack(lease.id, State.DONE) for lease in leases])
        ack.operations += len(leases)
        with totals:
            await frontier.totals()
        totals.operations += 1
    size_mb = sum(file.stat().st_size for file in path.parent.iterdir()) / 1e6
    start = time.perf_counter()
    await frontier.close()
    await frontier.open("benchmark")
    reopen_s = time.perf_counter() - start
    start = time.perf_counter()
    await frontier.open("benchmark", reset=True)
    reset_s = time.perf_counter() - start
    await frontier.close()
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{pending:,} pending URLs over {SITES:,} sites, batches of {BATCH}, claims of {CLAIM}")
    print(f"  put        {put}")
    print(f"  known put  {known}")
    print(f"  claim      {claim}")
    print(f"  ack        {ack}")
    print(f"  totals     {totals}")
    print(f"  file       {size_mb:6.0f} MB with its write-ahead log")
    print(f"  reopen     {reopen_s:6.2f} s; reset {reset_s:.2f} s")
    print(f"  peak RSS   {rss_mb:6.0f} MB (limit {RSS_LIMIT_MB})")
    return rss_mb <= RSS_LIMIT_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000_000, metavar="N")
    with tempfile.TemporaryDirectory() as folder:
        within = asyncio.run(measure(Path(folder) / "crawl.db", parser.parse_args().pending))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
