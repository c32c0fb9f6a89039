"""Item loaders as what they have collected, without the page that they read, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itemloaders import ItemLoader

if TYPE_CHECKING:
    from collections.abc import Mapping

# A page is too large to be stored once more with each of its links. Callbacks give the loader
# the page that they were called with, or only add values.
_OF_THE_PAGE = ("selector", "response")
_OF_THE_PROCESS = ("stats",)
_ITEM, _CONTEXT = "_local_item", "context"


def is_loader(kind: type) -> bool:
    """Whether objects of this class are item loaders."""
    return issubclass(kind, ItemLoader)


def without_page(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a loader as if it had been made without a page."""
    kept = _cleared(state)
    if isinstance(context := kept.get(_CONTEXT), dict):
        kept[_CONTEXT] = {name: part for name, part in _cleared(context).items() if name != "item"}
    return kept


def with_item(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``without_page`` did, with the item where processors look for it, too.

    Raises TypeError if ``state`` is not that of an item loader.
    """
    context = state.get(_CONTEXT)
    if not isinstance(context, dict):
        raise TypeError("an item loader has a context")
    return {**state, _CONTEXT: {**context, "item": state[_ITEM]}}


def _cleared(named: Mapping[str, Any]) -> dict[str, Any]:
    gone = dict.fromkeys((*_OF_THE_PAGE, *_OF_THE_PROCESS))
    return {name: gone.get(name, part) for name, part in named.items()}
