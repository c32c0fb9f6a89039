"""Which attributes of a page's elements hold links, by the arguments of a link extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml.etree import XPath, XPathSyntaxError
from parsel.csstranslator import HTMLTranslator
from scrapy.utils.misc import rel_has_nofollow

from crawlproj.content.srcset import largest_in
from crawlproj.content.tree import Element, reads_css
from crawlproj.errors import ConfigError
from crawlproj.links.filters import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from scrapy.http import TextResponse

    from crawlproj.content.tree import Tree

_TEXT = XPath("string()")


class LinkElements:
    """Finds the elements with links; false if none can have one.

    tags, attrs, deny_tags, deny_attrs, restrict_css, restrict_xpaths: as for ``LinkExtractor``.
    nofollow: whether elements with rel=nofollow are left out.

    Raises ConfigError naming the first selector that is not valid.
    """

    def __init__(
        self,
        tags: str | Iterable[str],
        attrs: str | Iterable[str],
        deny_tags: str | Iterable[str],
        deny_attrs: str | Iterable[str],
        restrict_css: str | Iterable[str],
        restrict_xpaths: str | Iterable[str],
        *,
        nofollow: bool,
    ) -> None:
        self._deny_tags = frozenset(listed(deny_tags))
        self._tags = frozenset(listed(tags)) - self._deny_tags
        self._deny_attrs = frozenset(listed(deny_attrs))
        self._attrs = frozenset(listed(attrs)) - self._deny_attrs
        self._selectors = tuple(
            (attr, tag if attr == "*" else f"{tag}[{attr}]")
            for tag in sorted(self._tags)
            for attr in sorted(self._attrs)
        )
        self._selector = ",".join(selector for _, selector in self._selectors)
        if self._selector and not reads_css(self._selector):
            raise ConfigError(
                f"tags={tags!r} and attrs={attrs!r} must be names of HTML elements and attributes, "
                "or '*'"
            )
        self._css = tuple(css for css in listed(restrict_css) if reads_css(css))
        self._xpaths = (
            *listed(restrict_xpaths),
            *(
                HTMLTranslator().css_to_xpath(css)
                for css in listed(restrict_css)
                if css not in self._css
            ),
        )
        for xpath in self._xpaths:
            _check_xpath(xpath)
        self._nofollow = nofollow

    def __bool__(self) -> bool:
        return bool(self._selector)

    def links_in(self, response: TextResponse, tree: Tree, *, first: bool) -> list[tuple[str, Any]]:
        """Return each attribute of ``tree`` that may be a link, and its element.

        first: whether it is the first part of the page, or the whole.
        """
        found, names = self._elements(response, tree, first=first)
        elements = self._followed(found, tree)
        if self._xpaths or self._attrs & {"*", "srcset"}:
            return [
                (value, each)
                for each in elements
                for name in self._names(each)
                if (value := _link_in(each, name)) is not None
            ]
        # The usual case: every element is the parser's, and every name is known.
        return [
            (value, each)
            for each in elements
            for name in names
            if (value := each.attr(name)) is not None
        ]

    def _followed(self, elements: list[Any], tree: Tree) -> list[Any]:
        """Return the elements without those that ask not to be followed."""
        if not self._nofollow:
            return elements
        if self._xpaths:
            return [each for each in elements if not rel_has_nofollow(attribute_of(each, "rel"))]
        left_out = {
            element
            for tag in self._tags
            for element in tree.select(f"{tag}[rel]")
            if rel_has_nofollow(element.attr("rel"))
        }
        return [each for each in elements if each not in left_out] if left_out else elements

    def _elements(
        self, response: TextResponse, tree: Tree, *, first: bool
    ) -> tuple[list[Any], Collection[str]]:
        """Return the elements that may hold links, and the attributes that do.

        The elements are lxml's if an XPath is given, because Scrapy's functions and namespaces hold
        for it; those of the whole page come with its ``first`` part.
        """
        if not self._xpaths and not self._css:
            return self._in(tree)
        elements: list[Any] = []
        for xpath in self._xpaths if first else ():
            for selected in response.xpath(xpath):
                elements += self._in_lxml(selected.root)
        for region in tree.select(",".join(self._css)) if self._css else ():
            if region.matches(self._selector) and region.tag not in self._deny_tags:
                elements.append(region)
            elements += self._in(region)[0]
        return elements, self._attrs

    def _in(self, root: Tree | Element) -> tuple[list[Any], Collection[str]]:
        # The parser finds the elements of one name at once, and searches the tree for several.
        lists = [(attr, found) for attr, css in self._selectors if (found := root.select(css))]
        names: Collection[str] = self._attrs
        if len(lists) == 1:
            names, elements = (lists[0][0],), lists[0][1]
        else:
            elements = root.select(self._selector) if lists else []
        if self._deny_tags:
            elements = [element for element in elements if element.tag not in self._deny_tags]
        return elements, names

    def _in_lxml(self, root: Any) -> list[Any]:
        every = "*" in self._tags
        return [
            element
            for element in (root.iter("*") if hasattr(root, "iter") else ())
            if (every or element.tag in self._tags) and element.tag not in self._deny_tags
        ]

    def _names(self, element: Any) -> Iterable[str]:
        if "*" not in self._attrs:
            return self._attrs
        every = element.attrs if isinstance(element, Element) else element.attrib
        return [name for name in every if name not in self._deny_attrs]


def attribute_of(element: Any, name: str) -> str | None:
    """Return an attribute of an element, the parser's or lxml's."""
    return element.attr(name) if isinstance(element, Element) else element.get(name)


def _link_in(element: Any, name: str) -> str | None:
    """Return the link in an attribute; of a srcset, that to the largest image.

    So it is with those that a script makes a srcset late, such as "data-srcset".
    """
    value = attribute_of(element, name)
    return largest_in(value) if value and name.endswith("srcset") else value


def text_of(element: Any) -> str:
    """Return the text in an element, the parser's or lxml's."""
    return element.text if isinstance(element, Element) else str(_TEXT(element))


def _check_xpath(xpath: str) -> None:
    try:
        XPath(xpath)
    except XPathSyntaxError as error:
        raise ConfigError(f"restrict_xpaths={xpath!r} is not a valid XPath: {error}") from None
