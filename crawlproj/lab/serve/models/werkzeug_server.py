"""werkzeug's server, which Flask uses during development, with a thread per request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

from crawlproj.lab.serve.service.wsgi import Application

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Serve until killed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it logs a line per request
    make_server("127.0.0.1", service.port, Application(service), threaded=True).serve_forever()
