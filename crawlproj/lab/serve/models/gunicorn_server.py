"""gunicorn, with each of its kinds of workers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service

WSGI = "crawlproj.lab.serve.service.wsgi:application"
ASGI = "crawlproj.lab.serve.service.asgi:application"


def gunicorn_command(bind: str, application: str, *options: str) -> list[str]:
    """Return the command that starts gunicorn. bind: host:port, or "unix:" and a path."""
    return [
        sys.executable, "-m", "gunicorn", "--bind", bind, "--log-level", "error",
        "--no-control-socket", *options, application,
    ]  # fmt: skip


def sync_command(bind: str, slots: int) -> list[str]:
    """Return the command that starts gunicorn with a process for each slot."""
    return gunicorn_command(bind, WSGI, "--worker-class", "sync", "--workers", str(slots))


def run_sync(service: Service) -> None:
    """Replace this process by gunicorn with a process for each slot."""
    _become(sync_command(f"127.0.0.1:{service.port}", service.slots))


def run_gthread(service: Service) -> None:
    """Replace this process by gunicorn with two processes, whose threads share the slots."""
    threads = str(service.slots // 2)
    _run_two(service, WSGI, "--worker-class", "gthread", "--threads", threads)


def run_gevent(service: Service) -> None:
    """Replace this process by gunicorn with two processes and a greenlet per query."""
    _run_two(service, WSGI, "--worker-class", "gevent")


def run_uvicorn(service: Service) -> None:
    """Replace this process by gunicorn with two processes and a coroutine per query."""
    _run_two(service, ASGI, "--worker-class", "uvicorn_worker.UvicornWorker")


def _run_two(service: Service, application: str, *options: str) -> None:
    _become(gunicorn_command(f"127.0.0.1:{service.port}", application, "--workers", "2", *options))


def _become(command: list[str]) -> None:
    os.execv(command[0], command)  # noqa: S606 - our own
