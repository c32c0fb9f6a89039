"""Builds Page items from responses and FetchFailure items from failures."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from scrapy.http import TextResponse
from scrapy.spidermiddlewares.httperror import HttpError

from crawlproj._scrapy.headers import value_of, values_of
from crawlproj.content.calendars import CALENDAR, without_stamps
from crawlproj.content.chosen_types import extension_of
from crawlproj.content.fields import page_fields, shown_without_text, telling_text_of
from crawlproj.content.folded import folded_pieces
from crawlproj.content.link_header import linked_from
from crawlproj.content.media_type import media_type
from crawlproj.content.moments import without_moments
from crawlproj.content.page import content_of, is_prose
from crawlproj.content.page_signals import signals_of
from crawlproj.items import FetchFailure, Page, SavedPage
from crawlproj.reasons import detail_of, error_of, reason_of, time_of
from crawlproj.store.files import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.content.chosen_types import ChosenTypes

__all__ = ["failure_item", "failure_of", "page_of", "saved"]


_MAX_VALIDATOR = 1_000  # bytes of a header that is kept to be sent again


def page_of(response: Response, fields: Sequence[str] = (), *, fingerprint: bool = False) -> Page:
    """Return the item to store for ``response``.

    fields: names of PAGE_FIELDS, which are filled in if it is a page. fingerprint: fill in
    ``text_hash``, which takes as long again as the text; with the field main_text it costs nothing.
    """
    meta = response.meta
    content_type = value_of(response.headers, b"Content-Type") or b""
    page = Page(
        url=response.url,
        requested_url=meta.get("redirect_urls", [response.url])[0],
        status=response.status,
        content_type=content_type.decode("latin-1"),
        content_hash=_hash(response.body),
        depth=meta.get("depth", 0),
        fetched_at=meta.get("archived_at") or time.time(),
        timings=meta.get("timings", {}),
        etag=_validator(response, b"Etag"),
        last_modified=_validator(response, b"Last-Modified"),
        signals=signals_of(response) or None,
    )
    if (content := content_of(response)) is not None:
        page.title, page.description = content.title, content.description
        page.canonical, page.language = content.canonical, content.language
        page.text = content.text
        for name, value in page_fields(fields, response, content).items():
            setattr(page, name, value)
        if fingerprint or page.main_text is not None:
            telling = telling_text_of(content, page.main_text, page.text)
            page.text_hash = fingerprint_of(telling or shown_without_text(content))
    else:
        page.canonical = linked_from(response.url, response.headers, "canonical")
        if isinstance(response, TextResponse) and is_prose(response):
            page.text = response.text.strip()
        elif media_type(values_of(response.headers, b"Content-Type")).essence == CALENDAR:
            page.text_hash = _hash(without_stamps(response.body))
    return page


def saved(page: Page, response: Response, types: ChosenTypes) -> Page:
    """Return ``page`` as a SavedPage if the type of its ``response`` is among ``types``.

    A body that broke off, which DOWNLOAD_FAIL_ON_DATALOSS allows, is not saved.
    """
    essence = media_type(values_of(response.headers, b"Content-Type")).essence
    if "dataloss" in response.flags or not types.allow(essence, page.url):
        return page
    kept = SavedPage(**{name: getattr(page, name) for name in Page.__dataclass_fields__})
    kept.file = name_of(page.content_hash, extension_of(essence, page.url))
    kept.body = response.body
    return kept


def _hash(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _validator(response: Response, header: bytes) -> str | None:
    value = value_of(response.headers, header)
    if not value or len(value) > _MAX_VALIDATOR:
        return None
    text: str = value.decode("latin-1")
    return text


def fingerprint_of(text: str) -> str | None:
    """Return 32 hex digits that differ if ``text`` does, apart from white space and ages.

    None if there is no text.
    """
    digest, separator = blake2b(digest_size=16), ""
    for piece in map(without_moments, folded_pieces(text)):
        digest.update((separator + piece).encode("utf-8", "surrogatepass"))
        separator = " "
    return digest.hexdigest() if separator else None


def failure_of(failure: Failure) -> FetchFailure:
    """Return the item to store for a request that failed for good.

    failure: the argument of an errback.
    """
    request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
    return failure_item(request, error_of(failure))


def failure_item(request: Request, exc: BaseException) -> FetchFailure:
    """Return the item to store for ``request``, which ended for good with ``exc``."""
    return FetchFailure(
        url=request.url,
        reason=reason_of(exc),
        detail=detail_of(exc),
        status=exc.response.status if isinstance(exc, HttpError) else None,
        depth=request.meta.get("depth", 0),
        failed_at=time_of(exc),
    )
