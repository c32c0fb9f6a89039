"""Callbacks as names, and back.

A callback is a method of the spider. If only this process's user can write to the frontier, it may
also be a function of the spider's package, or a method of an object that the spider has. If others
can, it is one that the spider's own classes define, and not one that sets a spider up.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from scrapy import Spider

from crawlproj.scheduling.classes import classes_of

if TYPE_CHECKING:
    from collections.abc import Callable

# The callbacks of Scrapy's own spiders. Their other methods set a spider up.
_SCRAPYS = frozenset(
    {"parse", "_parse", "parse_with_rules", "_callback", "_errback", "_parse_sitemap"}
)
# Packages whose spiders have methods that no page is meant for; of those of the former two, the
# ones above are all that are.
_OTHERS = frozenset({"scrapy", "scrapy_redis"})
_FRAMEWORKS = _OTHERS | {"crawlproj"}
_OF_HELPER = "->"  # between the attribute of the spider and the method of the object in it


def name_of(function: Callable[..., Any], spider: Spider, *, shared: bool) -> str:
    """Return the name of a callback, from which ``method_of`` finds it again.

    shared: as ``method_of`` will be called.

    Raises ValueError if it cannot be found again.
    """
    stored = _found(function, spider)
    if stored is None and not shared:
        stored = _of_helper(function, spider) or _of_package(function, spider)
    if stored is None:
        # Without its address, by which each lambda would be a reason of its own.
        name = getattr(function, "__qualname__", type(function).__name__)
        raise ValueError(
            f"{name} is not a method of the spider; make it one, and pass values in cb_kwargs"
        )
    if shared and not _is_for_pages(spider, stored):
        raise ValueError(
            f"{stored!r} is not a method that was written for pages; workers that share a frontier "
            "call no other, because others may write to it; let a method of your own call it"
        )
    return stored


def method_of(spider: Spider, stored: str, *, shared: bool) -> Callable[..., Any]:
    """Return the callback that ``name_of`` named.

    shared: whether the name may come from someone else. It is then that of a method of the spider's
        own classes, private or not, or of a callback of Scrapy's spiders.

    Raises ValueError, AttributeError or LookupError if there is none.
    """
    if shared and not _is_for_pages(spider, stored):
        raise ValueError(f"{stored!r} is not a callback of the spider {spider.name!r}")
    if ":" in stored:
        return classes_of(spider).function(stored)
    helper, _, name = stored.rpartition(_OF_HELPER)
    owner_name, _, name = name.rpartition(".")
    if helper:
        method = getattr(vars(spider)[helper], name)
    elif not owner_name:
        method = getattr(spider, name)
    else:
        owners = {_name_of(owner): owner for owner in type(spider).__mro__}
        method = vars(owners[owner_name])[name].__get__(spider)
    if not callable(method):
        raise ValueError(f"{stored!r} is not a method of the spider {spider.name!r}")
    return method  # type: ignore[no-any-return]


def _found(function: Callable[..., Any], spider: Spider) -> str | None:
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
    return None


def _of_helper(function: Callable[..., Any], spider: Spider) -> str | None:
    """Return the name of a method of an object that the spider's ``__init__`` keeps."""
    if isinstance(function, MethodType):
        for attribute, value in vars(spider).items():
            name = function.__name__
            if value is function.__self__ and getattr(value, name, None) == function:
                return f"{attribute}{_OF_HELPER}{name}"
    return None


def _of_package(function: Callable[..., Any], spider: Spider) -> str | None:
    """Return the name of a function that a module of the spider's package defines."""
    try:
        return classes_of(spider).name_of(function)
    except LookupError:
        return None


def _is_for_pages(spider: Spider, stored: str) -> bool:
    """Whether ``stored`` names a function of the spider's classes that may be meant for pages."""
    owner_name, _, name = stored.rpartition(".")
    having = [owner for owner in type(spider).__mro__ if name in vars(owner)]
    owner = next((each for each in having if owner_name in {"", _name_of(each)}), None)
    if owner is None or not isinstance(vars(owner)[name], FunctionType | staticmethod):
        return False  # a classmethod, a property, a class
    if name in _SCRAPYS:
        return True
    if name.startswith("_"):
        return not (name.startswith("__") or _FRAMEWORKS.intersection(map(_package_of, having)))
    return not hasattr(Spider, name) and _package_of(owner) not in _OTHERS


def _package_of(owner: type) -> str:
    return owner.__module__.partition(".")[0]


def _name_of(owner: type) -> str:
    return f"{owner.__module__}.{owner.__qualname__}"
