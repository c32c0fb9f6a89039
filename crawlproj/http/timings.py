"""How long each phase of a request took."""

from __future__ import annotations


class Timings:
    """The phases of one request, in seconds on the caller's monotonic clock. Pure.

    queued: waiting for a connection, excluding the next three phases.
    dns: resolving the host, or the proxy's host.
    connect: opening the TCP connection, including a tunnel's CONNECT exchange.
    tls: the TLS handshake.
    ttfb: from sending the request's first byte to receiving the response's headers.
    transfer: from the headers to the end of the body.

    A phase that did not happen is 0.0: a reused connection has no dns, connect or tls. A failed
    request has the phases it reached; the last one ends with the failure.
    """

    __slots__ = ("connect", "dns", "headers_at", "lookup_at", "ready_at", "started_at", "tls")

    def __init__(self, now: float) -> None:
        self.started_at = now
        self.ready_at = 0.0
        self.headers_at = 0.0
        self.lookup_at: float | None = None
        self.dns = 0.0
        self.connect = 0.0
        self.tls = 0.0

    def looked_up(self, now: float) -> None:
        """Record the end of the lookup that began at ``lookup_at``, if one is running."""
        if self.lookup_at is not None:
            self.dns += now - self.lookup_at
            self.lookup_at = None

    def as_dict(self, now: float) -> dict[str, float]:
        """Return the seconds of each phase, for a request that ended at ``now``."""
        ready_at = self.ready_at or now
        headers_at = self.headers_at or now
        waited = ready_at - self.started_at - self.dns - self.connect - self.tls
        return {
            "queued": max(0.0, waited),
            "dns": self.dns,
            "connect": self.connect,
            "tls": self.tls,
            "ttfb": headers_at - ready_at,
            "transfer": now - headers_at,
        }
