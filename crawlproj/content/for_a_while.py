"""Changes of a tree that are undone: what reads it next finds the page as it was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawlproj.content.tree import Element


@contextmanager
def read_as(renamed: Mapping[Element, str]) -> Iterator[None]:
    """Give the elements other names for a while."""
    before = [(element, element.tag) for element in renamed]
    for element, name in renamed.items():
        element.tag = name
    try:
        yield
    finally:
        for element, name in before:
            element.tag = name


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
