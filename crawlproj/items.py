"""The items of a crawl: pages, URLs that failed for good or were skipped, and checks of pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FetchFailure", "Page", "PageCheck", "SavedPage", "SkippedUrl"]


@dataclass(slots=True)
class Page:
    """A fetched page.

    url: where the content came from, after redirects. Identifies the page in the store.
    requested_url: the URL of the original request, before redirects.
    status: HTTP status.
    text: the visible text, with spaces and line breaks where a browser shows them; "" unless the
        page is HTML or plain text.
    content_hash: 32 hex digits (128 bits of BLAKE2b) of the body.
    depth: number of links followed from a seed to the page; 0 for a seed.
    fetched_at: Unix time in seconds at which the response was complete.
    timings: seconds by phase: queued, dns, connect, tls, ttfb, transfer (see http/timings.py).
    duplicate_of: URL of the first stored page with the same content_hash; set by the store.
    etag, last_modified: the validators that the server sent, as they were; None if it sent none.
    text_hash: fingerprint of the main text, 32 hex digits, where the crawl needs one: with
        ``refresh``, or if PAGE_FIELDS names main_text. None otherwise, or if there is no text.
    signals: what the site says about the use of the page.
    file: the path in FILES_URL of the file that has the body; None if it is not kept.

    The rest is None unless PAGE_FIELDS names it:

    markdown: the page as GitHub Flavored Markdown, with absolute links.
    main_text, main_markdown: the same without navigation and boilerplate.
    structured_data: JSON with json_ld, microdata and opengraph, as far as there are any.
    headings: JSON, a list of {"level": 1 to 6, "text": …}.
    images: JSON, a list of {"url": …, "alt": …}.
    links: the links out of the page, a list of {"url": …, "text": …, "rel": …}.
    html: the body, compressed with zstandard.
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
    etag: str | None = None
    last_modified: str | None = None
    text_hash: str | None = None
    signals: dict[str, Any] | None = None
    file: str | None = None
    markdown: str | None = None
    main_text: str | None = None
    main_markdown: str | None = None
    structured_data: str | None = None
    headings: str | None = None
    images: str | None = None
    links: list[dict[str, str]] | None = None
    html: bytes | None = None


class SavedPage(Page):
    """A page whose body becomes the file that ``file`` names.

    body: the bytes, until the file is written. It is not a field, so nothing else stores it.
    """

    __slots__ = ("body",)

    body: bytes


@dataclass(slots=True)
class FetchFailure:
    """A URL that failed for good.

    reason: a short name for the cause, such as "http-404" or "timeout" (see reasons.py).
    detail: the error's message, at most 500 characters, without credentials.
    status: HTTP status, or None if there was no response.
    depth: as in Page.
    failed_at: Unix time in seconds.
    """

    url: str
    reason: str
    detail: str = ""
    status: int | None = None
    depth: int = 0
    failed_at: float = 0.0


@dataclass(slots=True)
class SkippedUrl:
    """A URL that was not fetched, by decision.

    reason: a short name for the cause, such as "robots" or "extension" (see reasons.py).
    detail: more about it; for "redirected", where it leads.
    depth: as in Page.
    skipped_at: Unix time in seconds.
    """

    url: str
    reason: str
    detail: str = ""
    depth: int = 0
    skipped_at: float = 0.0


@dataclass(slots=True)
class PageHints:
    """The hints of a sitemap, or a feed, about pages.

    url: of the sitemap. noted_at: when it was read (unix seconds). hints: for each page its URL,
    when it changed last (unix seconds) or None, its changefreq or None, and whether its site is
    believed.
    """

    url: str
    noted_at: float
    hints: list[tuple[str, float | None, str | None, bool]]


@dataclass(slots=True)
class PageCheck:
    """A stored page that was checked and is as it was.

    checked_at: Unix time in seconds.
    """

    url: str
    checked_at: float
