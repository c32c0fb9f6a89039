"""Looks a good name up beside a thousand whose name server is silent.

Run it as ``unshare -rnm python -m tests.away.silent_names FOLDER``, with a network and mounts of
its own. It prints how many dead ones were given up before the good ones were found.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from crawlproj.http.config import HttpConfig
from crawlproj.http.resolver import Resolver
from tests.away.machine import ADDRESS, NameServer, resolve_here
from tests.waiting import PATIENCE_S

DEAD, GOOD = 1_000, 20


class HalfDead(NameServer):
    """Never answers for names that begin with "dead"."""

    def answers(self, question: bytes) -> bool:
        return not question[13:].startswith(b"dead")


async def look_up() -> int:
    """Return how many dead names were given up before all good ones were found."""
    names = Resolver(timeout_s=PATIENCE_S, threads=HttpConfig().dns_threads, guard=None)
    dead = [asyncio.ensure_future(names.resolve(f"dead{n}.test", 80)) for n in range(DEAD)]
    await asyncio.sleep(0)
    for n in range(GOOD):
        (found,) = await names.resolve(f"good{n}.test", 80)
        assert found["host"] == ADDRESS
    failed = sum(each.done() for each in dead)
    for each in dead:
        each.cancel()
    await asyncio.gather(*dead, return_exceptions=True)
    await names.close()
    return failed


if __name__ == "__main__":
    resolve_here(Path(sys.argv[1]), "options timeout:30 attempts:2")  # dead after a minute
    HalfDead()
    print(asyncio.run(look_up()))  # noqa: T201 - what the test reads
