"""A server beside a crawl or a fleet, in a process of its own that ends with it.

``python -m crawlproj.serve.beside`` reads its configuration, with its secrets, from standard input,
writes its address to standard output once it listens, and serves until its input ends: also when
the crawl is killed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.masking import masked
from crawlproj.serve.config import LOOPBACK, Listening, ServeConfig, serve_port, serve_token

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_END_S = 5.0


class Beside:
    """A server at SERVE_PORT of loopback. Call ``start``, and ``stop`` however the crawl ends.

    Raises ConfigError if a setting is wrong, packages are missing, or other processes cannot read
    what the crawl writes to.
    """

    def __init__(self, settings: BaseSettings) -> None:
        token = serve_token(settings)
        listening = Listening.checked(host=LOOPBACK, port=serve_port(settings), token=token)
        self._config = ServeConfig.from_settings(settings, listening)
        self._process: subprocess.Popen[bytes] | None = None
        _service(self._config)

    def start(self, frontier_url: str = "") -> None:
        """Start the server; returns when it listens, and prints where.

        frontier_url: of a fleet; FRONTIER_URL if it is "". Raises ConfigError if it cannot listen.
        """
        config = self._config
        self._process = process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the crawl, which still has to end
        )
        document = {
            "port": config.listening.port,
            "token": config.listening.token,
            "store_url": config.store_url,
            "frontier_url": frontier_url or config.frontier_url,
            "redis_params": dict(config.redis_params),
            "report": config.report,
        }
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(document).encode() + b"\n")
            process.stdin.flush()
        # A line that comes later would disturb a live display.
        address = process.stdout.readline().decode().strip()
        if not address:
            raise ConfigError(
                f"the server of --serve cannot listen on port {config.listening.port}, as the line "
                "above says: set SERVE_PORT to another port, or leave --serve out"
            )
        print(f"serving {masked(config.store_url)} at {address}", file=sys.stderr, flush=True)  # noqa: T201

    def stop(self) -> None:
        """End the server, if it was started."""
        if self._process is None:
            return
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _service(config: ServeConfig) -> object:
    """Return the service of ``config``. Raises ConfigError, also if packages are missing."""
    try:
        from crawlproj.serve.service import Service  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"--serve needs more packages: pip install 'crawlproj[serve]' ({exc})"
        ) from exc
    return Service.from_config(config)


def main() -> int:
    """Serve until standard input ends; returns the exit status."""
    from crawlproj.serve.running import Running  # noqa: PLC0415 - an extra
    from crawlproj.serve.service import Service  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING)
    given = json.loads(sys.stdin.readline())
    listening = Listening(port=given["port"], token=given["token"])
    config = ServeConfig(
        listening,
        given["store_url"],
        given["frontier_url"],
        given["redis_params"],
        report=given["report"],
    )

    def announce(port: int) -> None:
        print(listening.url(port), flush=True)  # noqa: T201

    running = Running(Service.from_config(config), announce)

    def watch() -> None:
        sys.stdin.read()
        running.stop()

    threading.Thread(target=watch, daemon=True).start()
    return 0 if running.run() else 1


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # the thread that reads standard input would hold up the interpreter's end
