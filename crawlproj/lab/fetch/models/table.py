"""Every concurrency model of the lab's fetching, in one table.

A model is a module here with a function ``run(job)`` that fetches the pages of a ``job.Job``: each
exactly once, at most ``in_flight`` at a time. It sets up what outlives a page (a pool, a loop),
calls ``job.begin()``, and ``job.finish(page, body, began)`` as each page arrives. It is imported
and run in a fresh process. **Add a model here**: a file, and a row of ``MODELS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.lab.fetch.job import Job

Unit = Literal["none", "process", "thread", "coroutine", "workers"]

MOST_PROCESSES = 64
"""In flight at most where each is a process: they cost memory, and a machine has few thousand."""


@dataclass(frozen=True, slots=True)
class Model:
    """A concurrency model.

    name: as ``--models`` has it. title: as a reader has it. shows: what it is there for.
    module, function: where it runs.
    unit: what waits for a page. most: in flight at most; 0 is no bound of the model's own.
    requires: modules it imports beyond what a crawl does.
    keeps: whether a connection is kept from page to page.
    asks: whether the module's ``missing()`` knows more about whether it can run.
    """

    name: str
    title: str
    shows: str
    module: str
    function: str = "run"
    unit: Unit = "coroutine"
    most: int = 0
    requires: tuple[str, ...] = ()
    keeps: bool = True
    asks: bool = False

    def load(self) -> Callable[[Job], None]:
        """Import it and return its ``run``."""
        run: Callable[[Job], None] = getattr(
            import_module(f"{__package__}.{self.module}"), self.function
        )
        return run

    def missing(self) -> str:
        """Return why it cannot run here, and what to do; "" if it can."""
        lacks = [name for name in self.requires if find_spec(name) is None]
        if lacks:
            return f"{', '.join(lacks)} is not installed: pip install 'crawlproj[lab]'"
        if not self.asks:
            return ""
        reason: str = import_module(f"{__package__}.{self.module}").missing()
        return reason


MODELS = {
    model.name: model
    for model in (
        Model("serial", "serial, blocking", "what waiting costs", "serial", unit="none", most=1),
        Model("fork", "process per request", "creation, isolation", "process_per_request",
              unit="process", most=MOST_PROCESSES, keeps=False),
        Model("process-pool", "process pool", "pickling, a pool's locks", "process_pool",
              unit="process", most=MOST_PROCESSES),
        Model("prefork", "prefork workers, queue", "a master that only hands out", "prefork",
              unit="process", most=MOST_PROCESSES),
        Model("thread", "thread per request", "creation, one lock", "thread_per_request",
              unit="thread", keeps=False),
        Model("thread-pool", "thread pool", "blocking code at its best", "thread_pool",
              unit="thread"),
        Model("select", "callbacks on select", "FD_SETSIZE, bit sets", "callbacks", "run_select"),
        Model("poll", "callbacks on poll", "a list each time", "callbacks", "run_poll"),
        Model("epoll", "callbacks on epoll", "the least there is", "callbacks", "run_epoll"),
        Model("generators", "generator coroutines on epoll", "yield and a scheduler", "generators"),
        Model("greenlets", "greenlets on epoll", "switching without yield", "greenlets",
              requires=("greenlet",)),
        Model("gevent-libev", "gevent on libev", "the thread pool's code, patched",
              "gevent_patched", "run_libev", requires=("gevent",)),
        Model("gevent-libuv", "gevent on libuv", "the same code on another loop",
              "gevent_patched", "run_libuv", requires=("gevent",)),
        Model("asyncio", "asyncio (aiohttp)", "the standard loop", "asyncio_aiohttp"),
        Model("uvloop", "asyncio on uvloop (aiohttp)", "the same code on libuv",
              "asyncio_aiohttp", "run_uvloop"),
        Model("tornado", "tornado", "its client, a connection a page", "tornado_client",
              requires=("tornado",), keeps=False),
        Model("twisted-epoll", "Twisted on epoll", "deferreds", "twisted_agent", "run_epoll"),
        Model("twisted-asyncio", "Twisted on asyncio", "the same code on asyncio's loop",
              "twisted_agent", "run_asyncio"),
        Model("io-uring", "io_uring", "completions instead of readiness", "uring",
              requires=("liburing",), asks=True),
        Model("scrapy", "stock Scrapy", "a framework as it comes", "scrapy_stock"),
        Model("crawlproj", "crawlproj", "this crawler: frontier, store, guard", "scrapy_crawlproj"),
        Model("workers", "n workers × c, asyncio on uvloop", "several loops", "prefork_asyncio",
              unit="workers"),
        Model("fleet", "n workers × c, crawlproj", "several crawlers, one frontier", "scrapy_fleet",
              unit="workers", asks=True),
    )
}  # fmt: skip


def chosen(names: str) -> list[Model]:
    """Return the models of a comma-separated list, all for ""; raises ConfigError."""
    words = [word.strip() for word in names.split(",") if word.strip()]
    if unknown := [word for word in words if word not in MODELS]:
        known = ", ".join(MODELS)
        raise ConfigError(f"there is no model {unknown[0]!r}; there are: {known}")
    return [MODELS[word] for word in dict.fromkeys(words)] or list(MODELS.values())
