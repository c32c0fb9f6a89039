"""Takes away from a copy of a request what middlewares gave the request on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.scheduling.classes import classes_of
from crawlproj.scheduling.values import NotPlain, storable

if TYPE_CHECKING:
    from scrapy import Request, Spider


def without_given(request: Request, page: Request, spider: Spider, *, seen: bool) -> Request | None:
    """Return ``request`` without what ``page`` was given on its way and cannot be stored.

    Middlewares give a callback objects (scrapy-poet its page objects) and put some into ``meta``
    (a session). A redirect copies them, and a retry from the callback; middlewares give them to
    the copy, too. ``page`` came from a frontier, so what cannot be stored was given since.

    seen: whether the callback was called, which may have put something into ``meta``: that stays,
    and so do the arguments of another callback. Returns None if nothing is left out.
    """
    if request.callback != page.callback:
        return None
    arguments = _own(request.cb_kwargs, page.cb_kwargs, spider)
    meta = request.meta if seen else _own(request.meta, page.meta, spider)
    if len(arguments) == len(request.cb_kwargs) and len(meta) == len(request.meta):
        return None
    return request.replace(cb_kwargs=arguments, meta=meta)


def _own(carried: dict[str, Any], given: dict[str, Any], spider: Spider) -> dict[str, Any]:
    return {
        name: value
        for name, value in carried.items()
        if given.get(name) is not value or _is_storable(value, spider)
    }


def _is_storable(value: Any, spider: Spider) -> bool:
    try:
        storable(value, classes_of(spider))
    except (NotPlain, RecursionError):
        return False
    return True
