"""Name lookups: getaddrinfo on its own threads, checked by the address guard."""

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
    """Resolves names with the system's getaddrinfo, up to ``threads`` lookups at a time.

    Drops the addresses that the guard refuses, so that none of them is ever connected to. A lookup
    that takes longer than ``timeout_s`` fails its request but stays in its thread: slow names delay
    other lookups only when all ``threads`` are stuck.
    """

    def __init__(self, *, timeout_s: float, threads: int, guard: Guard | None) -> None:
        self._timeout_s = timeout_s
        self._threads = DaemonThreads(threads, "dns")
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of ``host`` that the guard allows.

        Raises OSError if it does not resolve in time and AddressRefused if it has only refused
        addresses.
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
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not a host name: {exc}") from exc
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
        """Stop the threads, without waiting for lookups that hang."""
        self._threads.shutdown(wait=False)


class DaemonThreads(Executor):
    """Up to ``max_threads`` threads, started as needed, that never keep the process from exiting.

    concurrent.futures.ThreadPoolExecutor joins its threads at exit, so one lookup at a dead name
    server would delay the shutdown by half a minute.
    """

    def __init__(self, max_threads: int, name: str) -> None:
        self._max_threads = max_threads
        self._name = name
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._work = queue.SimpleQueue()
        self._threads = 0
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run ``fn`` as soon as a thread is free. Call this from one thread only."""
        future: Future[_T] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False) and self._threads < self._max_threads:
            self._threads += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Stop the threads once the submitted work is done. Never waits."""
        for _ in range(self._threads):
            self._work.put(None)
        self._threads = 0

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            future, call = work
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as exc:  # noqa: BLE001 - raised where the future is awaited
                    future.set_exception(exc)
            del work, future, call
            self._idle.release()
