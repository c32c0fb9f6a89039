"""asyncio with aiohttp, on its own loop (epoll) or on uvloop (libuv)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import uvloop

from crawlproj.lab.fetch.clients.http1 import HttpError
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.lab.fetch.job import Job


def run(job: Job) -> None:
    """Fetch all pages, on asyncio's loop."""
    job.begin()
    asyncio.run(fetch_all(job, job.in_flight, iter(range(job.pages))))


def run_uvloop(job: Job) -> None:
    """Fetch all pages, on uvloop."""
    job.begin()
    uvloop.run(fetch_all(job, job.in_flight, iter(range(job.pages))))


async def fetch_all(job: Job, in_flight: int, pages: Iterator[int]) -> None:
    """Fetch these pages, so many at a time."""
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(_fetch(job, session, pages))


async def _fetch(job: Job, session: aiohttp.ClientSession, pages: Iterator[int]) -> None:
    for page in pages:
        began = now()
        async with session.get(job.url(page)) as answer:
            body = await answer.read()
        if answer.status != 200:
            raise HttpError(f"page {page} was answered with status {answer.status}")
        job.finish(page, body, began)
