"""Runs a fleet's worker processes as policy.Fleet decides."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.fleet.crash import describe_exit
from crawlproj.fleet.files import status_file
from crawlproj.fleet.policy import Fleet, Limits, Start
from crawlproj.fleet.quarantine import KILLS
from crawlproj.fleet.seat import Seat
from crawlproj.fleet.worker import Phase
from crawlproj.fleet.worker_status import Figures, Rates, WorkerStatus
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from crawlproj.fleet.breadcrumb import CurrentPage
    from crawlproj.fleet.policy import Action, WorkerExit
    from crawlproj.fleet.recovery import Admin, Recovery
    from crawlproj.frontier.base import Totals

logger = logging.getLogger(__name__)

_STEP_S = 0.1
_LOOK_S = 1.0
_POLL_S = 1.0
_RECOVERY_TIMEOUT_S = 5.0  # for the frontier to answer at the end


class Supervisor:
    """Starts, watches and ends the workers, and never blocks on the frontier.

    folder: the fleet's folder, which exists and has no other supervisor.
    command: returns the command line of a worker, given its name ("1", "2", …).
    env: the environment of the workers.
    lock: a file descriptor that the workers inherit, so that its lock outlives a killed supervisor.
    totals: the job's totals at the start. generation: the job's generation.

    A display may read fleet, seats, totals, totals_before, recovery and rates.
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
        recovery: Recovery,
        lock: int,
        generation: int,
    ) -> None:
        self.fleet = Fleet(n, limits)
        self.seats = [Seat(number, folder) for number in range(n)]
        self.totals = self.totals_before = totals
        self.recovery = recovery
        self.rates = Rates()
        self._folder = folder
        self._command = command
        self._env = env
        self._admin = admin
        self._lock = lock
        self._generation = generation
        self._finished = False
        self._poll_now = asyncio.Event()  # polls the frontier before its interval is over
        self._looked = 0.0
        self._logged_refusal = False
        self._rolling = False

    def stop(self) -> None:
        """Drain the workers; kill them if called a second time."""
        if self.fleet.stopping:
            logger.warning("Killing the workers; their pages return to the frontier")
        else:
            logger.info("Stopping: the workers finish their downloads")
        self._apply(self.fleet.stop(time.monotonic()))

    def roll(self) -> None:
        """Restart the workers one after another."""
        logger.info("Restarting the workers one after another")
        self._apply(self.fleet.roll(time.monotonic()))
        self._rolling = self.fleet.rolling

    async def run(self, show: Callable[[], object] = lambda: None) -> int:
        """Run until every worker is over; returns the exit status.

        show: called several times a second.
        """
        self._release_leftovers()
        polling = asyncio.create_task(self._poll())
        try:
            while not self.fleet.done:
                self._step()
                show()
                await asyncio.sleep(_STEP_S)
        finally:
            polling.cancel()
            for seat in self.seats:  # only after an error
                if seat.process is not None:
                    seat.process.kill()
                    seat.process.wait()
        await self._finish_recovery()
        return self.fleet.exit_status

    def figures(self) -> Figures:
        """Return the figures of all processes so far."""
        figures = Figures()
        for seat in self.seats:
            figures.merge(seat.past)
            if seat.status is not None:
                figures.add(seat.status, over=seat.process is None)
        return figures

    def _step(self) -> None:
        now = time.monotonic()
        for seat in self.seats:
            if seat.process is not None and (status := seat.process.poll()) is not None:
                self._exited(seat, status)
        if now >= self._looked + _LOOK_S:
            self._looked = now
            self._look(now)
        self._apply(self.fleet.tick(now, finished=self._finished))
        if self._rolling and not self.fleet.rolling:
            self._rolling = False
            logger.info("Every worker was restarted and is at work")

    def _look(self, now: float) -> None:
        for seat in self.seats:
            if seat.process is None:
                continue
            alive = self._read_status(seat)
            page = seat.page()
            if page is not None:
                self.fleet.ready(seat.number, now)  # its first page may hang before it can report
            memory_mb = seat.status.memory_mb if seat.status else 0.0
            actions = self.fleet.look(seat.number, now, alive=alive, memory_mb=memory_mb)
            worker = self.fleet.workers[seat.number]
            if worker.reason == "recycled" and actions:
                logger.info("Worker %s uses %.0f MB: restarting it", seat.name, memory_mb)
            self._apply(actions)
            if page is not None:
                self.recovery.fail_if_condemned(page)
        self.rates.add(now, self._counters())

    def _counters(self) -> Iterable[tuple[str, int]]:
        for seat in self.seats:
            if seat.process is not None and seat.status is not None:
                yield f"worker {seat.name}", seat.status.done
                yield from seat.status.sites.items()

    def _read_status(self, seat: Seat) -> bool:
        """Return whether the worker has written a new status."""
        if not seat.read_status():
            return False
        if seat.has_worked:
            self.fleet.ready(seat.number, time.monotonic())
        return True

    def _apply(self, actions: Iterable[Action]) -> None:
        for action in actions:
            seat = self.seats[action.worker]
            if isinstance(action, Start):
                self._start(seat)
            elif seat.process is not None:
                worker = self.fleet.workers[action.worker]
                if action.signum is signal.SIGKILL and worker.reason:
                    logger.warning(
                        "Killing worker %s, which %s",
                        seat.name,
                        "has stopped reporting" if worker.reason == "hung" else "does not end",
                    )
                seat.process.send_signal(action.signum)

    def _start(self, seat: Seat) -> None:
        if seat.ended_early:  # logged only now, because the job might have been finished
            logger.info("Worker %s ended before the job was finished: restarting it", seat.name)
        try:
            seat.start(self._command(seat.name), self._env, self._lock)
        except OSError as exc:  # the machine lacks memory, processes or disk space now
            logger.error("Cannot start worker %s: %s", seat.name, exc)
            self.fleet.exited(seat.number, time.monotonic(), 1)

    def _exited(self, seat: Seat, status: int) -> None:
        process, seat.process = seat.process, None
        assert process is not None  # noqa: S101 - it was polled
        self._read_status(seat)
        worker = self.fleet.workers[seat.number]
        was, ran_s = worker.phase, time.monotonic() - worker.since
        page = seat.page()
        if page is not None:
            self.fleet.ready(seat.number, time.monotonic())  # it may have worked only for a moment
        drained = seat.status is not None and seat.status.ended == "drained"
        ending = self.fleet.exited(seat.number, time.monotonic(), status, drained=drained)
        page = page if ending.blamed else None
        kills = self.recovery.blame(page) if page else 0
        if worker.phase is Phase.REFUSED and was is Phase.STARTING:
            self._log_refusal(seat)
        elif ending.crashed or page:
            self._log_crash(seat, process.pid, status, ran_s, ending, page, kills)
        seat.ended_early = status == 0 and bool(ending.restart_s)
        self._poll_now.set()  # it may have ended because the job is finished
        if seat.status is not None:
            seat.past.add(seat.status, over=True)
            self.recovery.release(seat.status.owner, page)
            seat.status = None

    def _release_leftovers(self) -> None:
        """Return the leases of a killed supervisor's workers to the queue."""
        for path in self._folder.glob(status_file(self._folder, "*").name):
            status = WorkerStatus.read(path)
            path.unlink(missing_ok=True)
            if status is not None:
                self.recovery.release(status.owner, None)

    def _log_refusal(self, seat: Seat) -> None:
        if not self._logged_refusal:
            self._logged_refusal = True
            logger.error("The workers cannot be started with these settings: %s", seat.last_error())

    def _log_crash(
        self,
        seat: Seat,
        pid: int,
        status: int,
        ran_s: float,
        ending: WorkerExit,
        page: CurrentPage | None,
        kills: int,
    ) -> None:
        parts = [f"Worker {seat.name} (pid {pid}) {describe_exit(status)} after {ran_s:.0f} s"]
        if page:
            parts.append(f", on {page.url} ({kills} of {KILLS} times)")
        if error := seat.last_error():
            parts.append(f"; its last error: {error}")
        parts.append(f"; see {seat.log}")
        if ending.restart_s is not None:
            parts.append(f"; restarting in {ending.restart_s:.1f} s")
        elif self.fleet.gave_up:
            parts.append("; giving up because no worker could be started")
        logger.error("%s", "".join(parts))

    async def _poll(self) -> None:
        while True:
            try:
                self.totals = await self._admin.totals()
                if await self._admin.finished():
                    self._finished = True
                elif self._finished:  # others added work or began the next generation
                    self._finished = await self._admin.generation() != self._generation
            except FrontierError as exc:
                logger.error("Cannot read the state of the frontier: %s", exc)
            self._poll_now.clear()
            await set_within(self._poll_now, _POLL_S)

    async def _finish_recovery(self) -> None:
        with contextlib.suppress(TimeoutError, FrontierError):
            async with asyncio.timeout(_RECOVERY_TIMEOUT_S):
                await self.recovery.end()
                self.totals = await self._admin.totals()
