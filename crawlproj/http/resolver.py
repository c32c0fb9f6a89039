"""Name lookups: getaddrinfo on its own threads, checked by the address guard."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from collections import OrderedDict
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from aiohttp.abc import AbstractResolver, ResolveResult

from crawlproj.bounded import put
from crawlproj.errors import AddressRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.http.guard import Guard

_MOMENT_S = 0.05  # a lookup that takes longer counts no longer for the number of threads
_MAX_THREADS = 2_048
_NO_NAME_S, _NO_ANSWER_S = 30.0, 1.0  # how long a failure is remembered
_MAX_FAILURES = 10_000
# Addresses for documentation (RFC 5737, RFC 3849), which are nobody's.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Resolver(AbstractResolver):
    """Resolves names with the system's getaddrinfo, up to ``threads`` lookups at a time.

    Drops the addresses that the guard refuses, so that none of them is ever connected to. A lookup
    that takes longer than ``timeout_s`` fails its request but stays in its thread. One that takes
    longer than a moment counts no longer for ``threads``, so names whose servers are silent do not
    keep others waiting. A failure is remembered for some seconds.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        threads: int,
        guard: Guard | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_s = timeout_s
        self._threads = DaemonThreads(threads, "dns")
        self._guard = guard
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, socket.gaierror]] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of ``host`` that the guard allows.

        Raises OSError if it does not resolve in time and AddressRefused if it has only refused
        addresses.
        """
        if (known := self._failures.get(host)) is not None and self._clock() < known[0]:
            raise socket.gaierror(*known[1].args)
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
                answers = await self._look_up(lookup)
        except TimeoutError:
            error = socket.gaierror(
                socket.EAI_AGAIN, f"{host}: no answer within {self._timeout_s} seconds"
            )
            raise self._remembered(host, error) from None
        except socket.gaierror as exc:
            if exc.errno == socket.EAI_NONAME and not has_route():
                exc = socket.gaierror(socket.EAI_AGAIN, "the network is unreachable")
            raise self._remembered(host, exc) from None
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
            raise AddressRefused(f"{host} has an address that is refused: {refused}")
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
        return found

    async def _look_up(self, lookup: Callable[[], _T]) -> _T:
        future = self._threads.submit(lookup)
        asyncio.get_running_loop().call_later(_MOMENT_S, self._exempt_slow, future)
        return await asyncio.wrap_future(future)

    def _exempt_slow(self, future: Future[Any]) -> None:
        if future.running():
            self._threads.exempt(future)
        elif not future.done():  # it still waits for a thread
            asyncio.get_running_loop().call_later(_MOMENT_S, self._exempt_slow, future)

    def forget_passing_failures(self) -> None:
        """Look names up again that failed because no name server answered."""
        for host, (_, error) in list(self._failures.items()):
            if error.errno != socket.EAI_NONAME:
                del self._failures[host]

    def _remembered(self, host: str, error: socket.gaierror) -> socket.gaierror:
        final = error.errno == socket.EAI_NONAME
        until = self._clock() + (_NO_NAME_S if final else _NO_ANSWER_S)
        put(self._failures, host, (until, error), _MAX_FAILURES)
        return error

    async def close(self) -> None:
        """Stop the threads, without waiting for lookups that hang."""
        self._threads.shutdown(wait=False)


def has_route() -> bool:
    """Whether this machine has a route to other networks. Sends nothing.

    Without one, getaddrinfo may say that a name does not exist.
    """
    for family, address in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
        except OSError:
            continue
        return True
    return False


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
        self._counting = threading.Lock()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run ``fn`` as soon as a thread is free. Call this from one thread only."""
        future: Future[_T] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            self._start_thread()
        return future

    def exempt(self, future: Future[Any]) -> None:
        """Do not count the work of ``future`` for the number of threads until it is done."""
        with self._counting:
            self._max_threads += 1
        future.add_done_callback(self._count_again)
        if not self._work.empty():
            self._start_thread()

    def _count_again(self, _: Future[Any]) -> None:
        with self._counting:
            self._max_threads -= 1

    def _start_thread(self) -> None:
        if self._threads < min(self._max_threads, _MAX_THREADS):
            self._threads += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

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
