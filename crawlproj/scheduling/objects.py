"""Objects as what their attributes hold, and back: items, dataclasses and classes like them.

None of a class's own code runs when an object is rebuilt: neither ``__init__``, nor
``__post_init__``, ``__setattr__`` or ``__setstate__``.
"""

from __future__ import annotations

import copyreg
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_STATE = frozenset({"__dict__", "__weakref__"})
# The first makes an object; the second also counts it, of Scrapy's own classes.
_MAKERS = (object.__new__, object_ref.__new__)
_COPYING = ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")


def has_fields(kind: Any) -> bool:
    """Whether a class declares its fields: a dataclass, one of attrs, or a model of pydantic."""
    names = ("__attrs_attrs__", "__pydantic_fields__")
    return is_dataclass(kind) or any(hasattr(kind, name) for name in names)


def is_state(kind: Any) -> bool:
    """Whether the attributes of an object of this class are all there is to it.

    A class that tidies up after its objects has more, and so has one that says how to copy them,
    unless that was generated with its fields.
    """
    if kind.__new__ not in _MAKERS or hasattr(kind, "__del__"):
        return False
    as_all = (getattr(kind, name, None) is getattr(object, name, None) for name in _COPYING)
    return has_fields(kind) or all(as_all)


def is_whole(value: Any) -> bool:
    """Whether nothing of an object is hidden from Python, as in a lock or a compiled pattern."""
    try:
        object.__reduce_ex__(value, 2)  # which only looks at the object, and knows what C hides
    except TypeError:
        return False
    return type(value) not in copyreg.dispatch_table


def state_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object itself, without those of its class."""
    state = dict(getattr(value, "__dict__", {}))
    for name in slots_of(type(value)):
        if hasattr(value, name):
            state[name] = getattr(value, name)
    return state


def built(kind: Any, state: Mapping[str, Any]) -> Any:
    """Return an object of this class with these attributes. Raises AttributeError, TypeError."""
    value = kind.__new__(kind)
    slots = frozenset(slots_of(kind))
    for name, part in state.items():
        if name in slots:
            object.__setattr__(value, name, part)
        else:  # not by setattr, which runs the setter of a property with that name
            value.__dict__[name] = part
    return value


def slots_of(kind: type) -> Iterator[str]:
    """Yield the names under which objects of a class have slots."""
    for owner in kind.__mro__:
        slots = vars(owner).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                yield f"_{owner.__name__.lstrip('_')}{name}"
            elif name not in _NOT_STATE:
                yield name
