"""The media type of a response, by the rules of browsers, not by the label alone. Pure.

Sources: Fetch Standard, "extract a MIME type" (https://fetch.spec.whatwg.org/#extract-a-mime-type),
and MIME Sniffing Standard §4.4 and §7.1 (https://mimesniff.spec.whatwg.org).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ESSENCE = re.compile(rb"[\t\n\r ]*(%b)/(%b)[\t\n\r ]*" % (_TOKEN, _TOKEN))
# A quoted string may contain commas and semicolons, and need not end.
_QUOTED = rb"\"((?:[^\"\\]|\\.)*+)(?:\"|\\?\Z)"
_PARAMETER = re.compile(rb";[\t\n\r ]*([^;=]*+)(?:=(?:%b[^;]*+|([^;]*+)))?" % _QUOTED, re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_MEMBER = re.compile(rb"(?:%b|[^,\"])+" % _QUOTED, re.DOTALL)
# MIME Sniffing Standard §7.1; each tag must be followed by a space or ">".
_HTML_START = re.compile(
    rb"[\t\n\x0c\r ]*(?:<!--|<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|"
    rb"title|b|body|br|p)[ >])",
    re.IGNORECASE,
)
# Enough to contradict a label that says that a page is something else.
_HTML_FOR_SURE = re.compile(rb"[\t\n\x0c\r ]*<(?:!doctype html|html|head|body)[ >]", re.IGNORECASE)
_XML_START = re.compile(rb"[\t\n\x0c\r ]*<\?xml")
_XHTML_ROOT = re.compile(
    rb"(?:[^<]|<[?!][^>]*>)*<(?:\w+:)?html\b[^>]*http://www\.w3\.org/1999/xhtml", re.IGNORECASE
)
_BOMS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_DOCUMENT_START = re.compile(rb"%PDF-|%!PS-Adobe-")
# With these, servers label files that they know nothing about (MIME Sniffing Standard §5.1).
_CARELESS_CHARSETS = frozenset({"", "iso-8859-1", "utf-8"})
_SNIFFED_BYTES = 1445  # as many as the standard reads


class Kind(Enum):
    """How the body is read.

    HTML, XHTML: as a page. PROSE: plain text for people. OTHER: neither.
    """

    HTML = "html"
    XHTML = "xhtml"
    PROSE = "prose"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type.

    essence: "text/html", in lower case; "" if none was given or it was not valid.
    charset: the label of the header; "" if there is none.
    """

    essence: str = ""
    charset: str = ""


# Labels that say that nothing is known (MIME Sniffing Standard §7).
_UNKNOWN = frozenset({"unknown/unknown", "application/unknown"})
# Labels under which servers send pages by mistake. Of the others, such as images, none is a page.
_DOUBTED = frozenset({"", "text/plain", "application/json", "application/octet-stream"})
_NOT_PROSE = frozenset({"text/css", "text/javascript", "text/csv", "text/calendar"})


def media_type(headers: Iterable[bytes]) -> MediaType:
    """Return the media type that the Content-Type headers declare.

    The last valid member counts, because a proxy may have added one. A charset holds for later
    members of the same type.
    """
    return _extracted(b", ".join(headers))


@lru_cache(maxsize=1024)
def _extracted(header: bytes) -> MediaType:
    known = MediaType()
    for match in _MEMBER.finditer(header):
        essence, semicolon, parameters = match[0].partition(b";")
        if (valid := _ESSENCE.fullmatch(essence)) is None:
            continue
        name = b"/".join(valid.groups()).lower().decode("ascii")
        if name == "*/*":
            continue
        label = _charset(semicolon + parameters)
        if not label and name == known.essence:
            label = known.charset
        known = MediaType(name, label)
    return known


def _charset(parameters: bytes) -> str:
    """Return the first charset that has a value, or ""."""
    for name, quoted, plain in _PARAMETER.findall(parameters):
        if name.lower() == b"charset" and (quoted or plain):
            value: bytes = _ESCAPED.sub(rb"\1", quoted) or plain
            return value.strip().decode("latin-1")
    return ""


def kind_of(declared: MediaType, body: bytes) -> Kind:
    """Return how ``body`` is read: as the label says, unless that is missing or plainly wrong."""
    essence = "" if declared.essence in _UNKNOWN else declared.essence
    if essence == "text/html":
        return Kind.HTML
    if essence == "application/xhtml+xml":
        return Kind.XHTML
    start = body[:_SNIFFED_BYTES]
    if essence in {"text/xml", "application/xml"} or essence.endswith("+xml"):
        # It may be in UTF-16, which all readers of XML know.
        return Kind.XHTML if _XHTML_ROOT.match(start.replace(b"\0", b"")) else Kind.OTHER
    if essence in _DOUBTED and _HTML_FOR_SURE.match(_without_bom(start)):
        return Kind.HTML
    if not essence:
        return _sniffed(start)
    if essence == "text/plain" and declared.charset.lower() in _CARELESS_CHARSETS:
        return Kind.PROSE if _is_text(start) else Kind.OTHER
    is_prose = essence.startswith("text/") and essence not in _NOT_PROSE
    return Kind.PROSE if is_prose else Kind.OTHER


def _sniffed(start: bytes) -> Kind:
    if _XML_START.match(_without_bom(start)):
        return Kind.XHTML if _XHTML_ROOT.match(start) else Kind.OTHER
    if _HTML_START.match(_without_bom(start)):
        return Kind.HTML
    return Kind.PROSE if _is_text(start) and not _DOCUMENT_START.match(start) else Kind.OTHER


def _is_text(start: bytes) -> bool:
    return start.startswith(_BOMS) or not _NOT_TEXT.search(start)


def _without_bom(start: bytes) -> bytes:
    return start.removeprefix(b"\xef\xbb\xbf")
