"""uvicorn, an ASGI server, on uvloop, with a coroutine per query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from crawlproj.lab.serve.models.gunicorn_server import ASGI

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Serve until killed."""
    uvicorn.run(
        ASGI, host="127.0.0.1", port=service.port, loop="uvloop", lifespan="off",
        log_level="error", access_log=False,
    )  # fmt: skip
