"""Runs a fleet's worker processes as the policy decides."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.fleet.breadcrumb import read_breadcrumb
from crawlproj.fleet.children import bound
from crawlproj.fleet.crash import how_it_ended, last_words
from crawlproj.fleet.files import breadcrumb_file, log_file, status_file
from crawlproj.fleet.policy import Fleet, Limits, Phase, Start
from crawlproj.fleet.quarantine import KILLS
from crawlproj.fleet.worker_status import Figures, Rates, WorkerStatus
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from crawlproj.fleet.aftermath import Admin, Aftermath
    from crawlproj.fleet.breadcrumb import PageInHand
    from crawlproj.fleet.policy import Action, WorkerExit
    from crawlproj.frontier.base import Totals

logger = logging.getLogger(__name__)

_STEP_S = 0.1
_LOOK_S = 1.0
_POLL_S = 1.0
_LAST_WORDS_S = 5.0  # for the frontier, at the end


@dataclass(slots=True)
class Seat:
    """What the supervisor knows of a worker: its process, and the last status of that.

    ended_early: the process before ended in order, without being asked to.
    past: figures of the processes before.
    """

    number: int
    process: subprocess.Popen[bytes] | None = None
    log_offset: int = 0
    status: WorkerStatus | None = None
    ended_early: bool = False
    past: Figures = field(default_factory=Figures)

    @property
    def name(self) -> str:
        """The name its files have."""
        return str(self.number + 1)


class Supervisor:
    """Starts, watches and ends the workers; nothing here waits for the frontier.

    folder: of the job; exists, and nobody else supervises workers in it.
    command: the command line of a worker, by its name ("1", "2", …).
    env: of the workers.
    lock: a file descriptor that the workers inherit, so that its lock outlives a killed supervisor.
    totals: of the job, as it stands. generation: of the job, that the workers work on.
    clock: seconds, monotonic.

    fleet, seats, totals, totals_before, aftermath, rates: for who shows how it goes.
    """

    def __init__(
        self,
        n: int,
        limits: Limits,
        *,
        folder: Path,
        command: Callable[[str], Sequence[str]],
        env: Mapping[str, str],
        admin: Admin,
        totals: Totals,
        aftermath: Aftermath,
        lock: int,
        generation: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fleet = Fleet(n, limits)
        self.seats = [Seat(number) for number in range(n)]
        self.totals = self.totals_before = totals
        self.aftermath = aftermath
        self.rates = Rates()
        self._folder = folder
        self._command = command
        self._env = env
        self._admin = admin
        self._lock = lock
        self._generation = generation
        self._clock = clock
        self._finished = False
        self._ask = asyncio.Event()  # how the job stands, now
        self._looked = 0.0
        self._said_refused = False

    def stop(self) -> None:
        """End in order; the second time, at once."""
        if self.fleet.stopping:
            logger.warning("Killing the workers; their pages go back to the frontier")
        else:
            logger.info("Stopping: the workers finish what they are downloading")
        self._do(self.fleet.stop(self._clock()))

    def roll(self) -> None:
        """Start the workers anew, one after another."""
        logger.info("Rolling: the workers are started anew, one after another")
        self._do(self.fleet.roll(self._clock()))

    async def run(self, show: Callable[[], object] = lambda: None) -> int:
        """Return the exit status when all is over; ``show`` is called several times a second."""
        self._bury_leftovers()
        polling = asyncio.create_task(self._poll())
        try:
            while not self.fleet.done:
                self._step()
                show()
                await asyncio.sleep(_STEP_S)
        finally:
            polling.cancel()
            for seat in self.seats:  # there are some only if this failed
                if seat.process is not None:
                    seat.process.kill()
                    seat.process.wait()
        await self._last_words()
        return self.fleet.exit_status

    def figures(self) -> Figures:
        """Return those of all runs so far."""
        figures = Figures()
        for seat in self.seats:
            figures.merge(seat.past)
            if seat.status is not None:
                figures.add(seat.status, over=seat.process is None)
        return figures

    def _step(self) -> None:
        now = self._clock()
        for seat in self.seats:
            if seat.process is not None and (status := seat.process.poll()) is not None:
                self._exited(seat, status)
        if now >= self._looked + _LOOK_S:
            self._looked = now
            self._look(now)
        self._do(self.fleet.tick(now, finished=self._finished))

    def _look(self, now: float) -> None:
        for seat in self.seats:
            if seat.process is None:
                continue
            alive = self._read_status(seat)
            page = self._page(seat)
            if page is not None:
                self.fleet.ready(seat.number, now)  # if its first page does not let it tell so
            memory_mb = seat.status.memory_mb if seat.status else 0.0
            actions = self.fleet.look(seat.number, now, alive=alive, memory_mb=memory_mb)
            worker = self.fleet.workers[seat.number]
            if worker.why == "recycled" and actions:
                logger.info("Worker %s has %.0f MB and is started anew", seat.name, memory_mb)
            self._do(actions)
            if page is not None:
                self.aftermath.meet(page)
        self.rates.add(now, self._counters())

    def _counters(self) -> Iterable[tuple[str, int]]:
        for seat in self.seats:
            if seat.process is not None and seat.status is not None:
                yield f"worker {seat.name}", seat.status.done
                yield from seat.status.sites.items()

    def _read_status(self, seat: Seat) -> bool:
        """Return whether there is a new one."""
        found = WorkerStatus.read(status_file(self._folder, seat.name))
        if found is None or (seat.status is not None and found.beat == seat.status.beat):
            return False
        seat.status = found
        # It has opened the frontier, and the store, for which it would have ended at once.
        if found.owner and (found.done or (found.beat > 1 and seat.process is not None)):
            self.fleet.ready(seat.number, self._clock())
        return True

    def _page(self, seat: Seat) -> PageInHand | None:
        return read_breadcrumb(breadcrumb_file(self._folder, seat.name))

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            seat = self.seats[action.worker]
            if isinstance(action, Start):
                self._start(seat)
            elif seat.process is not None:
                worker = self.fleet.workers[action.worker]
                if action.how is signal.SIGKILL and worker.why:
                    logger.warning(
                        "Worker %s %s and is killed",
                        seat.name,
                        "gives no sign of life" if worker.why == "hung" else "does not end",
                    )
                seat.process.send_signal(action.how)

    def _start(self, seat: Seat) -> None:
        if seat.ended_early:  # told now, as only now it is sure that the job was not finished
            logger.info("Worker %s ended in order before the job did; started again", seat.name)
        seat.status = None
        status_file(self._folder, seat.name).unlink(missing_ok=True)
        breadcrumb_file(self._folder, seat.name).unlink(missing_ok=True)
        with log_file(self._folder, seat.name).open("ab") as log:
            seat.log_offset = log.tell()
            try:
                seat.process = subprocess.Popen(  # noqa: S603 - our own command
                    bound(self._command(seat.name), signal.SIGTERM),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._env,
                    pass_fds=(self._lock,),
                    start_new_session=True,  # Ctrl-C is for us, who drain them
                )
            except OSError as exc:  # the machine has no room for it, at the moment
                logger.error("Worker %s cannot be started: %s", seat.name, exc)
                self.fleet.exited(seat.number, self._clock(), 1)

    def _exited(self, seat: Seat, status: int) -> None:
        process, seat.process = seat.process, None
        assert process is not None  # noqa: S101 - it was polled
        self._read_status(seat)
        worker = self.fleet.workers[seat.number]
        was, ran_s = worker.phase, self._clock() - worker.since
        page = self._page(seat)
        if page is not None:
            self.fleet.ready(seat.number, self._clock())  # if it was on the job for a moment only
        ending = self.fleet.exited(seat.number, self._clock(), status)
        page = page if ending.blamed else None
        kills = self.aftermath.blame(page) if page else 0
        if worker.phase is Phase.REFUSED and was is Phase.STARTING:
            self._tell_refused(seat)
        elif ending.crashed or page:
            self._tell_crash(seat, process.pid, status, ran_s, ending, page, kills)
        seat.ended_early = status == 0 and bool(ending.restart_s)
        self._ask.set()  # it may have ended since the job is finished
        if seat.status is not None:
            seat.past.add(seat.status, over=True)
            self.aftermath.bury(seat.status.owner, page)
            seat.status = None

    def _bury_leftovers(self) -> None:
        """Give back what the workers of a supervisor that was killed held."""
        for path in self._folder.glob(status_file(self._folder, "*").name):
            status = WorkerStatus.read(path)
            path.unlink(missing_ok=True)
            if status is not None:
                self.aftermath.bury(status.owner, None)

    def _tell_refused(self, seat: Seat) -> None:
        if not self._said_refused:
            self._said_refused = True
            why = last_words(log_file(self._folder, seat.name), seat.log_offset)
            logger.error("The workers cannot be started with these settings: %s", why)

    def _tell_crash(
        self,
        seat: Seat,
        pid: int,
        status: int,
        ran_s: float,
        ending: WorkerExit,
        page: PageInHand | None,
        kills: int,
    ) -> None:
        log = log_file(self._folder, seat.name)
        parts = [f"Worker {seat.name} (pid {pid}) {how_it_ended(status)} after {ran_s:.0f} s"]
        if page:
            parts.append(f", on {page.url} ({kills} of {KILLS} times)")
        if words := last_words(log, seat.log_offset):
            parts.append(f"; its log ends: {words}")
        parts.append(f"; see {log}")
        if ending.restart_s is not None:
            parts.append(f"; started again in {ending.restart_s:.1f} s")
        elif self.fleet.gave_up:
            parts.append("; given up, as no worker could be started")
        logger.error("%s", "".join(parts))

    async def _poll(self) -> None:
        while True:
            try:
                self.totals = await self._admin.totals()
                if await self._admin.finished():
                    self._finished = True
                elif self._finished:  # others put something, or have begun the next generation
                    self._finished = await self._admin.generation() != self._generation
            except FrontierError as exc:
                logger.error("The frontier cannot be asked how it stands: %s", exc)
            self._ask.clear()
            await set_within(self._ask, _POLL_S)

    async def _last_words(self) -> None:
        with contextlib.suppress(TimeoutError, FrontierError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self.aftermath.end()
                self.totals = await self._admin.totals()
