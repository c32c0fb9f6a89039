"""The work that a model is given, and the records of what it did."""

from __future__ import annotations

import json
import os
import resource
import struct
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD = struct.Struct("=Iddd")
_WRITE_BYTES = 4096 - 4096 % _RECORD.size
_TURNS_PER_LOOK = 500  # some 15 µs: reading the clock is a system call
_RECORDS, _USAGE = "records", ".usage"

now = time.monotonic
"""The clock of all figures, in seconds; it is the same in every process of the machine."""


class WrongPageError(Exception):
    """A response that is not the page requested."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as data.

    host, port, prefix: page n is at http://host:port + prefix, with n in place of "{n}".
    pages: how many there are, numbered from 0; each must be fetched exactly once.
    in_flight: the maximum number of requests in flight, over all workers.
    workers: processes, for models with several workers; other models ignore it.
    parse_ms: milliseconds of pure-Python CPU that each page costs.
    marked: whether a page begins with "page n\\n", which ``Job.finish`` then checks.
    folder: a folder that exists and belongs to this job alone.
    sites: how many consecutive addresses, from ``host`` on, serve the pages.
    """

    host: str
    port: int
    prefix: str
    pages: int
    in_flight: int
    workers: int
    parse_ms: float
    marked: bool
    folder: str
    sites: int = 1

    def to_json(self) -> str:
        """Return the spec as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> JobSpec:
        """Read a line that ``to_json`` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page, and when its fetch started, its body arrived, and its parsing ended."""

    page: int
    started: float
    arrived: float
    parsed: float


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and context switches of a process and its children since ``started``."""

    started: float
    user_s: float
    system_s: float
    voluntary: int
    involuntary: int


class Job:
    """The work for a model, which calls ``begin`` once, and ``finish`` for each page.

    A process that the model forks must call ``flush`` before it ends, or the pages it finished are
    lost. The process that runs the model calls ``end`` itself, after the model returns.
    """

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.host, self.port, self.sites = spec.host, spec.port, spec.sites
        self.pages, self.in_flight, self.workers = spec.pages, spec.in_flight, spec.workers
        self._records = bytearray()
        self._folder = Path(spec.folder)
        self._at_start: Usage | None = None
        os.register_at_fork(after_in_child=self._records.clear)

    def path(self, page: int) -> str:
        """Return the path and query of a page's URL."""
        return self.spec.prefix.replace("{n}", str(page))

    def url(self, page: int, *, spread: bool = False) -> str:
        """Return the URL of a page. spread: distribute the pages over the site's addresses."""
        host = self.host
        if spread and self.sites > 1:
            network, _, last = host.rpartition(".")
            host = f"{network}.{int(last) + page % self.sites}"
        return f"http://{host}:{self.port}{self.path(page)}"

    def begin(self) -> None:
        """Start the clock. Call this after creating a pool or a loop, before the first request."""
        self._at_start = _usage()

    def finish(self, page: int, body: bytes, started: float) -> None:
        """Check a page, parse it in this thread, and record its latency.

        started: when the model decided to fetch it, by ``now``. Raises WrongPageError.
        """
        arrived = now()
        if self.spec.marked and not body.startswith(b"page %d\n" % page):
            raise WrongPageError(f"the response to page {page} began with {body[:40]!r}")
        burn(self.spec.parse_ms / 1000)
        # A single append, so threads need no lock.
        self._records += _RECORD.pack(page, started, arrived, now())

    def flush(self) -> None:
        """Write the pages that this process finished to the job's folder."""
        data = bytes(self._records)
        del self._records[: len(data)]
        if data:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND  # each write stays whole
            file = os.open(self._folder / _RECORDS, flags, 0o600)
            try:
                for start in range(0, len(data), _WRITE_BYTES):
                    os.write(file, data[start : start + _WRITE_BYTES])
            finally:
                os.close(file)

    def end(self) -> None:
        """Write the finished pages, and this process's usage since ``begin``.

        The model must have waited for its children, so that their usage is included. Writes no
        usage in a process that never called ``begin``: its workers called it and ``end``.
        """
        self.flush()
        before, after = self._at_start, _usage()
        if before is None:
            return
        usage = Usage(
            before.started,
            after.user_s - before.user_s,
            after.system_s - before.system_s,
            after.voluntary - before.voluntary,
            after.involuntary - before.involuntary,
        )
        (self._folder / f"{os.getpid()}{_USAGE}").write_text(json.dumps(asdict(usage)))


def read_records(folder: Path) -> tuple[list[FetchedPage], Usage]:
    """Return the pages that a job's processes finished, and their usage in total.

    Raises RuntimeError if no process called ``begin``.
    """
    usages = [Usage(**json.loads(file.read_text())) for file in folder.glob(f"*{_USAGE}")]
    if not usages:
        raise RuntimeError("the model never called begin()")
    usage = Usage(
        min(each.started for each in usages),
        sum(each.user_s for each in usages),
        sum(each.system_s for each in usages),
        sum(each.voluntary for each in usages),
        sum(each.involuntary for each in usages),
    )
    records = folder / _RECORDS
    return list(_unpack(records.read_bytes())) if records.exists() else [], usage


def burn(cpu_s: float) -> None:
    """Use so many CPU seconds of this thread in pure Python, holding the GIL as parsing does."""
    if cpu_s <= 0:
        return
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        for number in range(_TURNS_PER_LOOK):
            _ = number * number


def _unpack(data: bytes) -> Iterator[FetchedPage]:
    for page, started, arrived, parsed in _RECORD.iter_unpack(data):
        yield FetchedPage(page, started, arrived, parsed)


def _usage() -> Usage:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return Usage(
        now(),
        own.ru_utime + children.ru_utime,
        own.ru_stime + children.ru_stime,
        own.ru_nvcsw + children.ru_nvcsw,
        own.ru_nivcsw + children.ru_nivcsw,
    )
