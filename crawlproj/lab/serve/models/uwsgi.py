"""uWSGI, a server in C that embeds the interpreter, with a process for each slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyuwsgi

from crawlproj.lab.serve.models.gunicorn_server import WSGI

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Replace this process by uWSGI."""
    pyuwsgi.run([
        "--http-socket", f"127.0.0.1:{service.port}", "--master", "--no-orphans", "--need-app",
        "--disable-logging", "--processes", str(service.slots), "--module", WSGI,
    ])  # fmt: skip
