"""Runs the application under uvicorn, until a signal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import uvicorn

from crawlproj.serve.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from crawlproj.serve.service import Service

_END_S = 3  # for answers that are on their way, after a signal


def serve(service: Service, on_listening: Callable[[int], object]) -> bool:
    """Serve until SIGINT or SIGTERM. Returns False if it could not listen.

    on_listening: called with the port once the server answers.
    """
    listening = service.config.listening
    config = uvicorn.Config(
        create_app(service),
        host=listening.host,
        port=listening.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        proxy_headers=False,  # TokenCheck alone needs the client's address, and reads it itself
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_END_S,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server(config, on_listening)
    server.run()
    return server.started


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_listening: Callable[[int], object]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])
