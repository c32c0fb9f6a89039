"""A web back end in front of queries, under every way of serving.

A model is a module here with a function ``run(service)`` that serves the queries of a
``service.Service`` at its port until it is killed, or becomes the program that does. It is imported
and run in a fresh process. Frameworks serve the one application in wsgi.py or asgi.py. **Add a
model here**: a file, and a row of ``MODELS``.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.lab.serve.service import Service

PLACES = 4
"""Queries at a time in every model that has a bound: processes, threads, or both together."""


@dataclass(frozen=True, slots=True)
class Model:
    """A way of serving.

    name: as ``--models`` has it. title: as a reader has it. places: what queries wait in.
    module, function: where it runs. requires: modules it needs beyond what a crawl does.
    program: that must be on PATH.
    """

    name: str
    title: str
    places: str
    module: str
    function: str = "run"
    requires: tuple[str, ...] = ()
    program: str = ""

    def load(self) -> Callable[[Service], None]:
        """Import it and return its ``run``."""
        run: Callable[[Service], None] = getattr(
            import_module(f"{__package__}.{self.module}"), self.function
        )
        return run

    def missing(self) -> str:
        """Return why it cannot run here, and what to do; "" if it can."""
        if lacks := [name for name in self.requires if find_spec(name) is None]:
            return f"{', '.join(lacks)} is not installed: pip install 'crawlproj[lab]'"
        if self.program and shutil.which(self.program) is None:
            return f"{self.program} is not on PATH"
        return ""


MODELS = {
    model.name: model
    for model in (
        Model("fork", "process per request", "a process each", "process_per_request"),
        Model("thread", "thread per request", "a thread each", "threads"),
        Model("thread-pool", "thread pool", "4 threads", "threads", "run_pool"),
        Model("two-lanes", "two lanes, time limit", "2 + 2 threads", "two_lanes"),
        Model("reuseport", "prefork, SO_REUSEPORT", "4 processes", "reuseport"),
        Model("master", "prefork, master passes", "4 processes", "master"),
        Model("werkzeug", "werkzeug", "a thread each", "werkzeug_server", requires=("werkzeug",)),
        Model("gunicorn-sync", "gunicorn sync", "4 processes", "gunicorn_server", "run_sync",
              requires=("gunicorn",)),
        Model("gunicorn-gthread", "gunicorn gthread", "2 × 2 threads", "gunicorn_server",
              "run_gthread", requires=("gunicorn",)),
        Model("gunicorn-gevent", "gunicorn gevent", "2 × greenlets", "gunicorn_server",
              "run_gevent", requires=("gunicorn", "gevent")),
        Model("nginx", "nginx, gunicorn sync", "4 processes", "nginx", requires=("gunicorn",),
              program="nginx"),
        Model("uwsgi", "uWSGI", "4 processes", "uwsgi", requires=("pyuwsgi",)),
        Model("tornado", "tornado", "coroutines", "tornado_server", requires=("tornado",)),
        Model("twisted", "twisted.web", "deferreds", "twisted_server"),
        Model("uvicorn", "uvicorn", "coroutines", "uvicorn_server", requires=("uvicorn",)),
        Model("gunicorn-uvicorn", "gunicorn, uvicorn", "2 × coroutines", "gunicorn_server",
              "run_uvicorn", requires=("gunicorn", "uvicorn_worker")),
    )
}  # fmt: skip


def chosen(names: str) -> list[Model]:
    """Return the models of a comma-separated list, all for ""; raises ConfigError."""
    words = [word.strip() for word in names.split(",") if word.strip()]
    if unknown := [word for word in words if word not in MODELS]:
        raise ConfigError(f"there is no model {unknown[0]!r}; there are: {', '.join(MODELS)}")
    return [MODELS[word] for word in dict.fromkeys(words)] or list(MODELS.values())
