"""Reads JSON-LD as people write it: most of what is wrong with it leaves no doubt what it says."""

from __future__ import annotations

import json
import re
from html import unescape
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_TYPE = "application/ld+json"
# Byte order marks, what hid scripts from old browsers, and comments; a few of them.
_BEFORE = re.compile(
    r"[\ufeff\u200b\s]*+(?:\s*(?:(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?|<!--(?!\s*[\[{]).*?-->|<!--|//[^\n]*\n|/\*.*?\*/)){0,5}\s*",
    re.DOTALL,
)
# Strings, which stay, and what JavaScript allows between values; without an end, to the last one.
_NO_JSON = re.compile(
    r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|//[^\n]*+|/\*(?:.*?\*/|.*+)'
    r"|,(?=(?:\s++|//[^\n]*+|/\*.*?\*/)*+[}\]])",
    re.DOTALL,
)
# Quotation marks after a template that escapes for HTML.
_ESCAPED_FOR_HTML = re.compile(r"[\[{\s]*&(?:quot|#34|#x22);", re.IGNORECASE)
# A backslash that JSON has, or not.
_ESCAPE = re.compile(r'(\\["\\/])|\\([^\w\s])')


def json_ld_in(tree: Tree) -> list[Any]:
    """Return the objects and lists of a page's JSON-LD, in the order of the page.

    Line breaks in strings, comments, CDATA around the whole, commas after the last value, signs
    that need no backslash, quotation marks escaped for HTML and what comes after the whole are
    forgiven. As in JavaScript, a number that is not finite is null. A script that cannot be
    read all the same is left out.
    """
    found = []
    for script in tree.select("script[type]"):
        if (script.attr("type") or "").partition(";")[0].strip().lower() == _TYPE:
            value = _read(script.text)
            if isinstance(value, dict | list):
                found.append(value)
    return found


def _read(text: str) -> object:
    start = _BEFORE.match(text)
    text = text[start.end() :] if start else text
    if _ESCAPED_FOR_HTML.match(text):
        text = unescape(text)
    if (found := _decoded(text)) is not None or (mended := _NO_JSON.sub(_as_json, text)) == text:
        return found
    return _decoded(mended)


def _as_json(token: re.Match[str]) -> str:
    return _ESCAPE.sub(r"\1\2", token[1] or "")


def _decoded(text: str) -> object:
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):  # or nested too deeply
        return None


def _finite(number: str) -> float | None:
    return value if isfinite(value := float(number)) else None


_DECODER = json.JSONDecoder(strict=False, parse_constant=_finite, parse_float=_finite)
