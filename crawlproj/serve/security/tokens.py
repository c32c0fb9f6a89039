"""The token that a client needs wherever the server is not on loopback."""

from __future__ import annotations

import hmac
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse

from crawlproj.errors import ConfigError
from crawlproj.serve.security.attempts import Attempts
from crawlproj.serve.security.clients import client_address
from crawlproj.serve.web.problems import Problem
from crawlproj.serve.web.root_path import rooted

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

MIN_TOKEN = 16
COOKIE = "crawlproj_serve"
_COOKIE_S = 30 * 86_400


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def checked_token(token: str) -> str:
    """Return ``token``. Raises ConfigError if it could be guessed, or is not plain text."""
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"SERVE_TOKEN must have at least {MIN_TOKEN} characters, ASCII without spaces: leave "
            "it empty, and a token is made and printed"
        )
    return token


class TokenCheck:
    """An ASGI middleware that lets nobody in without the token.

    A program sends it as ``Authorization: Bearer``. A browser opens ``/?token=…`` once; the answer
    sets a cookie, made of the token but not the token, and leads to the address without it.
    Comparing takes the same time whatever is wrong, and an address that guesses must wait.

    secure: whether browsers reach the server by HTTPS alone, so that the cookie may require it.
    behind_proxy: whether the client's address is the last one of X-Forwarded-For.
    public: how paths begin that anybody may read.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        *,
        secure: bool,
        behind_proxy: bool = False,
        public: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._session = hmac.digest(self._token, b"crawlproj serve session", "sha256").hex()
        self._secure = secure
        self._behind_proxy = behind_proxy
        self._public = public
        self._attempts = Attempts(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 401 or 429."""
        if scope["type"] != "http" or scope["path"].startswith(self._public):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        address = client_address(request, behind_proxy=self._behind_proxy)
        if wait_s := self._attempts.wait_s(address):
            problem = Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-attempts",
                f"too many wrong tokens came from {address}; wait {wait_s:.0f} s",
                retry_after_s=wait_s,
            )
            await problem.response()(scope, receive, send)
        elif self._holds_token(request):
            await self._app(scope, receive, send)
        elif "token" in request.query_params and request.method == "GET":
            await self._welcome(request, address)(scope, receive, send)
        else:
            if "authorization" in request.headers or COOKIE in request.cookies:
                self._attempts.failed(address)
            await _unauthorized().response()(scope, receive, send)

    def _holds_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._session.encode())

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)

    def _welcome(self, request: Request, address: str) -> ASGIApp:
        if not self._is_token(request.query_params["token"]):
            self._attempts.failed(address)
            return _unauthorized("that is not the token of this server").response()
        rest = [(k, v) for k, v in request.query_params.multi_items() if k != "token"]
        # One slash: two would name another server.
        path = rooted("/" + request.url.path.lstrip("/"))
        response = RedirectResponse(path + (f"?{urlencode(rest)}" if rest else ""), 303)
        response.set_cookie(
            COOKIE,
            self._session,
            max_age=_COOKIE_S,
            path=rooted("/"),
            httponly=True,
            secure=self._secure,
            samesite="strict",
        )
        return response


def _unauthorized(what: str = "this server needs its token") -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "no-token",
        f"{what} (CRAWLPROJ_SERVE_TOKEN, or what it printed when it started): "
        f"open {rooted('/')}?token=… in a browser, or send Authorization: Bearer …",
        headers={"WWW-Authenticate": "Bearer"},
    )
