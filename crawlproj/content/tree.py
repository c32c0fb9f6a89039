"""From bytes to a tree. Only this module, text.py and streamed.py know the HTML parser.

turbohtml follows the HTML Standard in tree construction and in encodings (byte order mark, labels,
<meta> prescan). It takes linear time where others take quadratic: 100,000 nested elements cost
about 10 ms. Below is what it does not do by itself: XHTML, shadow trees, and links in SVG of the
older form.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape
from typing import Any

import turbohtml
from turbohtml import HTMLParseError, SelectorSyntaxError, parse, parse_xml

from crawlproj.content.streamed import put_in_place
from crawlproj.content.xml_declaration import declared_encoding, utf_16_declaration

Tree = turbohtml.Document
Element = turbohtml.Element
Text = turbohtml.Text

_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16le", b"\xfe\xff": "utf-16be"}
_META_ENCODING = 'meta[charset], meta[http-equiv="content-type" i][content*="charset" i]'
_HTML_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]*;")
# Character data outside of scripts and style sheets, which in HTML would be a comment.
_CDATA = re.compile(
    r"<(script|style)\b[^<>]*+(?<!/)>.*?(?:</\1|\Z)|<!\[CDATA\[(.*?)(?:\]\]>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_EMPTY = parse("")
# Shadow trees are read as templates, because the parser hides closed ones.
_PARSING: Any = {"positions": False, "allow_declarative_shadow_roots": False}
_SHADOWS = "template[shadowrootmode=open i], template[shadowrootmode=closed i]"
# Elements that may have a shadow tree, beside custom ones. Source: DOM Standard, "valid shadow host
# name".
_HOSTS = frozenset(
    (
        *("article", "aside", "blockquote", "body", "div", "footer", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "main", "nav", "p", "section", "span"),
    )
)
_SHOWS_ENCODING = 1024 * 1024  # bytes


def tree_of(body: bytes, label: str = "", *, xhtml: bool = False) -> Tree:
    """Return the tree of a page.

    label: the encoding that the header declares, or "". Unknown labels are ignored. A byte order
        mark wins; without either, <meta> decides, else what the bytes look like.
    xhtml: read it as XML; if it is not well-formed, as HTML, where a browser would give up.
    """
    if xhtml:
        body = html_of_xml(body, label)
        label = "utf-8"
    tree = _without_templates(_parsed(body, label))
    if tree.select("svg"):
        for link in tree.select(r"a[xlink\:href]:not([href])"):
            if link.namespace.value == "svg":
                link.attrs["href"] = link.attr("xlink:href") or ""
    return tree


def _without_templates(tree: Tree) -> Tree:
    """Return ``tree`` with its declarative shadow trees, and without other templates."""
    # Not find(): the first select() makes the index of names that all others use.
    if not tree.select("template"):  # as on nearly all pages
        return tree
    put_in_place(tree)
    shadows = _shadows_in(tree)
    for shadow in shadows:
        shadow.unwrap()  # declarative shadow trees are shown
    tree.remove("template")  # only a script would show the others
    # Again, because the parser goes on treating hosts of shadow trees as if they had them.
    return _parsed(tree.encode("utf-8"), "utf-8") if shadows else tree


def _shadows_in(tree: Tree) -> list[Element]:
    """Return the templates that are shadow trees: the first of each element that may have one."""
    found: dict[Element, Element] = {}
    for shadow in tree.select(_SHADOWS):
        host = shadow.parent
        if isinstance(host, Element) and (host.tag in _HOSTS or "-" in host.tag):
            found.setdefault(host, shadow)
    return list(found.values())


def encoding_in(body: bytes) -> str | None:
    """Return the encoding of a page whose header declares none, or None if nothing shows it."""
    return _parsed(body[:_SHOWS_ENCODING], "").encoding


@lru_cache(maxsize=64)
def encoding_of(label: str) -> str | None:
    """Return the standard name of an encoding, or None if no browser knows ``label``."""
    try:
        return parse(b"", encoding=label).encoding
    except LookupError:
        return None


def reads_css(selector: str) -> bool:
    """Whether the parser understands a CSS selector."""
    try:
        _EMPTY.select(selector)
    except SelectorSyntaxError:
        return False
    return True


def _parsed(body: bytes, label: str) -> Tree:
    for encoding in (label, utf_16_declaration(body)):
        if encoding:
            try:
                return parse(body, encoding=encoding, **_PARSING)
            except LookupError:
                pass
    tree = parse(body, detect_encoding=True, **_PARSING)
    declared = encoding_of(declared_encoding(body))
    if declared in {None, tree.encoding} or tree.select(_META_ENCODING):
        return tree
    return parse(body, encoding=declared, **_PARSING)


def html_of_xml(body: bytes, label: str) -> bytes:
    """Return a well-formed XHTML page as HTML in UTF-8, so that all else is the same for both."""
    text = _decoded_xml(body, label)
    xml = _CDATA.sub(_as_text, text)
    # The names of HTML's characters are in its DTD, which browsers know and the parser does not.
    for candidate in (xml, _HTML_ENTITY.sub(lambda found: unescape(found[0]), xml)):
        try:
            return _as_html(parse_xml(candidate)).encode("utf-8", "replace")
        except HTMLParseError:
            pass
    return text.encode("utf-8", "replace")


def _as_html(page: Tree) -> str:
    prefix, colon, _ = page.root.tag.partition(":") if page.root is not None else ("", "", "")
    for element in page.select("*") if colon else ():  # <h:html> has <h:a>
        element.tag = element.tag.removeprefix(prefix + colon)
    return page.html


def _as_text(data: re.Match[str]) -> str:
    return data[0] if data[1] else escape(data[2], quote=False)


def _decoded_xml(body: bytes, label: str) -> str:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    encoding = (
        encoding_of(label)
        or utf_16_declaration(body)
        or encoding_of(declared_encoding(body))
        or "utf-8"
    )
    if encoding.lower().startswith("utf-"):
        return body.decode(encoding, "replace")
    # The parser decodes, because Python lacks some of the web's encodings, and parts of others.
    decoded = parse(b"<plaintext>" + body, encoding=encoding, **_PARSING).find("plaintext")
    return "\ufffd" if decoded is None else decoded.text  # some encodings must not be read
