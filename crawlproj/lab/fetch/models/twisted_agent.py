"""Twisted's Agent with persistent connections, on the epoll reactor or on asyncio's loop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.lab.fetch.toolkit.job import Job


def run_epoll(job: Job) -> None:
    """Fetch all pages, on the epoll reactor."""
    _run(job, "twisted.internet.epollreactor")


def run_asyncio(job: Job) -> None:
    """Fetch all pages, on the asyncio reactor."""
    _run(job, "twisted.internet.asyncioreactor")


def _run(job: Job, module: str) -> None:
    import_module(module).install()  # before anything imports the reactor
    from twisted.internet import defer, reactor, task  # noqa: PLC0415

    client: Any = import_module("twisted.web.client")

    async def main(_: Any) -> None:
        pool = client.HTTPConnectionPool(reactor)
        pool.maxPersistentPerHost = job.in_flight
        agent = client.Agent(reactor, pool=pool)
        pages = iter(range(job.pages))
        fetches = [defer.ensureDeferred(_fetch(job, agent, pages)) for _ in range(job.in_flight)]
        await defer.gatherResults(fetches, consumeErrors=True)
        await pool.closeCachedConnections()

    job.begin()
    try:
        task.react(lambda clock: defer.ensureDeferred(main(clock)))
    except SystemExit as exc:
        if exc.code:
            raise


async def _fetch(job: Job, agent: Any, pages: Iterator[int]) -> None:
    from twisted.web.client import readBody  # noqa: PLC0415 - see _run

    for page in pages:
        started = now()
        response = await agent.request(b"GET", job.url(page).encode())
        job.finish(page, await readBody(response), started)
