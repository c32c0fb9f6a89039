"""The right to have one request in flight. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(slots=True, eq=False)
class Permit:
    """The right to have one request in flight.

    started_at: when it was taken or, later, when its request was sent (see SiteControl.send).
    in_flight: requests in flight when it was taken, itself included.
    canary: whether its request probes a site that is down.
    site: the name of the site's control, which sites may share; see Permits.
    lost: see InFlight.
    sent: whether its request is on its way; a request that still waits cannot be lost.
    written: whether its request was written to a connection.
    answered: whether the answer has begun; it may take as long as it likes.
    hang_s: seconds without an answer after which its request counts as lost.
    early: whether it was taken sooner after the one before than the rate of its site says; None if
        its site had none.
    start: what the limit returned for its start, until its sample is taken.
    passed: answers to later requests that came before its own.
    closed: how often a used connection was closed before it was answered on another one.
    """

    started_at: float
    in_flight: int
    canary: bool
    site: str = ""
    lost: bool = False
    sent: bool = True
    written: bool = False
    answered: bool = False
    hang_s: float = inf
    early: bool | None = None
    start: Any = None
    passed: int = 0
    closed: int = 0

    def overtakes(self, live: Iterable[Permit]) -> bool:
        """Count its answer for the older requests that wait; return whether that is the second one.

        A single worker that serves one request after the other cannot answer two later ones first:
        the older one is next. One later answer shows less, because requests that start together may
        arrive in another order.

        live: the permits of the site's requests, oldest first.
        """
        for older in live:
            if older.started_at >= self.started_at:
                break
            if older.sent and not older.answered:
                older.passed += 1
                if older.passed > 1:
                    return True
        return False
