"""``python -m crawlproj.lab.serve.load_generator LOAD``: queries, each at its own time.

An open loop: the next query is sent when it is due, not when the last one is answered, and its
latency counts from when it was due. So a server that stalls is asked on, and what it makes wait is
counted in full (no coordinated omission). Each query has a connection of its own. Prints JSON, a
line of ``Answer`` each.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Literal

from crawlproj.lab.serve.service import ITEMS, Query, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

Outcome = Literal["right", "refused", "wrong", "failed"]

_LEAD_S = 0.05
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Load:
    """rate: queries a second, at random times (Poisson); slow_share: of them, 0 to 1.

    with_slow: false leaves the slow ones out and the short ones as they are.
    """

    port: int
    rate: float
    seconds: float
    slow_share: float
    with_slow: bool
    seed: int

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    def queries(self) -> Iterator[tuple[float, Query]]:
        """Yield queries and the seconds after the beginning when each is due; always the same."""
        chance = random.Random(self.seed)  # noqa: S311 - a load, no secret
        due = chance.expovariate(self.rate)
        while due < self.seconds:
            query = Query(chance.randrange(ITEMS), chance.random() < self.slow_share)
            if self.with_slow or not query.slow:
                yield due, query
            due += chance.expovariate(self.rate)


@dataclass(frozen=True, slots=True)
class Answer:
    """latency_s: since it was due. sent_late_s: of it, the generator's own doing.

    outcome: "right"; "refused" by a 503; "wrong" is any other answer, "failed" none in time.
    """

    slow: bool
    outcome: Outcome
    latency_s: float
    sent_late_s: float


async def run(load: Load) -> list[Answer]:
    """Ask all, and return the answers in the order they were due."""
    start = time.perf_counter() + _LEAD_S
    asked = []
    async with asyncio.TaskGroup() as group:
        for due, query in load.queries():
            await asyncio.sleep(start + due - time.perf_counter())
            asked.append(group.create_task(_ask(load.port, start + due, query)))
    return [task.result() for task in asked]


async def _ask(port: int, due: float, query: Query) -> Answer:
    sent = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            outcome = judged(query, await fetch(port, query.path))
    except (OSError, TimeoutError):
        outcome = "failed"
    return Answer(query.slow, outcome, time.perf_counter() - due, sent - due)


async def fetch(port: int, path: str) -> bytes:
    """Return the whole answer, head and body; raises OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode())
        return await reader.read(-1)
    finally:
        writer.close()


def judged(query: Query, answer: bytes) -> Outcome:
    """Return what an answer is worth, every byte of its body looked at."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if status == [b"200"] and body == expected(query):
        return "right"
    if not answer:
        return "failed"
    return "refused" if status == [b"503"] else "wrong"


if __name__ == "__main__":
    answers = asyncio.run(run(Load(**json.loads(sys.argv[1]))))
    json.dump([astuple(answer) for answer in answers], sys.stdout)
