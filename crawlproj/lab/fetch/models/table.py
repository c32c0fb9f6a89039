"""The concurrency models of fetching, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crawlproj.lab.fetch.toolkit.job import Job
from crawlproj.lab.model import Model

Unit = Literal["none", "process", "thread", "coroutine", "workers"]

MAX_PROCESSES = 64
"""The maximum in flight of models that need a process for each: a process costs megabytes."""


@dataclass(frozen=True, slots=True)
class FetchModel(Model[Job, None]):
    """A way to fetch the pages of a ``fetch.toolkit.job.Job``.

    **To add a model**, add a module to this folder, with a function ``run(job)`` (see ``Model`` for
    what holds for every kind of model), and a row to ``MODELS``. The function

    - fetches each page exactly once, at ``job.host``, ``job.port`` and ``job.path(page)``, or at
      ``job.url(page)``, with at most ``job.in_flight`` requests at a time;
    - calls ``job.begin()`` once, after it has created its pool or its loop;
    - notes ``started = now()`` as it decides to fetch a page, and calls ``job.finish(page, body,
      started)`` as the body arrives;
    - calls ``job.flush()`` in each process that it forks, and waits for the process to end.

    ``serial.py`` is the shortest example. The lab checks all of this against what its site saw, and
    so does ``tests/lab/test_fetch_models.py``, for every row.

    shows: the aspect of concurrency that the model demonstrates.
    unit: what waits for a page. max_in_flight: the model's own maximum; 0 if it has none.
    keeps_connections: whether a connection is kept from page to page. bare: whether it speaks just
    enough HTTP for the lab's own site, so that it shows a minimum but crawls no other site.
    """

    shows: str
    unit: Unit = "coroutine"
    max_in_flight: int = 0
    keeps_connections: bool = True
    bare: bool = False

    @property
    def note(self) -> str:
        """The aspect that the model demonstrates."""
        return self.shows


MODELS = {
    model.name: model
    for model in (
        FetchModel("serial", "serial, blocking", "serial", "the cost of waiting", "none", 1),
        FetchModel("fork", "process per request", "process_per_request", "creation, isolation",
                   "process", MAX_PROCESSES, keeps_connections=False),
        FetchModel("process-pool", "process pool", "process_pool", "pickling, a pool's locks",
                   "process", MAX_PROCESSES),
        FetchModel("prefork", "prefork workers, queue", "prefork", "a master that hands out pages",
                   "process", MAX_PROCESSES),
        FetchModel("thread", "thread per request", "thread_per_request", "creation, one GIL",
                   "thread", keeps_connections=False),
        FetchModel("thread-pool", "thread pool", "thread_pool", "blocking code at its best",
                   "thread"),
        FetchModel("select", "callbacks on select", "callbacks", "FD_SETSIZE, bit sets",
                   function="run_select", bare=True),
        FetchModel("poll", "callbacks on poll", "callbacks", "a list for each call",
                   function="run_poll", bare=True),
        FetchModel("epoll", "callbacks on epoll", "callbacks", "the minimum of overhead",
                   function="run_epoll", bare=True),
        FetchModel("generators", "generator coroutines on epoll", "generators",
                   "yield and a scheduler", bare=True),
        FetchModel("greenlets", "greenlets on epoll", "greenlets", "switching without yield",
                   requires=("greenlet",), bare=True),
        FetchModel("gevent-libev", "gevent on libev", "gevent_patched",
                   "the thread pool's code, patched", function="run_libev", requires=("gevent",)),
        FetchModel("gevent-libuv", "gevent on libuv", "gevent_patched",
                   "the same code on another loop", function="run_libuv", requires=("gevent",)),
        FetchModel("asyncio", "asyncio (aiohttp)", "asyncio_aiohttp", "the standard loop"),
        FetchModel("uvloop", "asyncio on uvloop (aiohttp)", "asyncio_aiohttp",
                   "the same code on libuv", function="run_uvloop"),
        FetchModel("tornado", "tornado", "tornado_client", "its client, a connection per page",
                   keeps_connections=False, requires=("tornado",)),
        FetchModel("twisted-epoll", "Twisted on epoll", "twisted_agent", "deferreds",
                   function="run_epoll"),
        FetchModel("twisted-asyncio", "Twisted on asyncio", "twisted_agent",
                   "the same code on asyncio's loop", function="run_asyncio"),
        FetchModel("io-uring", "io_uring", "uring", "completion instead of readiness",
                   requires=("liburing",), checks_machine=True, bare=True),
        FetchModel("scrapy", "stock Scrapy", "scrapy_stock", "a framework with its defaults"),
        FetchModel("crawlproj", "crawlproj", "scrapy_crawlproj",
                   "this crawler: frontier, store, guard"),
        FetchModel("workers", "n workers × c, asyncio on uvloop", "prefork_asyncio",
                   "several loops", "workers"),
        FetchModel("fleet", "n workers × c, crawlproj", "scrapy_fleet",
                   "several crawlers, one frontier", "workers", checks_machine=True),
    )
}  # fmt: skip
