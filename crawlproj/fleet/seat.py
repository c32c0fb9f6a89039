"""The place of a worker in a fleet: its process, one after another, and the files of that."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlproj.fleet.breadcrumb import read_breadcrumb
from crawlproj.fleet.children import ORPHANED, bind_to_parent
from crawlproj.fleet.crash import last_error
from crawlproj.fleet.files import breadcrumb_file, log_file, status_file
from crawlproj.fleet.worker_status import Figures, WorkerStatus
from crawlproj.private_files import create

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from crawlproj.fleet.breadcrumb import CurrentPage


@dataclass(slots=True)
class Seat:
    """A worker as the supervisor sees it: its process and the process's last status.

    folder: the fleet's folder.
    process: None while it has none. log_offset: where its output begins in the log, in bytes.
    ended_early: whether its previous process ended with status 0 without being asked to.
    past: the figures of its previous processes.
    """

    number: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    log_offset: int = 0
    status: WorkerStatus | None = None
    ended_early: bool = False
    past: Figures = field(default_factory=Figures)

    @property
    def name(self) -> str:
        """The worker's name, from 1, as in its files' names."""
        return str(self.number + 1)

    @property
    def log(self) -> Path:
        """The file that receives its output."""
        return log_file(self.folder, self.name)

    def start(self, command: Sequence[str], env: Mapping[str, str], lock: int) -> None:
        """Start a process, which inherits the file descriptor ``lock``. Raises OSError."""
        self.status = None
        status_file(self.folder, self.name).unlink(missing_ok=True)
        breadcrumb_file(self.folder, self.name).unlink(missing_ok=True)
        create(self.log)
        with self.log.open("ab") as log:
            self.log_offset = log.tell()
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                bind_to_parent(command, ORPHANED),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C must not reach it: the supervisor drains it
            )

    def read_status(self) -> bool:
        """Read the process's status; return whether it is a new one."""
        found = WorkerStatus.read(status_file(self.folder, self.name))
        if found is None or (self.status is not None and found.beat == self.status.beat):
            return False
        self.status = found
        return True

    @property
    def has_worked(self) -> bool:
        """Whether its status shows that it could open the frontier and the store."""
        status = self.status
        if status is None or not status.owner:
            return False
        return bool(status.done) or (status.beat > 1 and self.process is not None)  # its second one

    def page(self) -> CurrentPage | None:
        """Return the page that its callbacks are handling; None if there is none."""
        return read_breadcrumb(breadcrumb_file(self.folder, self.name))

    def last_error(self) -> str:
        """Return the last error in the output of its latest process; "" if there is none."""
        return last_error(self.log, self.log_offset)
