"""The path below which a reverse proxy offers the server: /crawl of https://example.org/crawl/."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT: ContextVar[str] = ContextVar("root_path", default="")
_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+")


def checked_root_path(path: str) -> str:
    """Return the path without a slash at its end. Raises ConfigError if it is not a plain path."""
    root = path.rstrip("/")
    if root and not _PATH.fullmatch(root):
        raise ConfigError(
            f"--root-path must be a path of letters, digits and _.~-, such as /crawl, not {path!r}"
        )
    return root


def rooted(path: str) -> str:
    """Return a path of this server as clients see it, while a request is answered."""
    return _ROOT.get() + path


class RootPath:
    """An ASGI middleware by which links lead below ``root``.

    Inside, paths are those without it, whether the proxy takes it off or not.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root
        self._raw = root.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http":
            _ROOT.set(self._root)
            if scope["path"].startswith(f"{self._root}/"):
                raw = scope.get("raw_path") or b""
                scope = {
                    **scope,
                    "path": scope["path"].removeprefix(self._root),
                    "raw_path": raw.removeprefix(self._raw),
                }
        await self._app(scope, receive, send)
