"""Where the time of one request went."""

from __future__ import annotations


class Timings:
    """The phases of one request, in seconds on the caller's monotonic clock. Pure.

    queued: waiting for a connection: from the start until one was there, less the next three.
    dns: resolving the host (or the proxy's).
    connect: the TCP connection, and the CONNECT exchange of a tunnel.
    tls: the TLS handshake.
    ttfb: from the request's first byte out to the response's headers in.
    transfer: from the headers to the end of the body.

    A phase that did not happen (a reused connection has no dns, connect or tls) is 0.0. A request
    that failed has the phases it reached, the last one until the failure.
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
        """The lookup that began at ``lookup_at`` ended; does nothing if none is under way."""
        if self.lookup_at is not None:
            self.dns += now - self.lookup_at
            self.lookup_at = None

    def as_dict(self, now: float) -> dict[str, float]:
        """Return seconds by phase for a request that ended at ``now``."""
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
