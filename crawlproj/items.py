"""What a crawl yields: pages, and URLs that failed for good."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Page:
    """A fetched page.

    url: where the content came from, after redirects. Identity of the page in the store.
    requested_url: what was asked for first.
    status: HTTP status.
    text: the visible text, whitespace folded; "" for anything that is not HTML or plain text.
    content_hash: 32 hex digits (128 bits of BLAKE2b) of the body; equal for byte-equal bodies.
    depth: links followed from the nearest seed when it was discovered; 0 for a seed.
    fetched_at: unix seconds when the response was complete.
    timings: seconds by phase: queued, dns, connect, tls, ttfb, transfer (see http/).
    duplicate_of: url of another stored page with the same content_hash, set by the store.
    """

    url: str
    requested_url: str
    status: int
    title: str = ""
    description: str = ""
    canonical: str = ""
    language: str = ""
    text: str = ""
    content_type: str = ""
    content_hash: str = ""
    depth: int = 0
    fetched_at: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    duplicate_of: str | None = None


@dataclass(slots=True)
class FetchFailure:
    """A URL that failed for good.

    reason: the frontier's slug ("http-404", "timeout", …; see reasons.py).
    detail: the error's own words, at most 500 characters, without credentials.
    status: HTTP status if there was a response, else None.
    """

    url: str
    reason: str
    detail: str = ""
    status: int | None = None
    depth: int = 0
    failed_at: float = 0.0
