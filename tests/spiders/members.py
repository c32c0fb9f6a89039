"""A site for members, whose sessions end after some pages, for tests of a login."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.spiders.web import NOT_FOUND, Answer, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from pathlib import Path

HOST = "members.example"
HOME = f"http://{HOST}/"
OTHER = "http://public.example/"
PASSWORD = "pa55w0rd"
TOML = 'url = "{url}login"\nfields = {{user = "me", password = "$MEMBERS_PASSWORD"}}\n{more}'
COOKIES = "# Netscape HTTP Cookie File\n{host}\tFALSE\t/\tFALSE\t2147483648\tsession\t{session}\n"
_SESSION = re.compile(r"^cookie:.*\bsession=(\w+)", re.IGNORECASE | re.MULTILINE)
_VISITOR = re.compile(r"^cookie:.*\bvisitor=(\w+)", re.IGNORECASE | re.MULTILINE)


@dataclass
class Members:
    """The web: HOST with ``pages`` pages, all for members, and OTHER with as many for everybody.

    lasts: how many pages a session may see. asks: what others see: "redirect" (to the login),
    "home" (a redirect to HOME, which everybody may see then), "less" (a page for everybody), "form"
    (with status 200), "refresh" (a meta refresh to the login), "401", "403".
    moved: paths that redirect to HOME for members, too.
    /logout ends all sessions. restricted: the paths that no member may see. public: those that
    everybody may see.
    ends_sessions: whether an answer that asks for a login replaces the cookie of the session.
    redirects: whether a wrong password redirects to the form, instead of showing it.
    login_path: where the form is, to which /login redirects. welcome: the page after a login.
    before_login: called with the number of logins so far, when the form is sent.

    logins: sessions in the order of their logins; each has how many pages it may still see.
    """

    pages: int = 20
    lasts: int = 7
    asks: str = "redirect"
    restricted: Collection[str] = ()
    public: Collection[str] = ()
    moved: Collection[str] = ()
    ends_sessions: bool = True
    password: str = PASSWORD
    redirects: bool = False
    login_path: str = "/login"
    welcome: Answer | None = None
    before_login: Callable[[int], Awaitable[Answer | None]] | None = None
    logins: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def urls(self) -> set[str]:
        """The pages of HOST."""
        return {HOME, *(f"{HOME}page{n}" for n in range(1, self.pages))}

    async def __call__(self, url: str, head: str) -> Answer:
        """Answer a request."""
        parts = urlsplit(url)
        if parts.path == "/robots.txt":
            return NOT_FOUND
        if parts.hostname != HOST:
            return Answer(page(*(f"/page{n}" for n in range(1, self.pages)), text="for everybody"))
        if parts.path == "/welcome" and self.welcome is not None:
            return self.welcome
        if parts.path in {"/login", self.login_path}:
            if parts.path != self.login_path:
                return Answer("", 302, {"Location": self.login_path})
            if head.startswith("POST"):
                return await self._log_in(head)
            if self.left.get(_session_in(head)):  # as many sites do
                return Answer("", 302, {"Location": "/welcome"})
            return self._form()
        return self._page(parts.path, head)

    @property
    def _other_session(self) -> dict[str, str]:
        return {"Set-Cookie": "session=anonymous; Path=/"} if self.ends_sessions else {}

    def begin(self) -> str:
        """Begin a session."""
        session = f"s3ss10n{len(self.logins)}"
        self.logins.append(session)
        self.left[session] = self.lasts
        return session

    def _page(self, path: str, head: str) -> Answer:
        if path == "/logout":
            self.left.clear()
            return Answer("", 302, {"Location": "/login"})
        if path in self.public:
            return Answer(page("/", text="for everybody"))
        if path in self.moved:
            return Answer("", 301, {"Location": "/"})
        session = _session_in(head)
        if path in self.restricted or not self.left.get(session):
            return self._asking(path)
        self.left[session] -= 1
        hrefs = [f"/page{n}" for n in range(1, self.pages)]
        more = (*self.restricted, *self.public, *self.moved)
        return Answer(page(*hrefs, *more, text="for members <b class=in>me</b>"))

    def _asking(self, path: str) -> Answer:
        if self.asks == "redirect":
            return Answer("", 302, {"Location": f"/login?next={path}", **self._other_session})
        if self.asks == "less" or (self.asks == "home" and path == "/"):
            return Answer(page(text="for everybody"))
        if self.asks == "home":
            return Answer("", 302, {"Location": "/"})
        if self.asks == "form":
            return self._form(self._other_session)
        if self.asks == "refresh":
            return Answer(f'<meta http-equiv="refresh" content="0; url=/login?next={path}">')
        return Answer("You are not logged in.", int(self.asks))

    def _form(self, headers: dict[str, str] | None = None) -> Answer:
        visitor, token = f"v{len(self.tokens)}", f"t0ken{len(self.tokens)}"
        self.tokens[visitor] = token
        form = (
            f'<form action="{self.login_path}" method="post">'
            f'<input type="hidden" name="csrf" value="{token}"><input name="user">'
            '<input name="password" type="password"></form>'
        )
        cookie = {"Set-Cookie": f"visitor={visitor}; Path=/"} if headers is None else headers
        return Answer(f"<!doctype html><title>Log in</title>{form}", headers=cookie)

    async def _log_in(self, head: str) -> Answer:
        if self.before_login is not None:
            answer = await self.before_login(len(self.logins))
            if answer is not None:
                return answer
        form = parse_qs(head.rpartition("\r\n\r\n")[2])
        visitor = _VISITOR.search(head)
        if visitor is None or form.get("csrf") != [self.tokens.pop(visitor[1], None)]:
            return Answer("The token is missing or was used.", 403)
        if form.get("password") != [self.password]:
            return (
                Answer("", 303, {"Location": self.login_path}) if self.redirects else self._form()
            )
        cookie = f"session={self.begin()}; Path=/"
        return Answer("", 303, {"Location": "/welcome", "Set-Cookie": cookie})


def _session_in(head: str) -> str:
    found = _SESSION.search(head)
    return found[1] if found else ""


def form_file(folder: Path, more: str = "") -> str:
    """Write the file for -a login=; its password is in MEMBERS_PASSWORD."""
    path = folder / "members.toml"
    path.write_text(TOML.format(url=HOME, more=more))
    return str(path)


def cookie_file(folder: Path, session: str) -> str:
    """Write a file with the cookies of a browser."""
    path = folder / "cookies.txt"
    path.write_text(COOKIES.format(host=HOST, session=session))
    return str(path)
