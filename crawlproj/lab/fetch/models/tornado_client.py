"""tornado with its own client, which opens a connection per page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado import gen
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages, with a coroutine for each request in flight."""
    job.begin()
    IOLoop.current().run_sync(lambda: _fetch_all(job))


async def _fetch_all(job: Job) -> None:
    client = AsyncHTTPClient(force_instance=True, max_clients=job.in_flight)
    pages = iter(range(job.pages))
    await gen.multi([_fetch(job, client, pages) for _ in range(job.in_flight)])
    client.close()


async def _fetch(job: Job, client: AsyncHTTPClient, pages: Iterator[int]) -> None:
    for page in pages:
        started = now()
        response = await client.fetch(job.url(page))
        job.finish(page, response.body, started)
