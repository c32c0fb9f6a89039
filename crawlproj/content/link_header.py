"""Reads the header Link (RFC 8288)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj._scrapy.headers import values_of
from crawlproj.urls import join

if TYPE_CHECKING:
    from scrapy.http import Headers

_QUOTED = r'"((?:[^"\\]|\\.)*+)"?'
_LINK = re.compile(rf"<([^<>]*+)>((?:[^,\"]|{_QUOTED})*+)", re.DOTALL)
_PARAMETER = re.compile(rf';\s*([^\s;="]+)\s*(?:=\s*(?:{_QUOTED}|([^\s;"]*)))?', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def linked_from(url: str, headers: Headers, relation: str) -> str:
    """Return where the first link of a response with ``relation`` leads, in normal form.

    It is relative to ``url``, that of the response. "" if there is none, or not to http(s).
    """
    header = b", ".join(values_of(headers, b"Link")).decode("latin-1")
    for target, parameters, _ in _LINK.findall(header):
        values: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(parameters):
            value = _ESCAPED.sub(r"\1", quoted) or plain
            values.setdefault(name.lower(), value)  # later ones do not count
        # With an anchor, it is the link of another page or part.
        if "anchor" not in values and relation in values.get("rel", "").lower().split():
            return join(url, target.strip()) or ""
    return ""
