"""Changes of a tree that are undone: what reads it next finds the page as it was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crawlproj.content.tree import Element


class ReadAs:  # a generator takes twice as long, and each page comes here
    """Gives the elements other names for a while."""

    def __init__(self, renamed: Mapping[Element, str]) -> None:
        self._renamed = renamed

    def __enter__(self) -> None:
        self._before = [(element, element.tag) for element in self._renamed]
        for element, name in self._renamed.items():
            element.tag = name

    def __exit__(self, *_: object) -> None:
        for element, name in self._before:
            element.tag = name


class Without:
    """Takes ``elements`` out of their tree for a while."""

    def __init__(self, elements: Iterable[Element]) -> None:
        self._elements = elements
        self._places: list[tuple[Element, Any, Any]] = []  # with its parent and its next sibling

    def __enter__(self) -> None:
        for element in self._elements:
            if element.parent is not None:  # it may be there twice
                self._places.append((element, element.parent, element.next_sibling))
                element.extract()

    def __exit__(self, *_: object) -> None:
        for element, parent, after in reversed(self._places):
            if after is None:
                parent.append(element)
            else:
                after.insert_before(element)


@contextmanager
def with_attribute(name: str, values: Mapping[Element, str | None]) -> Iterator[None]:
    """Give the elements other values of an attribute for a while; None takes it away."""
    before = [(element, element.attr(name)) for element in values]
    _set(name, values.items())
    try:
        yield
    finally:
        _set(name, before)


def _set(name: str, values: Iterable[tuple[Element, str | None]]) -> None:
    for element, value in values:
        if value is None:
            element.attrs.pop(name, None)
        else:
            element.attrs[name] = value
