"""Real worker processes on one frontier: started, killed, stopped, watched, replaced."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig
from tests import ROOT
from tests.chaos.books import BookKeeper, Books
from tests.chaos.oracle import Fault
from tests.chaos.shelves import Shelves
from tests.chaos.telling import TOLD, Telling
from tests.frontier.helpers import run

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
    """A worker process. rss: bytes by unix second."""

    process: subprocess.Popen[bytes]
    log_file: Path
    killed: bool = False
    replaced: bool = False
    rss: list[tuple[float, int]] = field(default_factory=list)

    @property
    def owner(self) -> int:
        """Its number in the frontier; 0 until it has one."""
        found = re.search(rf"{TOLD}(\d+)", self.log())
        return int(found[1]) if found else 0

    def log(self) -> str:
        return self.log_file.read_text()

    def told(self) -> str:
        """Return the log without the lists and the statistics in it."""
        lines = self.log().splitlines()
        return "\n".join(line for line in lines if not line.startswith((" '", "['", "{'")))

    def weigh(self, now: float) -> None:
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):  # it has just ended
            return
        self.rss.append((now, pages * resource.getpagesize()))


class Crew:
    """``size`` workers of one crawl of the whole ``web``; a context manager that leaves none.

    redis_url: of the server itself, to look at it; frontier_url: what the workers are told.
    faults: what was done to them, for the oracle.
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
        self.workers: list[Worker] = []  # all there ever were
        self.shelves = Shelves(store_url or f"sqlite:///{folder / 'store.db'}")
        self._folder = folder
        self._web = web
        self._seed = seed
        self._settings: dict[str, str | float] = {
            "FRONTIER_URL": frontier_url or redis_url,
            "FRONTIER_JOB": JOB,
            "FRONTIER_GENERATION": 1,
            "STORE_URL": self.shelves.url,
            "GUARD_ALLOW": "127.0.0.0/8",
            "PROGRESS_ENABLED": "False",
            "ADDONS": f'{{"{Telling.__module__}.{Telling.__name__}": 1}}',
            **settings,
        }
        self._keeper = BookKeeper(redis_url, JOB)
        self.admin = RedisAdmin(RedisConfig(redis_url), JOB)
        self._watched_at = 0.0

    # Processes

    def start(self) -> None:
        """Begin the job, or go on with it, with a full crew."""
        run(self.admin.begin())
        for _ in range(self.size):
            self._hire()

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.process.poll() is None]

    def kill(self, worker: Worker) -> None:
        """Kill it dead; the next ``tend`` replaces it."""
        worker.killed = True
        worker.process.kill()
        worker.process.wait()
        now = time.time()
        self.faults.append(Fault(now, now))

    def give_up(self, worker: Worker) -> None:
        """Tell the frontier that it is dead, as a supervisor does."""
        if worker.owner:
            run(self.admin.give_up(worker.owner))

    def stop(self, worker: Worker) -> bool:
        """Stop it as SIGSTOP does; returns whether it has leases then."""
        worker.process.send_signal(signal.SIGSTOP)
        self.tend(_STEP_S)  # Redis answers what is under way
        return self._keeper.leases_of(worker.owner) > 0

    def go_on(self, worker: Worker) -> None:
        worker.process.send_signal(signal.SIGCONT)

    def terminate(self, within_s: float) -> None:
        """Ask all to end in order; fails if one does not within ``within_s``, with status 0."""
        began = time.time()
        leaving = self.alive
        for worker in leaving:
            worker.process.terminate()
        for worker in leaving:
            status = worker.process.wait(max(0.1, began + within_s - time.time()))
            assert status == 0, f"{worker.log_file.name}: exit status {status}"
        self.faults.append(Fault(began, time.time(), loses_answered=False))

    # Time passes

    def tend(self, seconds: float) -> None:
        """Replace who was killed and look at everything, for a while in which work must be left."""
        until = time.time() + seconds
        while time.time() < until:
            assert self._look(), "the crawl ended before the faults did: make it longer"
            time.sleep(_STEP_S)

    def until_all_work(self, within_s: float = 60.0) -> None:
        """Tend until every worker has leases."""
        until = time.time() + within_s
        self.tend(_STEP_S)  # replaces who is dead
        while not all(self._keeper.leases_of(worker.owner) for worker in self.alive):
            assert time.time() < until, f"somebody has nothing to do after {within_s} s"
            self.tend(_STEP_S)

    def finish(self, within_s: float) -> Books:
        """Tend until every worker has ended by itself; returns the books."""
        until = time.time() + within_s
        while self._look():
            assert time.time() < until, f"not finished within {within_s} s: {self._books()}"
            time.sleep(_STEP_S)
        assert run(self.admin.finished())
        return self.books()

    def books(self) -> Books:
        """Return the books, checked."""
        books = self._keeper.read()
        assert books is not None
        books.check()
        return books

    def growth(self, since: float, until: float) -> int:
        """Return by how many bytes a worker grew at most in a time."""
        grown = [0]
        for worker in self.workers:
            sizes = [size for when, size in worker.rss if since <= when <= until]
            if sizes:
                grown.append(max(sizes) - sizes[0])
        return max(grown)

    def _look(self) -> bool:
        """Return whether anybody is at work."""
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
        """I1, and half of I3: what is acked is stored."""
        books = self._keeper.read()
        if books is None:
            return
        books.check()
        stored = self.shelves.count()
        if stored is not None:
            sitemaps = len(self._web.specs)
            assert books.done <= stored + sitemaps, "acked before it was stored"

    def _books(self) -> dict[str, object]:
        books = self._keeper.read()
        return vars(books) if books else {}

    def _hire(self) -> None:
        log_file = self._folder / f"worker{len(self.workers)}.log"
        command = [sys.executable, "-m", "scrapy", "crawl", "site"]
        command += ["-a", f"url={','.join(self._web.urls.values())}"]
        told = {f"CRAWLPROJ_{name}": str(value) for name, value in self._settings.items()}
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | told, stdout=log, stderr=log
            )
        self.workers.append(Worker(process, log_file))

    # Leaves nothing behind

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
            worker.process.wait()
        self._keeper.close()
        run(self.admin.close())
        if exc is not None:
            exc.add_note(f"The seed was {self._seed}. What the workers said last:")
            for worker in self.workers:
                exc.add_note(f"--- {worker.log_file.name}\n{worker.told()[-_LOG_TAIL:]}")
