"""gevent: the blocking code of the thread pool, unchanged; patched calls switch instead of block.

Patching must come first, because it does not reach names that other modules have imported already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from gevent import monkey

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run_libev(job: Job) -> None:
    """Fetch all pages, on libev."""
    _run(job, "libev-cext")


def run_libuv(job: Job) -> None:
    """Fetch all pages, on libuv."""
    _run(job, "libuv-cffi")


def _run(job: Job, loop: str) -> None:
    gevent.config.loop = loop
    monkey.patch_all()
    from crawlproj.lab.fetch.models import thread_pool  # noqa: PLC0415 - after patching

    thread_pool.run(job)
