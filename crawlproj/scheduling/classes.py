"""Finds classes and functions again by name, among those that a spider knows, and imports nothing.

Others may have written what is stored. So a name in it leads to a class only if the spider's own
code could have made such an object.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from types import FunctionType
from typing import Any

from itemloaders import ItemLoader
from scrapy import Item, Request, Spider

from crawlproj.bounded import put
from crawlproj.scheduling.objects import has_fields


class Classes:
    """The classes whose objects a spider's requests may carry.

    These are items, item loaders, requests, classes of the spider's package and of the modules that
    its spider classes are in, names that those modules import, and what is in the package of an
    imported class with declared fields. Only modules that are loaded when this is made count,
    because the next process would not have loaded others by then.
    """

    def __init__(self, spider_class: type[Spider]) -> None:
        self._loaded = frozenset(sys.modules)
        modules = {owner.__module__ for owner in spider_class.__mro__ if _is_own(owner)}
        self._named = {
            value
            for module in modules & self._loaded
            for value in list(vars(sys.modules[module]).values())
            if isinstance(value, type)
        }
        self._own = {_package(module) for module in modules}
        imported = {_package(each.__module__) for each in self._named if has_fields(each)}
        self._packages = self._own | imported

    def name_of(self, found: Any) -> str:
        """Return the name by which ``named`` or ``function`` finds a class or function.

        Raises LookupError if they do not.
        """
        name = _name(found) if isinstance(found, type | FunctionType) else ""
        named = self.named if isinstance(found, type) else self.function
        if named(name) is not found:
            raise LookupError(f"{name!r} is the name of another object")
        return name

    def named(self, name: str) -> type[Any]:
        """Return the class that ``name_of`` named. Raises LookupError or ValueError."""
        found = self._value(name)
        if not isinstance(found, type) or _name(found) != name or not self._knows(found):
            raise LookupError(f"{name!r} is not a class that the spider knows")
        return found

    def function(self, name: str) -> FunctionType:
        """Return the function of the spider's package that ``name_of`` named.

        Raises LookupError.
        """
        found = self._value(name)
        if not isinstance(found, FunctionType) or _name(found) != name or not self._owns(found):
            raise LookupError(f"{name!r} is not a function of the spider's package")
        return found

    def _value(self, name: str) -> Any:
        module, _, path = name.partition(":")
        if module not in self._loaded:
            raise LookupError(f"{module!r} is not loaded when the crawl starts")
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = vars(found)[part] if hasattr(found, "__dict__") else None
        return found

    def _owns(self, found: type | FunctionType) -> bool:
        return _package(found.__module__) in self._own

    def _knows(self, found: type) -> bool:
        in_package = _package(found.__module__) in self._packages
        return in_package or found in self._named or issubclass(found, Item | ItemLoader | Request)


_known: OrderedDict[type[Spider], Classes] = OrderedDict()


def classes_of(spider: Spider) -> Classes:
    """Return the classes that a spider knows; those of the first call for its class."""
    found = _known.get(type(spider))
    return found or put(_known, type(spider), Classes(type(spider)), most=64)


def _is_own(owner: type) -> bool:
    return issubclass(owner, Spider) and _package(owner.__module__) != "scrapy"


def _name(found: type | FunctionType) -> str:
    return f"{found.__module__}:{found.__qualname__}"


def _package(module: str) -> str:
    return module.partition(".")[0]
