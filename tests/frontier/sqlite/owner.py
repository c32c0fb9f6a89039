"""A process that crawls an endless synthetic tree and prints what the frontier confirmed.

``python -m tests.frontier.sqlite.owner FILE``: key n links to 2n+1 and 2n+2. After each call
returns, it prints ``put KEY``, ``claimed KEY LEASE_ID`` or ``acked KEY``, so that a test can kill
the process and compare.
"""

from __future__ import annotations

import asyncio
import sys

from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import entry


def children(key: int) -> tuple[int, int]:
    return 2 * key + 1, 2 * key + 2


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


async def crawl(path: str) -> None:
    frontier = SqliteFrontier(path)
    await frontier.open("job")
    await frontier.write([entry(0)], [])
    say("put 0")
    while True:
        leases = await frontier.claim(10, per_site=10, resting={}, lease_s=60)
        say(*(f"claimed {lease.entry.key} {lease.id}" for lease in leases))
        for lease in leases:
            found = children(lease.entry.key)
            puts = [entry(key, f"{key % 7}.test") for key in found]
            await frontier.write(puts, [Ack(lease.id, State.DONE)])
            say(*(f"put {key}" for key in found), f"acked {lease.entry.key}")


if __name__ == "__main__":
    asyncio.run(crawl(sys.argv[1]))
