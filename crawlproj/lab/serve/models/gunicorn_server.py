"""gunicorn with its several kinds of workers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.lab.serve.service import Service

WSGI = "crawlproj.lab.serve.applications.wsgi:application"
ASGI = "crawlproj.lab.serve.applications.asgi:application"


def command(bind: str, application: str, *words: str) -> list[str]:
    """Return what starts gunicorn. bind: host and port, or "unix:" and a path."""
    return [
        sys.executable, "-m", "gunicorn", "--bind", bind, "--log-level", "error",
        "--no-control-socket", *words, application,
    ]  # fmt: skip


def sync(bind: str, places: int) -> list[str]:
    """Return what starts it with a process for each query at a time."""
    return command(bind, WSGI, "--worker-class", "sync", "--workers", str(places))


def run_sync(service: Service) -> None:
    """Become gunicorn: a process for each query at a time."""
    _become(sync(f"127.0.0.1:{service.port}", service.places))


def run_gthread(service: Service) -> None:
    """Become gunicorn: two processes that share the places out, each a pool of threads."""
    threads = str(service.places // 2)
    _two(service, WSGI, "--worker-class", "gthread", "--threads", threads)


def run_gevent(service: Service) -> None:
    """Become gunicorn: two processes, a greenlet a query, the blocking code patched."""
    _two(service, WSGI, "--worker-class", "gevent")


def run_uvicorn(service: Service) -> None:
    """Become gunicorn: two processes, a coroutine a query."""
    _two(service, ASGI, "--worker-class", "uvicorn_worker.UvicornWorker")


def _two(service: Service, application: str, *words: str) -> None:
    _become(command(f"127.0.0.1:{service.port}", application, "--workers", "2", *words))


def _become(words: list[str]) -> None:
    os.execv(words[0], words)  # noqa: S606 - our own
