"""Runs the application under uvicorn, until a signal."""

from __future__ import annotations

import gc
import logging
import signal
from typing import TYPE_CHECKING

import uvicorn

from crawlproj.serve.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from crawlproj.serve.service import Service

_END_S = 3  # for answers that are on their way, after a signal


class Running:
    """A server. on_listening: called with the port once it answers."""

    def __init__(self, service: Service, on_listening: Callable[[int], object]) -> None:
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
        self._server = _Server(config, on_listening, service.ending)

    def run(self) -> bool:
        """Serve until SIGINT, SIGTERM or ``stop``. Returns False if it could not listen."""
        # uvicorn handles them while it serves, and raises them again afterwards.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())
        gc.freeze()  # what was imported stays; looking at it again would hold up all queries
        try:
            self._server.run()
        except SystemExit:  # uvicorn's, when it cannot listen; it has logged why
            return False
        return self._server.started

    def stop(self) -> None:
        """End ``run``; may be called from another thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        on_listening: Callable[[int], object],
        on_ending: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._on_ending = on_ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_ending()
        await super().shutdown(sockets)
