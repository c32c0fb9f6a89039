"""Links in pages that are not UTF-8: browsers escape a query in the page's encoding. Pure.

Source: URL Standard, "percent-encode after encoding". Python's codecs are not the web's: EUC-KR has
8,822 syllables more there, Shift_JIS the characters of Windows, and some encodings have no codec.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote

from crawlproj.content.tree import tree_of

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# UTF-16 and the encoding of pages that must not be read submit UTF-8.
_AS_UTF8 = ("utf", "replacement")
# Features that a table cannot have: states, and four bytes for a character.
_CODECS = {"iso-2022-jp": "iso2022_jp", "gb18030": "gb18030"}
_LEADS, _TRAILS = range(0x80, 0x100), range(0x40, 0xFF)
# Read but not written: Hong Kong's additions, and one of two places of IBM's characters.
_READ_ONLY = {"big5": range(0x81, 0xA1), "shift_jis": range(0xED, 0xEF)}
_SECOND_PLACE = frozenset("═╞╡╪十卅")  # of two in Big5, browsers write the second
_MINUS, _WIDE_MINUS = "\u2212", "\uff0d"  # one character in Japanese encodings


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
    return head + mark + _NOT_ASCII.sub(lambda found: quote(_encoded(found[0], name), ""), query)


def _encoded(text: str, encoding: str) -> bytes:
    if codec := _CODECS.get(encoding):
        return text.encode(codec, "xmlcharrefreplace")
    table = _table(encoding)
    return b"".join(table.get(char) or b"&#%d;" % ord(char) for char in text)


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
        table[_MINUS] = table[_WIDE_MINUS]
    return table
