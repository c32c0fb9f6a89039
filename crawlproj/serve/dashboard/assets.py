"""The style and the script: files of the package, which browsers keep until they change."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_FOLDER = files(__name__.rpartition(".")[0]) / "static"
_TYPES = {
    "dashboard.css": "text/css",
    "dashboard.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Assets:
    """Files that are read once. A path has a hash of the content, so browsers may keep it."""

    def __init__(self) -> None:
        self._bodies = {name: (_FOLDER / name).read_bytes() for name in _TYPES}
        self._paths = {
            name: f"/static/{hashlib.sha256(body).hexdigest()[:12]}/{name}"
            for name, body in self._bodies.items()
        }

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return self._paths[name]

    def route(self) -> Route:
        """Return the route to all of them."""

        async def respond(request: Request) -> Response:
            name = request.path_params["name"]
            if self._paths.get(name) != request.url.path:
                raise HTTPException(404)
            headers = {"Cache-Control": "private, max-age=31536000, immutable"}
            return Response(self._bodies[name], 200, headers, _TYPES[name])

        return Route("/static/{hash}/{name}", respond, name="assets")


ASSETS = Assets()
