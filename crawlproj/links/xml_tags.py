"""Tags and texts of what is meant to be XML, in one pass, whatever an XML parser would refuse."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_TEXT_BYTES = 20_000
"""How much of the text between two tags is kept."""

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""Characters without width, which are not part of a text where they begin or end it."""

TAG = re.compile(rb"<(/?)([A-Za-z_][\w.:-]*)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+(?=>)|[^<>]*)>")
"""Its groups: the slash of an end tag, the name, the attributes with the slash at their end."""

# Of a tag that ends, or may end in the next chunk; of a comment; or perhaps of either.
_START = re.compile(rb"<(?=[/A-Za-z_][^<>]*+(?:>|\Z)|!|\Z)")
_END = re.compile(rb"[<>]")
_ATTRIBUTE = re.compile(rb"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def tags_in(first: bytes, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, re.Match[bytes]]]:
    """Yield each tag, with the text since the previous one. Comments are left out."""
    buffer, text = b"", b""
    for chunk in chain((first,), chunks):
        buffer += chunk
        position = 0
        while (found := _START.search(buffer, position)) is not None:
            start = found.start()
            if len(text) < MAX_TEXT_BYTES:
                text += buffer[position : min(start, position + MAX_TEXT_BYTES)]
            position = start
            if buffer.startswith((b"<!--", b"<![CDATA["), start):
                cdata = buffer.startswith(b"<![", start)
                end = buffer.find(b"]]>" if cdata else b"-->", start)
                if end < 0:
                    break  # the next chunk has its end
                if cdata and len(text) < MAX_TEXT_BYTES:
                    text += buffer[start + 9 : min(end, start + 9 + MAX_TEXT_BYTES)]
                position = end + 3
            elif (tag := TAG.match(buffer, start)) is not None:
                yield text, tag
                text, position = b"", tag.end()
            elif _END.search(buffer, start + 1) is None:
                break
            else:
                position = start + 1
        else:
            if len(text) < MAX_TEXT_BYTES:
                text += buffer[position : position + MAX_TEXT_BYTES]
            position = len(buffer)
        buffer = buffer[position:]


def attributes_in(text: bytes) -> dict[bytes, bytes]:
    """Return the attributes in the third group of a TAG, their names in small letters."""
    return {name.lower(): double or single for name, double, single in _ATTRIBUTE.findall(text)}


def text_of(raw: bytes, encoding: str) -> str:
    """Return a text or the value of an attribute, its entities resolved."""
    text = raw.decode(encoding, "replace").strip().strip(INVISIBLE)
    return _ENTITY.sub(_character, text).strip() if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return _NAMED[entity[1]]
    number = int(entity[2]) if entity[2] else int(entity[3], 16)
    return chr(number) if number < 0x11_0000 else ""
