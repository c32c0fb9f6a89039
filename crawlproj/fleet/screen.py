"""Shows a fleet: a live display on a terminal, log lines elsewhere, and a summary at the end."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.fleet.display import (
    FleetSnapshot,
    WorkerRow,
    fleet_line,
    fleet_summary,
    fleet_view,
)
from crawlproj.fleet.worker import Phase
from crawlproj.report.console import Snapshot, plain
from crawlproj.report.display import Display, LivePanel
from crawlproj.report.item_tally import most_frequent_first
from crawlproj.report.written import LOGINS, compared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from crawlproj.fleet.supervisor import Supervisor

logger = logging.getLogger(__name__)

_REFRESH_S = 0.5


class Screen(logging.Handler):
    """Writes to standard error. As a logging handler it prints messages above the live display.

    spider: its name. generation: of the job. places: returns where the frontier, the store, the
    logs and files are, given what the workers counted. compares: whether this crawl checks pages of
    earlier ones.
    interval_s: seconds between two lines if standard error is not a terminal.
    """

    def __init__(self, spider: str, interval_s: float) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s: %(message)s", "%H:%M:%S"))
        self.generation = 0
        self.places: Callable[[Mapping[str, int]], tuple[str, ...]] = lambda _: ()
        self.compares = False
        self._spider = spider
        self._interval_s = interval_s
        self._console = Display(stderr=True)
        self._had_terminal = self._console.is_terminal
        self._live: LivePanel | None = None
        self._began = self._shown = self._logged = time.monotonic()

    def is_gone(self) -> bool:
        """Return whether the terminal was closed; if so, nothing more is printed."""
        if not self._had_terminal or os.isatty(sys.stderr.fileno()):
            return False
        self._live = None
        self._console = Display(quiet=True)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        style = "red" if record.levelno >= logging.ERROR else ""
        with suppress(OSError):  # the terminal was closed; SIGHUP follows
            self._console.print(plain(self.format(record), style), soft_wrap=True)

    def __enter__(self) -> Self:
        self._began = self._logged = time.monotonic()
        if self._had_terminal:
            self._live = LivePanel(self._console)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            with suppress(OSError):
                self._live.stop()
            self._live = None

    def show(self, supervisor: Supervisor) -> None:
        """Update the display or, without a terminal, log a line when one is due."""
        now = time.monotonic()
        if self._live is not None:
            if now >= self._shown + _REFRESH_S:
                self._shown = now
                view = fleet_view(self._snapshot(supervisor), self._console.width)
                with suppress(OSError):
                    self._live.update(view, refresh=True)
        elif now >= self._logged + self._interval_s:
            self._logged = now
            logger.info("%s", fleet_line(self._snapshot(supervisor)))

    def summarize(self, supervisor: Supervisor, reason: str) -> None:
        """Print the summary."""
        snapshot = self._snapshot(supervisor)
        with suppress(OSError):
            summary = fleet_summary(snapshot, reason, self._console.width)
            self._console.print(summary, crop=False)

    def _snapshot(self, supervisor: Supervisor) -> FleetSnapshot:
        figures, rates = supervisor.figures(), supervisor.rates.per_s()
        rows = [self._row(supervisor, number, rates) for number in range(len(supervisor.seats))]
        # Includes what killed workers had not reported yet.
        figures.tally.done = supervisor.totals.done - supervisor.totals_before.done
        waiting = sum(seat.status.waiting for seat in supervisor.seats if seat.status)
        crawl = Snapshot(
            spider=self._spider,
            elapsed_s=time.monotonic() - self._began,
            pages_per_s=sum(row.pages_per_s for row in rows),
            in_flight=sum(row.in_flight for row in rows),
            queued=supervisor.totals.pending + waiting,
            totals=supervisor.totals,
            tally=figures.tally,
            sites=figures.site_rows(rates),
            finished=supervisor.fleet.finished,
            generation=self.generation,
            places=self.places(figures.counts),
            items=most_frequent_first(figures.items),
            checked=compared(figures.counts) if self.compares else {},
            logins=figures.counts[LOGINS],
            traps=figures.traps,
        )
        return FleetSnapshot(
            crawl,
            rows,
            supervisor.fleet.counts,
            supervisor.recovery.quarantined,
            figures.latency.phases,
        )

    def _row(self, supervisor: Supervisor, number: int, rates: dict[str, float]) -> WorkerRow:
        seat, worker = supervisor.seats[number], supervisor.fleet.workers[number]
        status = seat.status
        waits = worker.phase is Phase.WAITING
        return WorkerRow(
            name=seat.name,
            state=str(worker.phase),
            pid=seat.process.pid if seat.process else 0,
            done=seat.past.tally.done + (status.done if status else 0),
            pages_per_s=rates.get(f"worker {seat.name}", 0.0),
            in_flight=status.in_flight if status else 0,
            memory_mb=status.memory_mb if status else 0.0,
            restarts=worker.restarts,
            due_s=worker.due - time.monotonic() if waits else 0.0,
        )
