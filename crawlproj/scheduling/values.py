"""What ``meta`` and ``cb_kwargs`` hold, in JSON's types, and back.

A value that JSON has no type for is a dict of one tag:

tag: what follows it
__bytes__: base64
__tuple__, __set__, __frozenset__: its parts
__dict__, __ordered__, __counter__: pairs of key and value, if a key is not a string or is a tag
__default__: the name of its factory and its pairs
__named__: the name of a class of named tuples, and the parts
__enum__: the name of a class and of its member
__object__: the name of a class (see Classes), and the attributes

``scalars`` has those that are text.
"""

from __future__ import annotations

import base64
from collections import Counter, OrderedDict, defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Any

from crawlproj.scheduling.loaders import is_loader, with_item, without_page
from crawlproj.scheduling.objects import built, is_state, is_whole, state_of
from crawlproj.scheduling.scalars import TAGS, TEXTUAL, tagged, untagged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawlproj.scheduling.classes import Classes

_BYTES, _DEFAULT = "__bytes__", "__default__"
_NAMED, _ENUM, _OBJECT = "__named__", "__enum__", "__object__"
_JSON = frozenset({str, int, bool, float, type(None)})
_PARTS: dict[type, str] = {tuple: "__tuple__", set: "__set__", frozenset: "__frozenset__"}
_PAIRS: dict[type, str] = {dict: "__dict__", OrderedDict: "__ordered__", Counter: "__counter__"}
_WITH_PARTS: dict[str, Callable[[Any], Any]] = {tag: kind for kind, tag in _PARTS.items()}
_WITH_PAIRS: dict[str, Callable[[Any], Any]] = {tag: kind for kind, tag in _PAIRS.items()}
_FACTORIES: dict[str, Any] = {made.__name__: made for made in (list, dict, set, int, float, str)}
_ALL_TAGS = TAGS | {_BYTES, _DEFAULT, _NAMED, _ENUM, _OBJECT} | {*_WITH_PARTS, *_WITH_PAIRS}
MARK = b'"__'
"""How every tag begins in JSON; a text that may begin so, too."""
FIXED = (str, bytes, int, float, Enum, type(None), *TEXTUAL)
"""Types whose values nobody can change."""


class NotPlain(ValueError):
    """A value cannot be stored; the message says of what class it is, and what to change."""


def storable(value: Any, classes: Classes) -> Any:
    """Return ``value`` in JSON's types. Raises NotPlain, and RecursionError for one in itself."""
    kind = type(value)
    if kind in _JSON:
        return value
    if kind is list:
        return [storable(part, classes) for part in value]
    if kind is dict and _ALL_TAGS.isdisjoint(value) and all(type(name) is str for name in value):
        return {name: storable(part, classes) for name, part in value.items()}
    if isinstance(value, Enum):  # which may also be text or a number
        return _member(value, classes)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    if kind in _PARTS:
        return {_PARTS[kind]: [storable(part, classes) for part in value]}
    if kind in _PAIRS:
        return {_PAIRS[kind]: _pairs(value, classes)}
    if (scalar := tagged(value)) is not None:
        return scalar
    return _of_class(value, classes)


def _of_class(value: Any, classes: Classes) -> dict[str, Any]:
    kind = type(value)
    if kind is defaultdict:
        factory = getattr(value.default_factory, "__name__", "")
        if _FACTORIES.get(factory) is value.default_factory:
            return {_DEFAULT: [factory, _pairs(value, classes)]}
    elif issubclass(kind, tuple) and hasattr(kind, "_fields") and not state_of(value):
        parts = [storable(part, classes) for part in value]
        return {_NAMED: [_name(value, classes), parts]}
    elif is_state(kind) and is_whole(value):
        name = _name(value, classes)
        state = without_page(state_of(value)) if is_loader(kind) else state_of(value)
        return {_OBJECT: [name, {each: storable(part, classes) for each, part in state.items()}]}
    raise NotPlain(
        f"a {kind.__name__}, which is not plain data; use text, numbers, dates, bytes, "
        "collections, enums, items, item loaders and dataclasses"
    )


def _pairs(value: Mapping[Any, Any], classes: Classes) -> list[list[Any]]:
    return [[storable(each, classes) for each in pair] for pair in value.items()]


def _member(value: Enum, classes: Classes) -> dict[str, Any]:
    if type(value).__members__.get(value.name) is value:  # and no combination of flags
        return {_ENUM: [_name(value, classes), value.name]}
    raise NotPlain(f"{value!r}, which has no name")


def _name(value: Any, classes: Classes) -> str:
    try:
        return classes.name_of(type(value))
    except (LookupError, ValueError) as exc:
        raise NotPlain(
            f"a {type(value).__name__}, whose class a later process would not find: {exc}; define "
            "it at the top level of a module, and import it at the top of the spider's"
        ) from None


def restored(value: Any, classes: Classes) -> Any:
    """Return what ``storable`` was given.

    Raises ValueError, TypeError, LookupError or AttributeError if nobody gave it that.
    """
    if isinstance(value, list):
        return [restored(part, classes) for part in value]
    if isinstance(value, dict):
        return _restored_mapping(value, classes)
    return value


def _restored_mapping(value: Mapping[str, Any], classes: Classes) -> Any:
    if len(value) == 1:
        ((tag, held),) = value.items()
        if tag in _ALL_TAGS:
            return _restored_tag(tag, held, classes)
    return {name: restored(part, classes) for name, part in value.items()}


def _restored_tag(tag: str, held: Any, classes: Classes) -> Any:
    if tag in TAGS:
        return untagged(tag, held)
    if tag == _BYTES:
        return base64.b64decode(held, validate=True)
    if tag in _WITH_PARTS:
        return _WITH_PARTS[tag](restored(part, classes) for part in held)
    if tag in _WITH_PAIRS:
        return _WITH_PAIRS[tag](dict(restored(held, classes)))  # a Counter would count pairs
    name, inner = held
    if tag == _DEFAULT:
        return defaultdict(_FACTORIES[name], restored(inner, classes))
    return _restored_object(tag, classes.named(name), inner, classes)


def _restored_object(tag: str, kind: type[Any], held: Any, classes: Classes) -> Any:
    if tag == _ENUM and issubclass(kind, Enum):
        return kind.__members__[held]
    if tag == _NAMED and issubclass(kind, tuple):
        return tuple.__new__(kind, restored(held, classes))
    if tag == _OBJECT and is_state(kind):
        state = {name: restored(part, classes) for name, part in held.items()}
        return built(kind, with_item(state) if is_loader(kind) else state)
    raise ValueError(f"{kind.__name__} has no {tag}")
