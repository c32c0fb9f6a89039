"""The check of the Host header: a name of another site that resolves to us is not ours.

Without it, a page of that site (DNS rebinding) could read answers as if they were its own.
"""

from __future__ import annotations

import ipaddress
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@/\[\]]+)(:[0-9]{1,5})?")


class HostCheck:
    """An ASGI middleware that refuses requests whose Host is not one of ``names``.

    An address needs no name server, so it cannot be rebound: every address is accepted.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower().rstrip(".") for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 421."""
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host")
            if len(given) != 1 or not self.accepts(given[0]):
                shown = given[0][:100] if given else "none"
                problem = Problem(
                    HTTPStatus.MISDIRECTED_REQUEST,
                    "wrong-host",
                    f"the Host header is {shown!r}, which is not a name of this server; if it is, "
                    "start it with --allow-host NAME",
                )
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def accepts(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = found[1].lower().rstrip(".")
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True
