"""Requests as frontier entries and back: data only, never pickles.

An entry's payload is JSON (UTF-8), or b"" for a plain GET with nothing to remember. Callbacks are
stored as names of the spider's methods. A request that holds anything that ``values`` does not
express in JSON is *unstorable*; the scheduler keeps it in memory instead.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scrapy import FormRequest, Request
from scrapy.http import JsonRequest, XmlRpcRequest
from scrapy.utils.request import fingerprint

from crawlproj._scrapy.requests import request_for
from crawlproj.errors import CrawlprojError
from crawlproj.frontier.base import Entry
from crawlproj.scheduling.callbacks import method_of, name_of
from crawlproj.scheduling.classes import classes_of
from crawlproj.scheduling.request_classes import own_part, with_own_part
from crawlproj.scheduling.values import MARK, NotPlain, restored, storable
from crawlproj.urls import normalize, site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider

# Keys of Request.meta
LEASE = "frontier_lease"  # the id of the lease that a request works on
PERMIT_WAIT = "permit_wait"  # how many seconds its lease waited for a permit
SEED = "frontier_seed"  # from Spider.start(); only until the scheduler has the request
RETRY_AT = "retry_at"  # the unix time before which a retry must not start
REFUSALS = "refusals"  # how often its site refused it, no attempt counted
REFUSED = "refused"  # it was refused, and is to be sent again without counting an attempt
FORBIDDEN = "forbidden"  # it was answered with 403, and asked for again
UNANSWERED_AT = "unanswered_at"  # the unix time at which it first failed as if its site were away

# These belong to one attempt, not to the request.
TRANSIENT_META = frozenset(
    {LEASE, PERMIT_WAIT, RETRY_AT, REFUSED, "download_latency", "timings", "_auth_proxy"}
)
# These differ from Request in how they are built, not in what they send.
_STORABLE_TYPES = frozenset({Request, FormRequest, JsonRequest, XmlRpcRequest})
_VALUES = ("headers", "body", "cookies", "meta", "cb_kwargs")
_ENDS_HEADER = re.compile(rb"[\r\n\0]")
_FOUND_AT, _OWN = "found_at", "own"
_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_from_json = json.JSONDecoder().decode


class Unstorable(CrawlprojError):
    """The request holds something that is not data; the message says what to change."""


class BadPayload(CrawlprojError):
    """A stored request cannot be rebuilt, for example because the spider lost its callback.

    reason: why its lease failed.
    """

    reason = "bad-payload"


def key_of(request: Request) -> int:
    """Return the request's identity: a signed 64-bit BLAKE2b hash.

    It is the hash of the normalised URL for a GET without a body, else that of Scrapy's request
    fingerprint.
    """
    if request.method == "GET" and not request.body:
        return key_of_url(request.url)
    return _signed64(fingerprint(request))


def key_of_fingerprint(fingerprint: bytes) -> int:
    """Return the key of a request with this fingerprint."""
    return _signed64(fingerprint)


def key_of_seed(key: int, earlier: int) -> int:
    """Return the key of a seed with ``dont_filter``, whose request has ``key``.

    Links to its URL have another key, and so has the next seed with the same URL. A continued crawl
    gives the same key to the same seed.

    earlier: how many seeds with ``key`` came before it.
    """
    return key_of_text(f"seed {key} {earlier}")


def key_of_text(text: str) -> int:
    """Return the key of an entry that ``text`` names, which is not a URL."""
    return _signed64(text.encode("utf-8", "surrogatepass"))


def key_of_return(key: int, redirects: int) -> int:
    """Return the key of a request, which has ``key``, to which its own redirects led back.

    redirects: how many there were.
    """
    return _signed64(f"return {key} {redirects}".encode())


def key_of_url(url: str) -> int:
    """Return the key of a plain GET of ``url``."""
    return _signed64((normalize(url) or url).encode("utf-8", "surrogatepass"))


def _signed64(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def entry_of(
    request: Request, spider: Spider, key: int, *, shared: bool = False, found_at: int | None = None
) -> Entry:
    """Return ``request`` as an entry with ``key``. Raises Unstorable.

    shared: whether others can write to the frontier, which limits what may be a callback.
    found_at: when the crawl came upon it, in unix seconds, for those who ask what became of it.
    """
    encoded = b""
    try:
        payload = _payload(request, spider, shared=shared)
        if found_at is not None:
            payload[_FOUND_AT] = found_at
        if payload:
            encoded = _to_json(payload).encode()
    except UnicodeEncodeError as exc:
        raise Unstorable(f"{request} holds text that is not Unicode: {exc}") from None
    except RecursionError:
        raise Unstorable(f"{request}: too deeply nested to be stored; make it flatter") from None
    return Entry(key, site_of(request.url), request.url, encoded, request.priority)


def depth_of(entry: Entry) -> int:
    """Return how many links away from a seed an entry is; 0 if its payload does not say."""
    try:
        return int(json.loads(entry.payload or b"{}").get("meta", {}).get("depth", 0))
    except (ValueError, TypeError, AttributeError):
        return 0


def referrer_of(payload: bytes) -> str | None:
    """Return the page that led to an entry, as its header Referer says; None if it does not."""
    try:
        headers = json.loads(payload or b"{}").get("headers", {})
        (found,) = next(values for name, values in headers.items() if name.lower() == "referer")
    except (ValueError, TypeError, AttributeError, StopIteration):
        return None
    return found if isinstance(found, str) else None


def found_at_of(payload: bytes) -> int | None:
    """Return when the crawl came upon an entry, in unix seconds; None if it does not say."""
    try:
        found = json.loads(payload or b"{}").get(_FOUND_AT)
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if type(found) is int else None


def request_of(entry: Entry, spider: Spider, *, shared: bool = False) -> Request:
    """Return the request that ``entry`` stands for. Raises BadPayload.

    shared: as in ``entry_of``.
    """
    # The URL of an entry is that of an earlier Request, unless others wrote the entry.
    make = Request if shared else request_for
    try:
        if not entry.payload:
            return make(entry.url, priority=entry.priority)
        stored = _from_json(entry.payload.decode())
        given = {name: stored[name] for name in _VALUES if name in stored}
        if MARK in entry.payload:  # else all is as JSON has it
            classes = classes_of(spider)
            given = {name: restored(value, classes) for name, value in given.items()}
        request = make(
            entry.url,
            callback=_method(spider, stored.get("callback"), shared=shared),
            errback=_method(spider, stored.get("errback"), shared=shared),
            method=stored.get("method", "GET"),
            encoding=stored.get("encoding", "utf-8"),
            priority=entry.priority,
            dont_filter=stored.get("dont_filter", False),
            flags=stored.get("flags"),
            **given,
        )
        if _OWN in stored:
            request = with_own_part(request, restored(stored[_OWN], classes_of(spider)))
        _check_headers(request)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as exc:
        place = entry.url or f"a URL of {entry.site}"
        raise BadPayload(f"{place!r}: the stored request cannot be rebuilt: {exc!r}") from None
    return request


def _check_headers(request: Request) -> None:
    """Raise ValueError if a header would end early, and begin another header or a body."""
    for name, values in dict.items(request.headers):
        for text in (name, *values):
            if _ENDS_HEADER.search(text):
                raise ValueError(f"header {name!r} has a line break")


def _payload(request: Request, spider: Spider, *, shared: bool) -> dict[str, Any]:
    """Return, in JSON's types, how the request differs from a plain GET."""
    payload: dict[str, Any] = {}
    if type(request) not in _STORABLE_TYPES:
        payload[_OWN] = _own(request, spider)
    if request.callback is not None:
        payload["callback"] = _name(request.callback, "callback", request, spider, shared=shared)
    if request.errback is not None:
        payload["errback"] = _name(request.errback, "errback", request, spider, shared=shared)
    if request.method != "GET":
        payload["method"] = request.method
    if request.body:
        payload["body"] = _storable(request.body, "body", request, spider)
    if request.headers:
        payload["headers"] = {
            name.decode("latin-1"): [
                value.decode("ascii")
                if value.isascii()
                else _storable(value, "headers", request, spider)
                for value in values
            ]
            for name, values in dict.items(request.headers)
        }
    if request.cookies:
        payload["cookies"] = _storable(request.cookies, "cookies", request, spider)
    meta = {name: value for name, value in request.meta.items() if name not in TRANSIENT_META}
    if meta:
        payload["meta"] = _storable(meta, "meta", request, spider)
    if request.cb_kwargs:
        payload["cb_kwargs"] = _storable(request.cb_kwargs, "cb_kwargs", request, spider)
    if request.encoding != "utf-8":
        payload["encoding"] = request.encoding
    if request.dont_filter:
        payload["dont_filter"] = True
    if request.flags:
        payload["flags"] = list(request.flags)
    return payload


def _own(request: Request, spider: Spider) -> Any:
    try:
        return own_part(request, classes_of(spider))
    except NotPlain as exc:
        raise Unstorable(f"{request}: it is {exc}") from None


def _name(
    function: Callable[..., Any], role: str, request: Request, spider: Spider, *, shared: bool
) -> str:
    try:
        return name_of(function, spider, shared=shared)
    except ValueError as exc:
        raise Unstorable(f"{request}: its {role} {exc}") from None


def _method(spider: Spider, stored: str | None, *, shared: bool) -> Callable[..., Any] | None:
    return None if stored is None else method_of(spider, stored, shared=shared)


def _storable(value: Any, where: str, request: Request, spider: Spider) -> Any:
    try:
        return storable(value, classes_of(spider))
    except NotPlain as exc:
        raise Unstorable(f"{request}: its {where} holds {exc}") from None
