"""Reads the requests that scrapy-redis stored, and converts them to entries of a frontier.

A stored request is ``Request.to_dict()``, pickled, or as JSON if SCHEDULER_SERIALIZER said so. A
pickle is a program, but for ordinary requests scrapy-redis writes only str, bytes, numbers, None,
lists, tuples and dicts, which ``pickle_reader`` builds without running anything.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.errors import CrawlprojError
from crawlproj.frontier.base import Entry
from crawlproj.scheduling.callbacks import method_of
from crawlproj.scheduling.classes import classes_of
from crawlproj.scheduling.serialize import Unstorable, entry_of, key_of, key_of_url
from crawlproj.scrapy_redis import pickle_reader
from crawlproj.urls import normalize, registrable_domain, site_of

if TYPE_CHECKING:
    from scrapy import Spider

_MIN_PRIORITY, _MAX_PRIORITY = -(2**31), 2**31 - 1
# Subclasses of Request that differ only in how they are built, as to_dict() names them.
_PLAIN_CLASSES = frozenset(
    {
        "scrapy.http.request.Request", "scrapy.http.request.form.FormRequest",
        "scrapy.http.request.json_request.JsonRequest", "scrapy.http.request.rpc.XmlRpcRequest",
    }
)  # fmt: skip


class Refused(CrawlprojError):
    """A stored request cannot be moved; the message says why, and what would help."""


class RequestReader:
    """Converts stored requests and URLs to the entries that the scheduler would make of them.

    spider: its methods are the callbacks. It needs no initialisation.
    trust_pickle: see ``decode``.
    by_domain: whether the queue of a site holds its whole registrable domain.
    """

    def __init__(self, spider: Spider, *, trust_pickle: bool, by_domain: bool) -> None:
        self._spider = spider
        self._trust_pickle = trust_pickle
        self._by_domain = by_domain

    def entry(self, payload: bytes, priority: int | None) -> Entry:
        """Return the entry of a stored request; raises Refused.

        As in scrapy-redis, a request with ``dont_filter`` is fetched even if its URL is known. Its
        key is a hash of ``payload``, so that moving it twice adds it once.

        priority: overrides the stored one.
        """
        request = self._request(decode(payload, trust_pickle=self._trust_pickle), priority)
        key = key_of(request)
        if request.dont_filter and not request.meta.get("is_start_request"):
            digest = blake2b(payload, digest_size=8, person=b"scrapy-redis").digest()
            key = int.from_bytes(digest, "big", signed=True)
        try:
            return self._in_queue(entry_of(request, self._spider, key))
        except Unstorable as exc:
            raise Refused(str(exc).removeprefix(f"{request}: ")) from None

    def done_entry(self, url: str) -> Entry:
        """Return the entry of a URL that is to be marked as done.

        Raises ValueError if it is not an http or https URL.
        """
        normal = normalize(url)
        if not normal:
            raise ValueError(f"{url[:200]!r} is not an http or https URL")
        # The highest priority, because mark_done() claims it ahead of the site's other entries.
        return self._in_queue(
            Entry(key_of_url(url), site_of(normal), normal, priority=_MAX_PRIORITY)
        )

    def _request(self, stored: dict[str, Any], priority: int | None) -> Request:
        kind = self._class(str(stored.get("_class", "scrapy.http.request.Request")))
        kept = {name: value for name, value in stored.items() if name in kind.attributes}
        for role in ("callback", "errback"):
            if name := stored.get(role):
                kept[role] = self._method(role, name)
        if priority is not None:
            kept["priority"] = priority
        try:
            kept["priority"] = min(max(int(kept.get("priority", 0)), _MIN_PRIORITY), _MAX_PRIORITY)
            return kind(**kept)
        except Exception as exc:  # noqa: BLE001 - a plugin's class may raise anything
            raise Refused(f"it does not make a request: {exc}") from None

    def _class(self, name: str) -> type[Request]:
        """Return the class of a stored request; raises Refused if the spider does not know it."""
        if name in _PLAIN_CLASSES:
            return Request
        module, _, last = name.rpartition(".")
        try:
            found = classes_of(self._spider).named(f"{module}:{last}")
        except (LookupError, ValueError):
            found = None
        if found is None or not issubclass(found, Request):
            raise Refused(f"a {name} cannot be rebuilt from data")
        return found

    def _method(self, role: str, name: object) -> Any:
        try:  # whoever can write to Redis could name any method
            return method_of(self._spider, str(name), shared=True)
        except (ValueError, AttributeError, LookupError):
            raise Refused(
                f"its {role} {name!r} is not a callback of the spider {self._spider.name!r}"
            ) from None

    def _in_queue(self, entry: Entry) -> Entry:
        """Name the queue as the scheduler does."""
        return replace(entry, site=registrable_domain(entry.site)) if self._by_domain else entry


def decode(payload: bytes, *, trust_pickle: bool = False) -> dict[str, Any]:
    """Return the stored request in ``payload``, in the form of ``Request.to_dict()``.

    trust_pickle: whether a pickle may import and call what it names. If so, whoever can write to
        Redis can run code here.

    Raises Refused.
    """
    try:
        if payload.lstrip()[:1] == b"{":
            stored: object = json.loads(payload)
        elif trust_pickle:
            stored = pickle.loads(payload)  # noqa: S301 - the user asked for it
        else:
            stored = pickle_reader.loads(payload)
    except pickle_reader.NotPlain as exc:
        raise Refused(f"{exc}; --trust-pickle would let it run") from None
    except Exception as exc:  # noqa: BLE001 - a trusted pickle may raise anything
        raise Refused(f"it cannot be decoded: {type(exc).__name__}: {str(exc)[:100]}") from None
    if not isinstance(stored, dict) or not isinstance(stored.get("url"), str):
        raise Refused("it is not a request: not a dict with a url")
    return stored
