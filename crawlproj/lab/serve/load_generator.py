"""``python -m crawlproj.lab.serve.load_generator LOAD``: sends each query at its own time.

An open loop: a query is sent when it is due, whether or not earlier ones have been answered, and
its latency counts from then. So a server that stalls still receives queries, and their whole wait
counts (no coordinated omission). Each query has a connection of its own. Prints a JSON list of the
fields of each ``Answer``.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Literal

from crawlproj.lab.serve.service.queries import ITEMS, Query, expected_body

if TYPE_CHECKING:
    from collections.abc import Iterator

Outcome = Literal["right", "refused", "wrong", "failed"]

_LEAD_S = 0.05
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class QueryLoad:
    """rate: queries per second, at random times (Poisson). slow_share: the slow ones, 0 to 1.

    with_slow: False leaves the slow queries out, and the short ones unchanged.
    """

    port: int
    rate: float
    seconds: float
    slow_share: float
    with_slow: bool
    seed: int

    def to_json(self) -> str:
        """Return the load as one line."""
        return json.dumps(asdict(self))

    def queries(self) -> Iterator[tuple[float, Query]]:
        """Yield (seconds from the start until it is due, query), the same for the same seed."""
        chance = random.Random(self.seed)  # noqa: S311 - not for cryptography
        due = chance.expovariate(self.rate)
        while due < self.seconds:
            query = Query(chance.randrange(ITEMS), chance.random() < self.slow_share)
            if self.with_slow or not query.slow:
                yield due, query
            due += chance.expovariate(self.rate)


@dataclass(frozen=True, slots=True)
class Answer:
    """latency_s: since the query was due. sent_late_s: the part of it that this program caused.

    outcome: "right"; "refused" is a 503; "wrong" is any other response; "failed" is none in time.
    """

    slow: bool
    outcome: Outcome
    latency_s: float
    sent_late_s: float


async def run(load: QueryLoad) -> list[Answer]:
    """Send all queries; return the answers in the order in which the queries were due."""
    start = time.perf_counter() + _LEAD_S
    tasks = []
    async with asyncio.TaskGroup() as group:
        for due, query in load.queries():
            await asyncio.sleep(start + due - time.perf_counter())
            tasks.append(group.create_task(_ask(load.port, start + due, query)))
    return [task.result() for task in tasks]


async def _ask(port: int, due: float, query: Query) -> Answer:
    sent = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            outcome = judge(query, await fetch(port, query.path))
    except (OSError, TimeoutError):
        outcome = "failed"
    return Answer(query.slow, outcome, time.perf_counter() - due, sent - due)


async def fetch(port: int, path: str) -> bytes:
    """Return the whole response, head and body; raises OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode())
        return await reader.read(-1)
    finally:
        writer.close()


def judge(query: Query, response: bytes) -> Outcome:
    """Return the outcome of a response; it is right only if its body is, to the byte."""
    head, _, body = response.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if status == [b"200"] and body == expected_body(query):
        return "right"
    if not response:
        return "failed"
    return "refused" if status == [b"503"] else "wrong"


if __name__ == "__main__":
    answers = asyncio.run(run(QueryLoad(**json.loads(sys.argv[1]))))
    json.dump([astuple(answer) for answer in answers], sys.stdout)
