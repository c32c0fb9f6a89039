"""A frontier, as steering needs it: the log of commands, at a worker and elsewhere.

Every backend that takes commands keeps these rules; ``tests/frontier/test_commands.py`` tests them:

1. A command that was appended survives SIGKILL of any process, and every worker of its job reads
   it, in the order of the log.
2. A command that changes entries changes each of them at most once, however often workers die
   while they apply it, and its result counts exactly those that it changed. SKIP skips no entry
   that ``on_skip`` was not awaited with.
3. REQUEUE changes exactly the entries of its preview, as far as they are still failed.
4. A job with such a command that is not applied does not finish; REQUEUE and ADD also reopen a
   finished one, whose next ``open`` continues the generation.
5. Commands belong to the job, not to a generation: a reset or a finished job keeps them. But one
   that changes entries only applies to the generation in which it was appended.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crawlproj.frontier.commands import Command, Preview, Record, Result, Selection, Verb
    from crawlproj.frontier.entries import Entry
    from crawlproj.frontier.fate import Fate
    from crawlproj.frontier.live import Tick, WorkerNews

    OnSkip = Callable[[Sequence[Entry]], Awaitable[None]]

__all__ = ["Controls", "Steered"]


async def no_one(_: Sequence[Entry]) -> None:
    """Write down nothing about entries that are skipped."""


def _unsupported(what: object) -> FrontierError:
    return FrontierError(
        f"this frontier takes no commands ({what}): to steer crawls, use SQLite or Redis"
    )


class Steered:
    """The part of a frontier by which a worker is steered. By default there are no commands."""

    async def append(self, command: Command) -> int:
        """Append ``command`` to the job's log; returns its id. Raises FrontierError."""
        raise _unsupported(command.verb)

    async def commands(self, after: int = 0) -> list[Command]:  # noqa: ARG002 - see the backends
        """Return the job's commands with ids above ``after``, oldest first."""
        return []

    async def waiting(self) -> list[Command]:
        """Return the job's commands that change entries and are not applied, oldest first."""
        return []

    async def change(
        self,
        command: Command,
        worker: str,
        entries: Sequence[Entry] = (),
        on_skip: OnSkip = no_one,  # noqa: ARG002 - see the backends
    ) -> Result | None:
        """Apply one step of a command that changes entries.

        entries: with ADD: what to put. on_skip: with SKIP: awaited with the entries that are about
            to be skipped. It may get an entry twice, and one that a worker claims meanwhile.

        Returns None while steps are left, or another worker applies it; else its result, which is
        durable.
        """
        raise _unsupported(f"{command.verb} of {len(entries)} at {worker}")

    async def acknowledge(self, result: Result) -> None:
        """Keep the result of a command; a worker's first result for it stays."""
        raise _unsupported(f"a result of {result.worker}")

    async def publish(self, worker: str, at: float, document: str, tick: str) -> None:
        """Replace what others see of this worker, and keep ``tick`` among its last ones.

        at: unix seconds. document, tick: JSON; see frontier/live.py.
        """

    async def withdraw(self, worker: str) -> None:
        """Note that a worker ends: it is not among those that others see any more."""


class Controls(ABC):
    """One job as a process without its leases sees and steers it. Not thread-safe.

    Methods raise FrontierError if the frontier cannot be reached.
    """

    @abstractmethod
    async def append(self, command: Command) -> int:
        """Append ``command`` to the job's log; returns its id. Durable when it returns."""

    @abstractmethod
    async def preview(self, verb: Verb, selection: Selection) -> Preview:
        """Return what SKIP, PRIORITIZE (pending entries) or REQUEUE (failed ones) would change."""

    @abstractmethod
    async def history(self, limit: int = 100) -> list[Record]:
        """Return the latest commands with their results, newest first."""

    @abstractmethod
    async def record(self, command: int) -> Record | None:
        """Return one command with its results; None if there is none with this id."""

    @abstractmethod
    async def log(self) -> list[Command]:
        """Return all commands that are kept, oldest first."""

    @abstractmethod
    async def generation(self) -> tuple[int, bool]:
        """Return the job's generation, and whether it has finished."""

    @abstractmethod
    async def known_sites(self) -> set[str]:
        """Return every site that has, or had, an entry in this generation."""

    @abstractmethod
    async def known_reasons(self) -> set[str]:
        """Return every reason for which an entry is failed now."""

    @abstractmethod
    async def workers(self, since: float) -> list[WorkerNews]:
        """Return what each worker published last, unless that was before ``since``."""

    @abstractmethod
    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        """Return the ticks of each worker since a time, oldest first."""

    @abstractmethod
    async def fate(self, url: str, key: int, site: str) -> Fate | None:
        """Return what became of the entry with ``key``; None if the job does not know it."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections. Idempotent."""
