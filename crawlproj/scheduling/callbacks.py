"""Callbacks as names of the spider's methods, and back."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from scrapy import Spider

if TYPE_CHECKING:
    from collections.abc import Callable

# What Scrapy's own spiders have as callbacks. Their other methods set a spider up.
_SCRAPYS = frozenset(
    {"parse", "_parse", "parse_with_rules", "_callback", "_errback", "_parse_sitemap"}
)


def name_of(function: Callable[..., Any], spider: Spider, *, public: bool) -> str:
    """Return the name of a callback, from which ``method_of`` finds it again.

    public: whether ``method_of`` will require that it is public.

    Raises ValueError if it is not a method of the spider.
    """
    stored = _found(function, spider)
    if public and not _is_public(spider, stored):
        raise ValueError(
            f"{stored!r} is a private method, which workers that share a frontier do not call, "
            "because others may write to it; name it without an underscore"
        )
    return stored


def method_of(spider: Spider, stored: str, *, public: bool) -> Callable[..., Any]:
    """Return the method that ``name_of`` named.

    public: whether it must be a public method of the spider's own class, because the name may come
        from someone else. Scrapy's own spiders have callbacks of their own.

    Raises ValueError, AttributeError or KeyError if there is none.
    """
    if public and not _is_public(spider, stored):
        raise ValueError(f"{stored!r} is not a public method of the spider {spider.name!r}")
    owner_name, _, name = stored.rpartition(".")
    if not owner_name:
        method = getattr(spider, name)
    else:
        owners = {_name_of(owner): owner for owner in type(spider).__mro__}
        method = vars(owners[owner_name])[name].__get__(spider)
    if not callable(method):
        raise ValueError(f"{stored!r} is not a method of the spider {spider.name!r}")
    return method  # type: ignore[no-any-return]


def _found(function: Callable[..., Any], spider: Spider) -> str:
    name = getattr(function, "__name__", "")
    # A name that the spider's __init__ set may mean another function in the next run.
    if name not in vars(spider) and getattr(spider, name, None) == function:
        return name
    if isinstance(function, MethodType) and function.__self__ is spider:
        for owner in type(spider).__mro__:
            for name, attribute in vars(owner).items():
                if attribute is not function.__func__:
                    continue
                if name not in vars(spider) and getattr(spider, name) == function:
                    return name
                return f"{_name_of(owner)}.{name}"  # super().name
    raise ValueError(f"{function!r} is not a method of the spider; make it one")


def _is_public(spider: Spider, stored: str) -> bool:
    """Whether ``stored`` names a function of the spider's class that is meant for responses."""
    owner_name, _, name = stored.rpartition(".")
    for owner in type(spider).__mro__:
        if owner_name in {"", _name_of(owner)} and name in vars(owner):
            if not isinstance(vars(owner)[name], FunctionType | staticmethod):
                return False  # a classmethod, a property, a class
            return name in _SCRAPYS or not (name.startswith("_") or hasattr(Spider, name))
    return False


def _name_of(owner: type) -> str:
    return f"{owner.__module__}.{owner.__qualname__}"
