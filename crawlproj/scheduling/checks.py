"""Pages that are fetched again to see whether they changed.

Such a *check* is an entry of its own beside the page's, which has ended: links to the page lead to
nothing new meanwhile. When the check ends, the frontier forgets it, so the next one can be put.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import IgnoreRequest

from crawlproj.frontier.base import State
from crawlproj.scheduling.serialize import key_of_text

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawlproj.store.base import Checked

CHECK = "frontier_check"
"""The key of Request.meta for what is known of the page: its URL, the hash of its body, and the
validators to send (``etag``, ``last_modified``)."""


class NotModified(IgnoreRequest):
    """The page is as it was when it was stored."""

    frontier_outcome = (State.DONE, "not-modified")


def make_check(request: Request, page: Checked, *, conditional: bool) -> None:
    """Make ``request`` a check of ``page``; conditional: with the page's validators.

    A page that was missing is asked for as if it were new.
    """
    check = {"url": request.url}
    if not page.missing:
        check["body"] = page.content_hash
    if conditional and not page.missing:
        validators = {"etag": page.etag, "last_modified": page.last_modified}
        check.update({name: value for name, value in validators.items() if value})
    request.meta[CHECK] = check


def check_of(request: Request) -> dict[str, Any] | None:
    """Return what a check knows of its page; None if ``request`` is none.

    A redirect has a copy of the meta, and leads to another page.
    """
    check = request.meta.get(CHECK)
    if isinstance(check, dict) and check.get("url") == request.url:
        return check
    return None


def key_of_check(request: Request) -> int | None:
    """Return the key of a check; None if ``request`` is none."""
    return None if check_of(request) is None else key_of_text(f"check {request.url}")


def has_same_body(response: Response) -> bool:
    """Whether ``response`` answers a check with the body that is stored."""
    request = response.request
    check = check_of(request) if request is not None else None
    if not check or not check.get("body"):
        return False
    return bool(check["body"] == blake2b(response.body, digest_size=16).hexdigest())
