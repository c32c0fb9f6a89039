"""Looks a good name up beside a thousand whose name server is silent.

Run it as ``unshare -rnm python -m tests.away.silent_names FOLDER``, with a network and mounts of
its own. It prints the seconds that good names took, and how many dead ones were answered for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from crawlproj.http.config import HttpConfig
from crawlproj.http.resolver import Resolver
from tests.away.machine import ADDRESS, NameServer, resolve_here

DEAD, GOOD = 1_000, 20


class HalfDead(NameServer):
    """Never answers for names that begin with "dead"."""

    def answers(self, question: bytes) -> bool:
        return not question[13:].startswith(b"dead")


async def look_up() -> dict[str, object]:
    config = HttpConfig()
    names = Resolver(timeout_s=config.dns_timeout_s, threads=config.dns_threads, guard=None)
    dead = [asyncio.ensure_future(names.resolve(f"dead{n}.test", 80)) for n in range(DEAD)]
    await asyncio.sleep(0)
    took_s: list[float] = []
    for n in range(GOOD):
        began = time.monotonic()
        (found,) = await names.resolve(f"good{n}.test", 80)
        took_s.append(time.monotonic() - began)
        assert found["host"] == ADDRESS
    failed = sum(each.done() for each in dead)
    for each in dead:
        each.cancel()
    await asyncio.gather(*dead, return_exceptions=True)
    await names.close()
    return {"took_s": took_s, "failed": failed}


if __name__ == "__main__":
    resolve_here(Path(sys.argv[1]), "options timeout:5 attempts:2")  # dead after ten seconds
    HalfDead()
    print(json.dumps(asyncio.run(look_up())))  # noqa: T201 - what the test reads
