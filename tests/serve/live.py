"""A service on a real socket, for what an ASGI transport cannot show."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from crawlproj.serve.app import create_app
from crawlproj.serve.service import Service
from tests.serve.helpers import PATIENT
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.serve.config import ServeConfig
    from crawlproj.serve.lanes.sizes import Sizes


@contextmanager
def listening(of: ServeConfig, sizes: Sizes = PATIENT) -> Iterator[tuple[str, Service]]:
    """The address of a server, and the service behind it."""
    service = Service.from_config(of, sizes)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(service),
            port=0,
            lifespan="on",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", service
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
