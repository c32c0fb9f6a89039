"""The concurrency models of serving, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from crawlproj.lab.model import Model
from crawlproj.lab.serve.service.queries import Service


@dataclass(frozen=True, slots=True)
class ServeModel(Model[Service, None]):
    """A way to serve the queries of a ``serve.service.queries.Service``.

    **To add a model**, add a module to this folder, with a function ``run(service)`` (see ``Model``
    for what holds for every kind of model), and a row to ``MODELS``. The function

    - listens at ``service.port`` of 127.0.0.1 and answers every query until it is killed, or
      replaces its process by a program that does;
    - answers with one of ``serve/service/``, or with a handler of its own that does the same;
    - if it limits how many queries it runs at a time, limits them to ``service.slots``.

    ``threads.py`` is the shortest example. ``tests/lab/test_serve.py`` asks every model queries.

    waits_in: what a query occupies while it waits, such as "4 threads".
    """

    waits_in: str

    @property
    def note(self) -> str:
        """The resource that a query occupies while it waits."""
        return self.waits_in


MODELS = {
    model.name: model
    for model in (
        ServeModel("fork", "process per request", "process_per_request", "a process each"),
        ServeModel("thread", "thread per request", "threads", "a thread each"),
        ServeModel("thread-pool", "thread pool", "threads", "4 threads", function="run_pool"),
        ServeModel("two-lanes", "two lanes, time limit", "two_lanes", "2 + 2 threads"),
        ServeModel("reuseport", "prefork, SO_REUSEPORT", "reuseport", "4 processes"),
        ServeModel("master", "prefork, master passes", "master", "4 processes"),
        ServeModel("werkzeug", "werkzeug", "werkzeug_server", "a thread each",
                   requires=("werkzeug",)),
        ServeModel("gunicorn-sync", "gunicorn sync", "gunicorn_server", "4 processes",
                   function="run_sync", requires=("gunicorn",)),
        ServeModel("gunicorn-gthread", "gunicorn gthread", "gunicorn_server", "2 × 2 threads",
                   function="run_gthread", requires=("gunicorn",)),
        ServeModel("gunicorn-gevent", "gunicorn gevent", "gunicorn_server", "2 × greenlets",
                   function="run_gevent", requires=("gunicorn", "gevent")),
        ServeModel("nginx", "nginx, gunicorn sync", "nginx", "4 processes",
                   requires=("gunicorn",), checks_machine=True),
        ServeModel("uwsgi", "uWSGI", "uwsgi", "4 processes", requires=("pyuwsgi",)),
        ServeModel("tornado", "tornado", "tornado_server", "coroutines", requires=("tornado",)),
        ServeModel("twisted", "twisted.web", "twisted_server", "deferreds"),
        ServeModel("uvicorn", "uvicorn", "uvicorn_server", "coroutines", requires=("uvicorn",)),
        ServeModel("gunicorn-uvicorn", "gunicorn, uvicorn", "gunicorn_server", "2 × coroutines",
                   function="run_uvicorn", requires=("gunicorn", "uvicorn_worker")),
    )
}  # fmt: skip
