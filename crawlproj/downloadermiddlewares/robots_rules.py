"""The rules of a robots.txt (RFC 9309)."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urljoin

from protego import Protego

from crawlproj.content.usage import RobotsUsage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawlproj.content.usage import Signals

MAX_BYTES = 500 * 1024
"""A longer robots.txt is truncated after its last complete line (RFC 9309 §2.5)."""

# Above these limits, matching (lines plus wildcards) or parsing (bytes) takes Protego milliseconds.
_HEAVY_RULES = 2000
_HEAVY_BYTES = 16 * 1024
_USAGE = re.compile(r"^[ \t]*content-(?:signal|usage)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_AGENT = re.compile(
    r"^[ \t]*user[ -]?agent(?:[ \t]*:|[ \t])(?P<names>[^#\n]*)", re.IGNORECASE | re.MULTILINE
)
_BETWEEN_NAMES = re.compile(r"[\s,;]+")
_ANOTHER = "<another>"  # stands for every name that was not asked for
_MAX_TOKENS = 8  # for which the rules are kept
# Such as "Disallowed:" and "User-agents:", which Google's parser takes for the shorter name.
_LONGER_NAME = re.compile(
    r"^([ \t]*(?:user-?agent|dis+al+[ao]w|diasllow|allow|sitemap))[\w-]+(?=[ \t:])",
    re.IGNORECASE | re.MULTILINE,
)
# Lines with other fields than those of Protego, and of crawlproj.content.usage, which mean nothing
# and so must not end a group's list of names (RFC 9309 §2.2.4). Protego takes them for rules.
_MEANINGLESS = re.compile(
    r"^[ \t]*(?!(?:user-?agent|dis+al+[ao]w|diasllow|allow|sitemaps?|site-map|crawl-delay|"
    r"request-rate|visit-time|host|content-signal|content-usage)[ \t]*:)[\w-]++[ \t]*:[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_BYTE = re.compile("[\udc80-\udcff]")
_OCTETS = re.compile(
    r"^[ \t]*site-?maps?[ \t]*:[^\n]*|((?:%[89A-F][0-9A-F])+)", re.IGNORECASE | re.MULTILINE
)
_OF_THEIR_OWN = {0xDC80 + octet: 0xF780 + octet for octet in range(0x80)}  # for private use


class RobotsRules:
    """A robots.txt, parsed for each crawler that is asked for.

    Protego gives each name of a group its own copy of the group's rules. With all names of a file,
    a hostile one of 100 KB took 12 s and gigabytes.

    body: the decompressed file.
    url: its URL, against which relative sitemap URLs are resolved.
    token: the product token for which it is parsed at once.
    heavy: whether ``allows`` may take more than a millisecond.
    sitemaps: absolute URLs, without repeats.
    """

    def __init__(self, body: bytes, url: str, token: str) -> None:
        lines = _decoded(_truncated(body)).splitlines()
        text = _LONGER_NAME.sub(r"\1", "\n".join(lines))  # some files have CR alone between lines
        self.heavy = len(lines) + text.count("*") + text.count("$") > _HEAVY_RULES
        self._text = _MEANINGLESS.sub("", text)
        self._has_usage = _USAGE.search(text) is not None
        self._usage: dict[str, RobotsUsage] = {}
        self._parsers: dict[str, Protego] = {}
        self.sitemaps = list(dict.fromkeys(_absolute(url, self._for(token).sitemaps)))

    def allows(self, url: str, token: str) -> bool:
        """Whether the rules for the product ``token`` allow the path and query of ``url``."""
        return self._for(token).can_fetch(_told_apart(url), _whole(token))

    def signals(self, url: str, token: str) -> Signals:
        """Return what the file says about the use of ``url``."""
        if not self._has_usage:
            return {}
        usage = self._usage.get(token)
        if usage is None:
            if len(self._usage) >= _MAX_TOKENS:
                self._usage.clear()
            usage = self._usage[token] = RobotsUsage(self._text_for(token), _whole(token))
        return usage.of(url)

    def crawl_delay_s(self, token: str) -> float | None:
        """Return the Crawl-delay for ``token`` in seconds, or None if it is missing or invalid."""
        return self._for(token).crawl_delay(_whole(token)) or None

    def _for(self, token: str) -> Protego:
        parser = self._parsers.get(token)
        if parser is None:
            if len(self._parsers) >= _MAX_TOKENS:
                self._parsers.clear()
            parser = self._parsers[token] = Protego.parse(_told_apart(self._text_for(token)))
        return parser

    def _text_for(self, token: str) -> str:
        return _AGENT.sub(partial(_one_name_a_line, token.lower()), self._text)


def is_heavy(body: bytes) -> bool:
    """Whether parsing ``body`` may take more than a few milliseconds."""
    return len(body) > _HEAVY_BYTES


def _one_name_a_line(token: str, agents: re.Match[str]) -> str:
    """Return a line for each crawler of a line: everybody, ``token`` and another one.

    "a/1.0 (a.org), b" is not a name in RFC 9309, but sites write it, and mean both.
    """
    words = _BETWEEN_NAMES.split(agents["names"].partition("(")[0])
    names = (word if word == "*" else word.partition("/")[0].strip("*") for word in words)
    known = {"*": "*", token: _whole(token)}
    found = dict.fromkeys(known.get(name.lower(), _ANOTHER) for name in names if name)
    return "\n".join(f"user-agent: {name}" for name in found) or "user-agent:"


def _whole(name: str) -> str:
    """Return ``name`` so that Protego finds it only if it is the same, not also as a beginning."""
    return f"={name}="


def _decoded(body: bytes) -> str:
    """Return the text of a file, without byte order marks; octets that are not UTF-8 escaped."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    text = body.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    return _BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", text)


def _told_apart(text: str) -> str:
    """Return rules or a URL with each escaped octet that is not UTF-8 as a character of its own.

    Protego takes all of them for the same character, so that "/%E9" would forbid "/%E8", too.
    """
    return _OCTETS.sub(_characters, text) if "%" in text else text


def _characters(octets: re.Match[str]) -> str:
    text = unquote_to_bytes(octets[1] or "").decode("utf-8", "surrogateescape")
    return text.translate(_OF_THEIR_OWN) if _BYTE.search(text) else octets[0]


def _truncated(body: bytes) -> bytes:
    if len(body) <= MAX_BYTES:
        return body
    # Drop the incomplete last line: half of "Disallow: /private" may forbid the whole site.
    head = body[:MAX_BYTES]
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]


def _absolute(base: str, urls: Iterable[str]) -> list[str]:
    found = []
    for url in urls:
        try:
            found.append(urljoin(base, url))
        except ValueError:  # malformed: skip it and keep the others
            continue
    return found
