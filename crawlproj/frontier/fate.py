"""The fate of one URL, as a frontier knows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fate"]


@dataclass(frozen=True, slots=True)
class Fate:
    """One entry.

    state: "pending", "delayed", "leased", "done", "failed" or "skipped"; "ended" for done or
        skipped where the backend does not keep which.
    reason: why it failed or was skipped. attempts: earlier ones that counted.
    not_before: earliest time to fetch it, and lease_until: when the lease on it ends (unix
        seconds); None if there is none, or the backend does not keep it.
    worker: who works on it; "" if nobody does or it is unknown.
    ahead: entries of its site that are claimed before it; None unless it is pending.
    payload: the rest of the request as the frontier stores it. It may tell how it was found.
    """

    url: str
    site: str
    state: str
    reason: str = ""
    attempts: int = 0
    priority: int = 0
    not_before: float | None = None
    lease_until: float | None = None
    worker: str = ""
    ahead: int | None = None
    payload: bytes = b""
