"""Recognizes answers that ask for a login instead of showing the page."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.http import HtmlResponse

from crawlproj._scrapy.headers import value_of
from crawlproj.downloadermiddlewares.metarefresh import refresh_of
from crawlproj.http.head import REDIRECTS
from crawlproj.urls import join, normalize

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawlproj.http.login import LoginForm

PASSWORD = "//input[translate(@type, 'ADOPRSW', 'adoprsw') = 'password']"  # noqa: S105 - an XPath
_ASKING = f"//form[.{PASSWORD}]"
# The same without parsing; the text "password" alone is on many pages.
_MAY_ASK = re.compile(rb"type\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_PATH = re.compile(
    r"(?:^|[/._-])(?:(?:log|sign)[-_]?(?:in|on)|sso|auth(?:enticate|orize)?|sessions?/new)"
    r"(?:[/._-]|$)",
    re.IGNORECASE,
)
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_MAX_OWN = 5  # vague answers that were the page's own, after which the others count as that, too


class Sign(Enum):
    """How clearly an answer asks for a login.

    NONE: not at all. VAGUE: it often is the page's own: a redirect to the home page, or a page
    without what all others have that are logged in. WEAK: it may be the page's own, such as a 403,
    or a form that changes a password. STRONG: it is the login form, a redirect to its page, or a
    401.
    """

    NONE = auto()
    VAGUE = auto()
    WEAK = auto()
    STRONG = auto()


class LoginSigns:
    """Looks for signs in answers.

    form: the login form; None if it is not known, and then no sign is strong.
    max_refresh_s, left_out: METAREFRESH_MAXDELAY, and METAREFRESH_IGNORE_TAGS with commas. Many
        pages behind a login refresh to its form, but only when the session has ended meanwhile.
    """

    def __init__(
        self, form: LoginForm | None, *, max_refresh_s: float = 100, left_out: str = ""
    ) -> None:
        self._form = form
        self._max_refresh_s = max_refresh_s
        self._left_out = left_out
        self._pages = {_place(form.url)} if form is not None else set[str]()
        self._own = 0  # vague answers of this session that were the page's own
        self._shows_success = False  # whether a page did

    def add_page(self, url: str) -> None:
        """Note that the page ``url`` has the form, too."""
        self._pages.add(_place(url))

    def note_own(self, sign: Sign) -> None:
        """Note that an answer with this sign was the page's own."""
        self._own += sign is Sign.VAGUE

    def note_login(self) -> None:
        """Note that there is a new session."""
        self._own = 0

    def of_url(self, url: str) -> Sign:
        """Return whether ``url`` is a page for logging in, whatever its query."""
        if _place(url) in self._pages:
            return Sign.STRONG
        return Sign.WEAK if _LOGIN_PATH.search(urlsplit(url).path) else Sign.NONE

    def of_head(self, request: Request, response: Response) -> Sign:
        """Return the sign in the status and the headers of ``response``."""
        if response.status == _UNAUTHORIZED:
            return Sign.WEAK if self._form is None else Sign.STRONG
        if response.status == _FORBIDDEN:
            return Sign.WEAK
        if response.status not in REDIRECTS or self.of_url(request.url) is not Sign.NONE:
            return Sign.NONE
        location = value_of(response.headers, b"Location") or b""
        target = join(request.url, location.decode("utf-8", "replace"))
        if not target:
            return Sign.NONE
        sign = self.of_url(target)
        return self._vague() if sign is Sign.NONE and _leads_home(request.url, target) else sign

    def of_body(self, request: Request, response: Response) -> Sign:
        """Return the sign in the body of ``response``, which is decompressed."""
        if not isinstance(response, HtmlResponse) or self.of_url(request.url) is not Sign.NONE:
            return Sign.NONE
        refresh = refresh_of(response, self._left_out)
        if refresh is not None and refresh[0] < self._max_refresh_s:
            sign = self.of_url(refresh[1])
            if sign is not Sign.NONE:
                return sign
        form = self._form
        if form is not None and form.success and response.css(form.success):
            self._shows_success = True
            return Sign.NONE
        if b"password" not in response.body.lower() or _MAY_ASK.search(response.body) is None:
            lacks = self._shows_success and request.method == "GET" and response.status == _OK
            return self._vague() if lacks else Sign.NONE
        if form is None:
            return Sign.WEAK if response.xpath(_ASKING) else Sign.NONE
        if shows_form(response, form):
            return Sign.STRONG
        return Sign.WEAK if response.xpath(_ASKING) else Sign.NONE

    def _vague(self) -> Sign:
        return Sign.VAGUE if self._own < _MAX_OWN else Sign.NONE


def forms_on(page: HtmlResponse, form: LoginForm) -> Any:
    """Return the selectors of the forms on ``page`` that may be ``form``."""
    return page.css(form.form) if form.form else page.xpath(_ASKING)


def shows_form(page: HtmlResponse, form: LoginForm) -> bool:
    """Return whether a form on ``page`` may be ``form`` and has all its fields."""
    wanted = {name for name, _ in form.fields}
    return any(wanted <= names_in(each) for each in forms_on(page, form))


def names_in(form: Any) -> set[str]:
    """Return the names of what can be filled in."""
    return set(form.css("[name]::attr(name)").getall())


def _leads_home(url: str, target: str) -> bool:
    """Return whether ``target`` is the home page, and ``url`` another page of its site."""
    page, home = urlsplit(normalize(url) or url), urlsplit(target)
    return page.netloc == home.netloc and home.path == "/" and not home.query and page.path != "/"


def _place(url: str) -> str:
    return (normalize(url) or url).partition("?")[0]
