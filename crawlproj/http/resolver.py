"""Name lookups: getaddrinfo on threads of their own, judged by the address guard."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from aiohttp.abc import AbstractResolver, ResolveResult

from crawlproj.errors import AddressRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.http.guard import Guard

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Resolver(AbstractResolver):
    """Resolves with the system's getaddrinfo, at most ``threads`` lookups at once.

    A name that answers with refused and allowed addresses keeps the allowed ones, and only those
    are ever connected to; a name with none left raises AddressRefused. A lookup that takes longer
    than ``timeout_s`` fails for its request and goes on in its thread, so that one slow name
    delays others only when ``threads`` of them are stuck.
    """

    def __init__(self, *, timeout_s: float, threads: int, guard: Guard | None) -> None:
        self._timeout_s = timeout_s
        self._threads = DaemonThreads(threads, "dns")
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the allowed addresses of ``host``.

        Raises OSError if it does not resolve in time and AddressRefused if nothing is allowed.
        """
        lookup = partial(
            socket.getaddrinfo,
            host,
            port,
            family=family,
            type=socket.SOCK_STREAM,
            flags=socket.AI_ADDRCONFIG,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                loop = asyncio.get_running_loop()
                answers = await loop.run_in_executor(self._threads, lookup)
        except TimeoutError:
            raise socket.gaierror(
                socket.EAI_AGAIN, f"{host}: no answer within {self._timeout_s} seconds"
            ) from None
        except UnicodeError as exc:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is no host name: {exc}") from exc
        found: list[ResolveResult] = []
        refused: AddressRefused | None = None
        for answer_family, _, proto, _, sockaddr in answers:
            address = str(sockaddr[0])
            try:
                if self._guard is not None:
                    self._guard.check(address)
            except AddressRefused as exc:
                refused = exc
                continue
            found.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=answer_family,
                    proto=proto,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        if not found and refused is not None:
            raise AddressRefused(f"{host} resolves to {refused}")
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
        return found

    async def close(self) -> None:
        """Let the threads end. Does not wait for a lookup that hangs."""
        self._threads.shutdown(wait=False)


class DaemonThreads(Executor):
    """At most ``limit`` threads, started as needed, that never keep the process from exiting.

    concurrent.futures.ThreadPoolExecutor joins its threads at exit: one lookup at a dead name
    server would hold up a shutdown for half a minute.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._work = queue.SimpleQueue()
        self._threads = 0
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run ``fn`` on a thread as soon as one is free. Called from one thread only."""
        future: Future[_T] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False) and self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """End the threads when they have nothing left to do. Never waits."""
        for _ in range(self._threads):
            self._work.put(None)
        self._threads = 0

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            future, call = work
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as exc:  # noqa: BLE001 - it belongs to whoever awaits it
                    future.set_exception(exc)
            del work, future, call
            self._idle.release()
