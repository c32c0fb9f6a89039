"""What a model is given to do, and how it reports what it did."""

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
_FLUSH_BYTES = 4096 - 4096 % _RECORD.size
_BETWEEN_LOOKS = 500  # some 15 µs: looking at the clock is a system call
_RECORDS, _USAGE = "records", ".usage"

now = time.monotonic
"""The clock of all figures, in seconds; the same in every process of the machine."""


class WrongPageError(Exception):
    """A body that is not the page which was asked for."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A piece of work, as data.

    host, port, prefix: page n is at http://host:port followed by prefix with "{n}" replaced.
    pages: how many, numbered from 0; each is to be fetched exactly once.
    in_flight: most requests in flight at once, over all workers.
    workers: processes, for the models that say how many; the others ignore it.
    parse_ms: milliseconds of pure-Python CPU that each page costs.
    marked: whether a body begins with "page n\\n", which is then checked.
    folder: exists, and is this job's own.
    sites: the site is at so many addresses, from host on.
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
        """Return it as a line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> JobSpec:
        """Read what ``to_json`` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page that was fetched: when it was begun, when its body was there, and parsed."""

    page: int
    began: float
    arrived: float
    parsed: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process and its children used: CPU seconds and context switches.

    began: when the work did.
    """

    began: float
    user_s: float
    system_s: float
    voluntary: int
    involuntary: int


class Job:
    """Work for a model: ``begin`` once, then ``finish`` for each page.

    In a process that a model forks, what it finished is written by ``flush``, which the model calls
    before that process ends (``run`` of the master ends with one of its own).
    """

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.host, self.port, self.sites = spec.host, spec.port, spec.sites
        self.pages, self.in_flight, self.workers = spec.pages, spec.in_flight, spec.workers
        self._records = bytearray()
        self._folder = Path(spec.folder)
        self._began: Usage | None = None
        os.register_at_fork(after_in_child=self._records.clear)

    def path(self, page: int) -> str:
        """Return what to ask the host for."""
        return self.spec.prefix.replace("{n}", str(page))

    def url(self, page: int, *, spread: bool = False) -> str:
        """Return the URL of a page. spread: over the site's addresses."""
        host = self.host
        if spread and self.sites > 1:
            network, _, last = host.rpartition(".")
            host = f"{network}.{int(last) + page % self.sites}"
        return f"http://{host}:{self.port}{self.path(page)}"

    def begin(self) -> None:
        """Start the clock: workers that outlive a page are there, nothing has been fetched."""
        self._began = _usage()

    def finish(self, page: int, body: bytes, began: float) -> None:
        """Check a page and parse it, here and now; records its latency.

        began: by ``now``, when the model decided to fetch it.

        Raises WrongPageError.
        """
        arrived = now()
        if self.spec.marked and not body.startswith(b"page %d\n" % page):
            raise WrongPageError(f"page {page} was answered with {body[:40]!r}")
        burn(self.spec.parse_ms / 1000)
        # One by one appended, so that threads need no lock.
        self._records += _RECORD.pack(page, began, arrived, now())

    def flush(self) -> None:
        """Write down what this process has finished."""
        data = bytes(self._records)
        del self._records[: len(data)]
        if data:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND  # whole, whoever else writes
            file = os.open(self._folder / _RECORDS, flags, 0o600)
            try:
                for start in range(0, len(data), _FLUSH_BYTES):
                    os.write(file, data[start : start + _FLUSH_BYTES])
            finally:
                os.close(file)

    def end(self) -> None:
        """Write down what the work used since ``begin``; its children have been waited for.

        A model whose workers each begin and end does neither itself.
        """
        self.flush()
        before, after = self._began, _usage()
        if before is None:
            return
        usage = Usage(
            before.began,
            after.user_s - before.user_s,
            after.system_s - before.system_s,
            after.voluntary - before.voluntary,
            after.involuntary - before.involuntary,
        )
        (self._folder / f"{os.getpid()}{_USAGE}").write_text(json.dumps(asdict(usage)))


def results(folder: Path) -> tuple[list[Fetched], Usage]:
    """Return what a job's processes wrote; raises RuntimeError if none ever began."""
    usages = [Usage(**json.loads(file.read_text())) for file in folder.glob(f"*{_USAGE}")]
    if not usages:
        raise RuntimeError("the model never called begin()")
    usage = Usage(
        min(each.began for each in usages),
        sum(each.user_s for each in usages),
        sum(each.system_s for each in usages),
        sum(each.voluntary for each in usages),
        sum(each.involuntary for each in usages),
    )
    records = folder / _RECORDS
    return list(_fetched(records.read_bytes())) if records.exists() else [], usage


def burn(cpu_s: float) -> None:
    """Use so much CPU in pure Python, holding the interpreter's lock as parsing does.

    Of this thread: what others use meanwhile does not count.
    """
    if cpu_s <= 0:
        return
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        for number in range(_BETWEEN_LOOKS):
            _ = number * number


def _fetched(data: bytes) -> Iterator[Fetched]:
    for page, began, arrived, parsed in _RECORD.iter_unpack(data):
        yield Fetched(page, began, arrived, parsed)


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
