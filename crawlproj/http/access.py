"""The headers, cookies and proxy that let a crawl in. They may be secret.

Each argument may be "@FILE", because others on the machine can read a command line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.exceptions import UnsupportedURLSchemeError

from crawlproj.http.wire import proxy_origin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookiejar import Cookie

    from crawlproj.http.login import LoginForm

LOGIN = "crawlproj_login"
"""The key of Request.meta that the requests of a login have; no spider's own."""

NEW_SESSION = "crawlproj_new_session"
"""The key of Request.meta that the first request of a login has: it begins without cookies."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# HTTP's own, which the download handler writes.
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te"})


@dataclass(frozen=True, slots=True)
class Access:
    """headers: names and values to send. cookies: those of a session. proxy: its URL, or "".

    form: the login form that makes a session; None if there is none.
    """

    headers: tuple[tuple[bytes, bytes], ...] = ()
    cookies: tuple[Cookie, ...] = ()
    proxy: str = ""
    form: LoginForm | None = None

    def __repr__(self) -> str:
        """Return nothing that may be secret."""
        return f"Access({len(self.headers)} headers, {len(self.cookies)} cookies)"

    @property
    def logs_in(self) -> bool:
        """Whether sites may take the crawl for somebody with an account."""
        named = any(name.lower() in (b"authorization", b"cookie") for name, _ in self.headers)
        return bool(self.cookies or self.form or named)

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.headers or self.cookies or self.proxy or self.form)


def read_headers(given: str | Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return headers, given by name or as text with a "Name: value" per line.

    Raises ValueError naming the line or the header, and OSError; never with a value.
    """
    pairs: list[tuple[str, str]] = []
    if isinstance(given, str):
        for number, line in enumerate(_content(given).splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                name, colon, value = line.partition(":")
                if not colon:
                    raise ValueError(f"line {number} has no colon: write Name: value")
                pairs.append((name, value))
    else:
        pairs = list(given.items())
    return tuple(_header(name.strip(), value) for name, value in pairs)


def read_proxy(given: str) -> str:
    """Return the URL of a proxy.

    Raises ValueError if it is not one for http, without its credentials, and OSError.
    """
    proxy = _content(given).strip()
    try:
        if proxy:
            proxy_origin(proxy)
    except UnsupportedURLSchemeError as exc:
        raise ValueError(f"{exc}. Write for example: http://proxy.example.org:8888") from None
    return proxy


def read_cookies(path: str) -> tuple[Cookie, ...]:
    """Return the cookies in a file of the format that curl and browsers' extensions write.

    Raises ValueError if it is not such a file, or all its cookies have expired, and OSError.
    """
    jar = MozillaCookieJar()
    try:
        jar.load(path, ignore_discard=True, ignore_expires=True)
    except (LoadError, UnicodeDecodeError):
        raise ValueError(
            f"{path} is not a cookie file: it begins with '# Netscape HTTP Cookie File' and has "
            "seven columns"
        ) from None
    for cookie in jar:
        if not cookie.expires:  # curl and browsers' extensions write 0 for the end of the session
            cookie.expires, cookie.discard = None, True
    jar.clear_expired_cookies()
    if not len(jar):
        raise ValueError(f"{path} has no cookie that is still valid: export it again")
    return tuple(jar)


def _header(name: str, value: object) -> tuple[bytes, bytes]:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower() in _FRAMING:
        raise ValueError(f"{name} is written by the download handler")
    if name.lower() == "user-agent":
        raise ValueError("set USER_AGENT instead, because robots.txt is obeyed by that name")
    text = str(value).strip()
    if not text.isprintable():
        raise ValueError(f"the value of {name} has a line break or a control character")
    return name.encode(), text.encode()


def _content(given: str) -> str:
    return Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
