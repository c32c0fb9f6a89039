"""The answers of the scripts in ``lua/``, and the ``count`` hash they contain."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Entry, Lease, Totals
from crawlproj.frontier.redis.arguments import lease_id_of
from crawlproj.frontier.redis.rows import unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of the job and of one worker, which comes with every answer.

    now: the server's clock. next_due: when the first delayed entry is due; 0 if none is delayed.
        Both in the server's microseconds.
    counts: the ``count`` hash. waiting: how many sites the worker can claim from.
    surplus: how many sites it should cede to workers that have nothing to do.
    """

    now: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    next_due: int = 0
    waiting: int = 0
    surplus: int = 0

    def totals(self) -> Totals:
        """Return the job's counts."""
        return totals_of(self.counts)


def standing(state: Sequence[Any]) -> Standing:
    """Return the Standing in ``state()`` of ``lua/common.lua``."""
    now, flat, next_due, waiting, surplus = state
    counts = {name.decode(): int(value) for name, value in zip(flat[::2], flat[1::2], strict=True)}
    return Standing(int(now), counts, int(next_due or 0), int(waiting), int(surplus))


def totals_of(counts: Mapping[str, int]) -> Totals:
    """Return the totals in a ``count`` hash."""
    totals = Totals(counts.get("pending", 0), counts.get("leased", 0), counts.get("done", 0))
    for name, number in counts.items():
        if name.startswith("f:"):
            totals.failed[name[2:]] = number
        elif name.startswith("s:"):
            totals.skipped[name[2:]] = number
    return totals


def leases_in(found: Sequence[bytes], owner: int, first: int, deadline: float) -> list[Lease]:
    """Return the leases in the answer of ``lua/claim.lua``.

    found: for each site its name, a count, then as many times a priority and a row.
    first: number of the first lease. deadline: unix seconds.

    A row that is not an entry becomes one without a URL, which fails alone.
    """
    leases: list[Lease] = []
    values = iter(found)
    for name in values:
        site, count = name.decode(errors="replace"), int(next(values))
        for _ in range(count):
            priority, row = int(next(values)), next(values)
            try:
                entry, attempts = unpack(site, priority, row)
            except FrontierError as exc:
                logger.error("%s", exc)
                entry, attempts = Entry(0, site, ""), 0
            leases.append(Lease(lease_id_of(owner, first + len(leases)), entry, attempts, deadline))
    return leases
