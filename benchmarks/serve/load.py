"""``python -m benchmarks.serve.load``: sends each query at its own time (an open loop).

A query is sent when it is due, whether or not earlier ones were answered, and its latency counts
from then, so a server that stalls still gets its queries and their whole wait counts. Reads a Load
as JSON from standard input, writes a list of Answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from dataclasses import asdict, astuple, dataclass

_LEAD_S = 0.2
_TIMEOUT_S = 40.0


@dataclass(frozen=True, slots=True)
class Load:
    """short, slow: requests, as the head and body to send, of which each query takes one at random.

    rate, slow_rate: queries per second, at random times (Poisson), for ``seconds``.
    """

    port: int
    short: list[str]
    slow: list[str]
    rate: float
    slow_rate: float
    seconds: float
    seed: int = 1

    def to_json(self) -> str:
        """Return the load as text."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """due_s: since the start. latency_s: since it was due. status: HTTP's; 0 without an answer."""

    slow: bool
    due_s: float
    latency_s: float
    status: int


async def run(load: Load) -> list[Answer]:
    """Send all queries; return their answers."""
    chance = random.Random(load.seed)  # noqa: S311 - reproducible, not secret
    times = [(due, False) for due in _times(chance, load.rate, load.seconds)]
    times += [(due, True) for due in _times(chance, load.slow_rate, load.seconds)]
    start = time.perf_counter() + _LEAD_S
    tasks = []
    async with asyncio.TaskGroup() as group:
        for due, slow in sorted(times):
            await asyncio.sleep(start + due - time.perf_counter())
            request = chance.choice(load.slow if slow else load.short).encode()
            tasks.append(group.create_task(_ask(load.port, start, due, request, slow=slow)))
    return [task.result() for task in tasks]


def _times(chance: random.Random, rate: float, seconds: float) -> list[float]:
    times: list[float] = []
    due = chance.expovariate(rate) if rate else seconds
    while due < seconds:
        times.append(due)
        due += chance.expovariate(rate)
    return times


async def _ask(port: int, start: float, due: float, request: bytes, *, slow: bool) -> Answer:
    status = 0
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                response = await reader.read(-1)
            finally:
                writer.close()
        status = int(response[9:12])
    return Answer(slow, due, time.perf_counter() - start - due, status)


if __name__ == "__main__":
    answers = asyncio.run(run(Load(**json.load(sys.stdin))))
    json.dump([astuple(answer) for answer in answers], sys.stdout)
