"""Links in pages that are not UTF-8: browsers escape a query in the page's encoding. Pure.

Source: URL Standard, "percent-encode after encoding". Python's codecs are not the web's: EUC-KR has
8,822 syllables more there, Shift_JIS the characters of Windows, and some encodings have no codec.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawlproj.content.tree import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# UTF-16 and the encoding of pages that must not be read submit UTF-8.
_AS_UTF8 = ("utf", "replacement")
# Bytes of a character that are not escaped, beside letters and digits.
_TRAILING = "@[\\]^`{|}"
_IN_JIS = _TRAILING + "!$%&()*+,/:;=?"
_LEADS, _TRAILS = range(0x80, 0x100), range(0x40, 0xFF)
# Read but not written: Hong Kong's additions, one of two places of IBM's characters, and those that
# users may define.
_READ_ONLY = {
    "gb18030": (0x80,),
    "big5": range(0x81, 0xA1),
    "shift_jis": (0xED, 0xEE, *range(0xF0, 0xFA)),
}
_SECOND_PLACE = frozenset("═╞╡╪十卅")  # of two in Big5, browsers write the second
_MINUS, _WIDE_MINUS = "\u2212", "\uff0d"  # one character in Japanese encodings
_ROMAN = {"¥": b"\\", "‾": b"~"}  # Japan's ASCII
_JIS, _ASCII = "%1B$B", "%1B(B"  # from here on, in ISO-2022-JP


def escaped_query(link: str, encoding: str | None) -> str:
    """Return ``link`` with non-ASCII characters in its query escaped as a browser sends them.

    encoding: the standard name of the page's encoding. A character that it does not have becomes a
        character reference, also as in browsers.
    """
    if link.isascii():
        return link
    name = (encoding or "utf-8").lower()
    head, mark, query = link.partition("?")
    if query.isascii() or "#" in head or name.startswith(_AS_UTF8):
        return link
    return head + mark + _NOT_ASCII.sub(lambda found: _escaped(found[0], name), query)


def _escaped(text: str, encoding: str) -> str:
    if encoding == "iso-2022-jp":
        groups = groupby(text, key=lambda char: bool(_jis(char)))
        return "".join(map(_in_iso_2022_jp, groups))
    table, other = _table(encoding), _four_bytes if encoding == "gb18030" else _reference
    return quote(b"".join(table.get(char) or other(char) for char in text), _TRAILING)


def _four_bytes(char: str) -> bytes:
    return char.encode("gb18030", "xmlcharrefreplace")


def _reference(char: str) -> bytes:
    return b"&#%d;" % ord(char)


def _in_iso_2022_jp(group: tuple[bool, Iterator[str]]) -> str:
    if group[0]:
        return f"{_JIS}{quote(b''.join(map(_jis, group[1])), _IN_JIS)}{_ASCII}"
    return quote(b"".join(map(_reference, group[1])), "")


def _jis(char: str) -> bytes:
    """Return the two bytes that EUC-JP has, without their high bits; b"" for other characters."""
    encoded = _table("euc-jp").get(char, b"")
    return bytes(byte & 0x7F for byte in encoded) if encoded[:1] > b"\xa0" else b""


@cache
def _table(encoding: str) -> dict[str, bytes]:
    """Return the bytes of each character, found by decoding every sequence of one or two bytes."""
    leads = [lead for lead in _LEADS if lead not in _READ_ONLY.get(encoding, ())]
    sequences = [bytes([lead]) for lead in leads]
    sequences += [bytes([lead, trail]) for lead in leads for trail in _TRAILS]
    decoded = tree_of(b"<pre>x" + b"\n".join(sequences), encoding).select("pre")[0].text[1:]
    table: dict[str, bytes] = {}
    for sequence, text in zip(sequences, decoded.split("\n"), strict=True):
        is_character = len(text) == 1 and text != "\ufffd"
        if is_character and (text not in table or text in _SECOND_PLACE):
            table[text] = sequence
    if encoding in {"euc-jp", "shift_jis"}:
        table |= _ROMAN
        table[_MINUS] = table[_WIDE_MINUS]
    return table
