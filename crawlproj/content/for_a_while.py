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
def with_attribute(name: str, values: Mapping[Element, str]) -> Iterator[None]:
    """Give the elements other values of an attribute for a while."""
    before = [(element, element.attr(name)) for element in values]
    for element, value in values.items():
        element.attrs[name] = value
    try:
        yield
    finally:
        for element, earlier in before:
            if earlier is None:
                del element.attrs[name]
            else:
                element.attrs[name] = earlier
