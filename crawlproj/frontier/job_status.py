"""Look at the jobs of a frontier without owning it, also while crawls run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.frontier.base import Totals


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it stands.

    finished: the next crawl of this job starts generation + 1.
    totals: over all sites; ``leased`` of a crawl that died are counted until somebody puts them
        back. sites: the same by site.
    """

    job: str
    generation: int
    finished: bool
    totals: Totals
    sites: dict[str, Totals]
