"""The status of a job, as a process that does not own the frontier can read it at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.frontier.base import Totals
    from crawlproj.frontier.commands import Command


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of one job.

    finished: whether the generation has finished; if so, the next crawl starts generation + 1.
    totals: over all sites. The leases of a crawl that died count as leased until they are put back.
    sites: the same by site.
    running: whether a crawl works on the job now; None if that is unknown.
    commands: its log, oldest first.
    """

    job: str
    generation: int
    finished: bool
    totals: Totals
    sites: dict[str, Totals]
    running: bool | None = None
    commands: tuple[Command, ...] = ()
