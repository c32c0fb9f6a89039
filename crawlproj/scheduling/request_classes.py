"""Requests of classes derived from ``scrapy.Request``, such as those of plugins, and back.

Beside what every request has, such a request is an object of its class with attributes of its own.
It is stored and rebuilt like other objects, so that none of the class's code runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.scheduling.objects import built, is_state, slots_of, state_of
from crawlproj.scheduling.values import NotPlain, storable

if TYPE_CHECKING:
    from crawlproj.scheduling.classes import Classes

_OF_ALL = frozenset(slots_of(Request))


def own_part(request: Request, classes: Classes) -> Any:
    """Return the class of a request and its own attributes, in JSON's types. Raises NotPlain."""
    kind = type(request)
    if not is_state(kind):
        raise NotPlain(f"a {kind.__name__}, which is more than its attributes; use scrapy.Request")
    own = {name: value for name, value in state_of(request).items() if name not in _OF_ALL}
    return storable(built(kind, own), classes)


def with_own_part(request: Request, own: Any) -> Request:
    """Return ``request`` as one of the class of ``own``, which ``own_part`` gave, restored.

    Raises ValueError if it did not.
    """
    if not isinstance(own, Request) or not _OF_ALL.isdisjoint(state_of(own)):
        raise ValueError(f"a {type(own).__name__} is not the own part of a request")
    for name, value in state_of(request).items():
        object.__setattr__(own, name, value)
    return own
