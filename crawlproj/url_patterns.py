"""Patterns of URLs, as people write them: globs and regular expressions. Pure.

No pattern takes more than linear time, whatever the URL, so none can hold the event loop up: a glob
becomes an expression that never backtracks over its asterisks, and RE2 reads the expressions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXPRESSION = "re:"
_ANY_SCHEME, _ANY_HOST = "https?://", "https?://[^/]*+"
_PRINTABLE = "".join(map(chr, range(33, 127)))
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")


class _Expression(Protocol):
    def search(self, text: str) -> object | None:
        """Return the first match in ``text``, or None."""


class UrlPatterns:
    r"""Some patterns, which are compared with URLs in normal form (see urls.py).

    A glob must match the whole URL. "*" stands for any characters, "/" included; all others stand
    for themselves, "?" too. A glob that begins with "/" is compared with path and query, one with
    "://" with the whole URL, and any other with the URL without its scheme.

    An expression begins with "re:" and matches if it is found anywhere in the URL. It is written
    in the syntax of RE2, which has neither lookarounds nor backreferences.

    Raises ValueError if a pattern is malformed, or is a glob that no URL can match.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        globs, expressions = [], []
        for pattern in patterns:
            if pattern.startswith(_EXPRESSION):
                expressions.append(_expression(pattern))
            else:
                globs.append(_regular(pattern))
        self._globs = re.compile("|".join(globs)) if globs else None
        self._expressions = tuple(expressions)

    def match(self, url: str) -> bool:
        """Whether ``url`` matches any of the patterns."""
        if self._globs is not None and self._globs.match(url):
            return True
        return any(expression.search(url) for expression in self._expressions)


def separate(text: str) -> list[str]:
    r"""Return the parts of a list with commas; "\," is a comma in a part."""
    parts = (part.strip().replace("\\,", ",") for part in _UNESCAPED_COMMA.split(text))
    return [part for part in parts if part]


def _regular(glob: str) -> str:
    if "/" not in glob and "*" not in glob:
        raise ValueError(f"{glob!r} matches no URL: write *{glob}* for URLs that contain it")
    if glob.startswith("/"):
        return _ANY_HOST + _any_run(glob)
    scheme, mark, rest = glob.rpartition("://")
    host, slash, path = rest.partition("/")
    rest = host.lower() + slash + path
    return _any_run(scheme.lower() + mark + rest) if mark else _ANY_SCHEME + _any_run(rest)


def _any_run(glob: str) -> str:
    first, *parts = map(re.escape, quote(glob, safe=_PRINTABLE).split("*"))
    if not parts:
        return rf"{first}\Z"
    *middle, last = parts
    # The first place where a part fits is as good as any, so there is no need to come back.
    runs = "".join(f"(?>.*?{part})" for part in middle)
    return rf"{first}{runs}.*{last}\Z"


def _expression(pattern: str) -> _Expression:
    import re2  # noqa: PLC0415 - few crawls need it

    options = re2.Options()
    options.log_errors = False
    text = pattern.removeprefix(_EXPRESSION)
    try:
        found: _Expression = re2.compile(text, options)
    except re2.error as exc:
        reason = exc.args[0] if exc.args else "it is malformed"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(
            f"{pattern!r} is not an expression that RE2 reads: {reason} "
            "(https://github.com/google/re2/wiki/Syntax)"
        ) from None
    return found
