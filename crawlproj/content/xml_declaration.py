"""The encoding that the first line of a page says it has: <?xml version="1.0" encoding="…"?>. Pure.

Browsers heed it in HTML too, after <meta>. Source: HTML Standard, "get an XML encoding" and
"prescan a byte stream to determine its encoding".
"""

from __future__ import annotations

import re

# Only the first "encoding" counts.
_ENCODING = re.compile(
    rb"<\?xml(?>[^>]*?encoding)[\x00-\x20]*+=[\x00-\x20]*+([\"'])([^\x00-\x20>\"']++)\1"
)
_UTF_16 = {b"<\0?\0x\0": "utf-16le", b"\0<\0?\0x": "utf-16be"}


def declared_encoding(body: bytes) -> str:
    """Return the label in the XML declaration at the start of ``body``, "" if there is none.

    A declaration that can be read as ASCII is not in UTF-16, whatever it says: it counts as UTF-8.
    """
    found = _ENCODING.match(body)
    if found is None:
        return ""
    label = bytes(found[2]).decode("latin-1").lower()
    return "utf-8" if label.startswith("utf-16") else label


def utf_16_declaration(body: bytes) -> str:
    """Return in which UTF-16 an XML declaration begins at the start of ``body``, "" if in none."""
    return _UTF_16.get(bytes(body[:6]), "")
