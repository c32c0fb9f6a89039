"""Starts, kills, stops, watches and replaces real worker processes on one frontier."""

from __future__ import annotations

import re
import resource
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig
from tests.chaos.counts import Counts, CountsReader
from tests.chaos.oracle import Fault
from tests.chaos.owner_log import PREFIX, OwnerLog
from tests.chaos.stored import Stored
from tests.frontier.helpers import run
from tests.processes import Scrapy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from crawlproj.demo import DemoWeb

JOB = "chaos"
_STEP_S = 0.05
_WATCH_S = 0.2
_LOG_TAIL = 4000  # characters


@dataclass(eq=False)
class Worker:
    """A worker process. rss: (unix seconds, resident bytes)."""

    process: Scrapy
    log_file: Path
    killed: bool = False
    replaced: bool = False
    rss: list[tuple[float, int]] = field(default_factory=list)

    @property
    def owner(self) -> int:
        """Its owner number in the frontier; 0 until it has logged one."""
        found = re.search(rf"{PREFIX}(\d+)", self.log())
        return int(found[1]) if found else 0

    def log(self) -> str:
        return self.log_file.read_text()

    def messages(self) -> str:
        """Return the log without settings and statistics."""
        lines = self.log().splitlines()
        return "\n".join(line for line in lines if not line.startswith((" '", "['", "{'")))

    def weigh(self, now: float) -> None:
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):  # the process has just ended
            return
        self.rss.append((now, pages * resource.getpagesize()))


class Crew:
    """``size`` workers that crawl the whole ``web``; a context manager that kills them at the end.

    redis_url: the server, for the test's own reads. frontier_url: the URL for the workers.
    faults: the faults so far, for the oracle.
    """

    def __init__(
        self,
        folder: Path,
        web: DemoWeb,
        redis_url: str,
        *,
        size: int,
        frontier_url: str = "",
        store_url: str = "",
        settings: Mapping[str, str | float],
        seed: int = 0,
    ) -> None:
        self.size = size
        self.faults: list[Fault] = []
        self.workers: list[Worker] = []  # every one ever started
        self.stored = Stored(store_url or f"sqlite:///{folder / 'store.db'}")
        self._folder = folder
        self._web = web
        self._seed = seed
        self._settings: dict[str, str | float] = {
            "FRONTIER_URL": frontier_url or redis_url,
            "FRONTIER_JOB": JOB,
            "FRONTIER_GENERATION": 1,
            "STORE_URL": self.stored.url,
            "GUARD_ALLOW": "127.0.0.0/8",
            "PROGRESS_ENABLED": "False",
            "ADDONS": f'{{"{OwnerLog.__module__}.{OwnerLog.__name__}": 1}}',
            **settings,
        }
        self._reader = CountsReader(redis_url, JOB)
        self.admin = RedisAdmin(RedisConfig(redis_url), JOB)
        self._watched_at = 0.0

    # Processes

    def start(self) -> None:
        """Begin or continue the job with a full crew."""
        run(self.admin.begin())
        for _ in range(self.size):
            self._hire()

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.process.poll() is None]

    def kill(self, worker: Worker) -> None:
        """Kill a worker with SIGKILL; the next ``tend`` replaces it."""
        worker.killed = True
        worker.process.kill()
        now = time.time()
        self.faults.append(Fault(now, now))

    def give_up(self, worker: Worker) -> None:
        """Return a dead worker's leases to the frontier, as a supervisor does."""
        if worker.owner:
            run(self.admin.give_up(worker.owner))

    def stop(self, worker: Worker) -> bool:
        """Stop it as SIGSTOP does; returns whether it has leases then, and does not hold the store.

        Nobody can write to a file of SQLite while a process that writes to it stands still.
        """
        worker.process.send_signal(signal.SIGSTOP)
        self.tend(_STEP_S)  # Redis answers what is under way
        return self._reader.leases_of(worker.owner) > 0 and not self.stored.is_held()

    def go_on(self, worker: Worker) -> None:
        worker.process.send_signal(signal.SIGCONT)

    def terminate(self, within_s: float) -> None:
        """Send SIGTERM to all workers; fail unless each ends with status 0 within ``within_s``."""
        began = time.time()
        leaving = self.alive
        for worker in leaving:
            worker.process.send_signal(signal.SIGTERM)
        for worker in leaving:
            status = worker.process.wait(max(0.1, began + within_s - time.time()))
            assert status == 0, f"{worker.log_file.name}: exit status {status}"
        self.faults.append(Fault(began, time.time(), loses_answered=False))

    # Time passes

    def tend(self, seconds: float) -> None:
        """Replace killed workers and check invariants for a while; the crawl must not end."""
        until = time.time() + seconds
        while time.time() < until:
            assert self._look(), "the crawl ended before the faults did: make it longer"
            time.sleep(_STEP_S)

    def until_all_work(self, within_s: float = 60.0) -> None:
        """Tend until every worker has leases."""
        until = time.time() + within_s
        self.tend(_STEP_S)  # replaces the dead ones
        while not all(self._reader.leases_of(worker.owner) for worker in self.alive):
            assert time.time() < until, f"a worker still has no leases after {within_s} s"
            self.tend(_STEP_S)

    def finish(self, within_s: float) -> Counts:
        """Tend until every worker has ended by itself; return the counts."""
        until = time.time() + within_s
        while self._look():
            assert time.time() < until, f"not finished within {within_s} s: {self._counts()}"
            time.sleep(_STEP_S)
        assert run(self.admin.finished())
        return self.counts()

    def counts(self) -> Counts:
        """Return the counts after checking them."""
        counts = self._reader.read()
        assert counts is not None
        counts.check()
        return counts

    def growth(self, since: float, until: float) -> int:
        """Return the largest growth of a worker's memory between two times, in bytes."""
        grown = [0]
        for worker in self.workers:
            sizes = [size for when, size in worker.rss if since <= when <= until]
            if sizes:
                grown.append(max(sizes) - sizes[0])
        return max(grown)

    def _look(self) -> bool:
        """Watch and replace workers; return whether any is running."""
        for worker in self.workers:
            status = worker.process.poll()
            if status is None or status == 0:
                continue
            assert worker.killed, f"{worker.log_file.name}: exit status {status}"
            if not worker.replaced:
                worker.replaced = True
                self._hire()
        now = time.time()
        if now - self._watched_at >= _WATCH_S:
            self._watched_at = now
            for worker in self.alive:
                worker.weigh(now)
            self._audit()
        return bool(self.alive)

    def _audit(self) -> None:
        """Assert I1 and half of I3: every acked page is stored."""
        counts = self._reader.read()
        if counts is None:
            return
        counts.check()
        stored = self.stored.count()
        if stored is not None:
            assert counts.done <= stored, "a page was acked before it was stored"

    def _counts(self) -> dict[str, object]:
        counts = self._reader.read()
        return vars(counts) if counts else {}

    def _hire(self) -> None:
        log_file = self._folder / f"worker{len(self.workers)}.log"
        words = ("crawl", "site", "-a", f"url={','.join(self._web.urls.values())}")
        variables = {f"CRAWLPROJ_{name}": str(value) for name, value in self._settings.items()}
        process = Scrapy(*words, env=variables, output=log_file)
        self.workers.append(Worker(process, log_file))

    # Cleanup

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self.alive:
            worker.process.kill()
        self._reader.close()
        run(self.admin.close())
        if exc is not None:
            exc.add_note(f"The seed was {self._seed}. The ends of the workers' logs:")
            for worker in self.workers:
                exc.add_note(f"--- {worker.log_file.name}\n{worker.messages()[-_LOG_TAIL:]}")
