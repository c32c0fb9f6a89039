"""Pages that are fetched again to see whether they changed.

Such a *check* is an entry of its own beside the page's, which has ended: links to the page lead to
nothing new meanwhile. When the check ends, the frontier forgets it, so the next one can be put.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from scrapy.exceptions import IgnoreRequest

from crawlproj.frontier.base import State
from crawlproj.scheduling.serialize import key_of_text

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawlproj.store.base import Checked

CHECK = "frontier_check"
"""The key of Request.meta for the fields of a Check, as a tuple: what the frontier holds counts, so
they must not be an object that is given back as it was put last (carried.py). A check that is put
again after a kill would otherwise have the validators of a page whose links are not yet followed.
"""


class Check(NamedTuple):
    """The known facts about a page that is checked.

    body: hash of its body, "" if that is to be read in any case. etag, last_modified: the
    validators to send; "" for none. at: when the page was asked for before, and
    fetched_at: when the version that is stored was fetched (unix seconds); 0 if that is not known.
    """

    url: str
    body: str
    etag: str
    last_modified: str
    at: float = 0.0
    fetched_at: float = 0.0


class NotModified(IgnoreRequest):
    """The page is as it was when it was stored."""

    frontier_outcome = (State.DONE, "not-modified")


def make_check(request: Request, page: Checked, *, conditional: bool) -> None:
    """Make ``request`` a check of ``page``; conditional: with the page's validators.

    A page that was missing is asked for as if it were new.
    """
    etag, last_modified = page.etag or "", page.last_modified or ""
    if page.missing or not conditional:
        etag = last_modified = ""
    body = "" if page.missing else page.content_hash
    request.meta[CHECK] = (request.url, body, etag, last_modified, page.at, page.fetched_at or 0.0)


def check_of(request: Request) -> Check | None:
    """Return what a check knows of its page; None if ``request`` is none.

    A redirect has a copy of the meta, and leads to another page.
    """
    if (check := request.meta.get(CHECK)) is None:
        return None
    if not isinstance(check, tuple) or not 4 <= len(check) <= len(Check._fields):
        return None
    return Check(*check) if check[0] == request.url else None


def key_of_check(request: Request) -> int | None:
    """Return the key of a check; None if ``request`` is none."""
    return None if check_of(request) is None else key_of_text(f"check {request.url}")


def has_same_body(response: Response) -> bool:
    """Whether ``response`` answers a check with the body that is stored."""
    request = response.request
    check = check_of(request) if request is not None else None
    if check is None or not check.body:
        return False
    return check.body == blake2b(response.body, digest_size=16).hexdigest()
