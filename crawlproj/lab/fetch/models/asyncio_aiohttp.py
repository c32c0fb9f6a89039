"""asyncio with aiohttp, on the standard loop (epoll) or on uvloop (libuv)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import uvloop

from crawlproj.lab.fetch.toolkit.http1 import HttpError
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages, on the standard loop."""
    job.begin()
    asyncio.run(fetch_all(job, job.in_flight, iter(range(job.pages))))


def run_uvloop(job: Job) -> None:
    """Fetch all pages, on uvloop."""
    job.begin()
    uvloop.run(fetch_all(job, job.in_flight, iter(range(job.pages))))


async def fetch_all(job: Job, in_flight: int, pages: Iterator[int]) -> None:
    """Fetch these pages with ``in_flight`` requests at a time."""
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(_fetch(job, session, pages))


async def _fetch(job: Job, session: aiohttp.ClientSession, pages: Iterator[int]) -> None:
    for page in pages:
        started = now()
        async with session.get(job.url(page)) as response:
            body = await response.read()
        if response.status != 200:
            raise HttpError(f"the response to page {page} has status {response.status}")
        job.finish(page, body, started)
