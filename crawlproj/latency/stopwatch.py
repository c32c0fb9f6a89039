"""Times a callback while it runs: a function, generator, coroutine or async generator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

T = TypeVar("T")


class Stopwatch:
    """Adds up the seconds that the wrapped code runs, without the time it awaits.

    clock: monotonic seconds.
    """

    __slots__ = ("clock", "seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.seconds = 0.0

    def awaited(self, awaitable: Awaitable[T]) -> Awaitable[T]:
        """Wrap ``awaitable`` so that each of its steps is timed."""
        return _Steps(awaitable, self)

    def iterated(self, values: Iterable[T], done: Callable[[float], None]) -> Iterator[T]:
        """Yield ``values`` and time each; then call ``done`` with the total seconds."""
        clock = self.clock
        try:
            iterator = iter(values)
            while True:
                began = clock()
                try:
                    value = next(iterator)
                except StopIteration:
                    return
                finally:
                    self.seconds += clock() - began
                yield value
        finally:
            done(self.seconds)

    def async_iterated(
        self, values: AsyncIterator[T], done: Callable[[float], None]
    ) -> AsyncIterator[T]:
        """Yield ``values`` and time their steps; then call ``done`` with the total seconds."""
        return _AsyncSteps(values, self, done)


class _Steps(Generic[T]):
    def __init__(self, awaitable: Awaitable[T], stopwatch: Stopwatch) -> None:
        self._awaitable = awaitable
        self._stopwatch = stopwatch

    def __await__(self) -> Generator[Any, Any, T]:
        """Do what ``yield from`` does (PEP 380), and read the clock around each step."""
        stopwatch, clock = self._stopwatch, self._stopwatch.clock
        inner = self._awaitable.__await__()
        step: Callable[[], Any] = partial(next, inner)
        while True:
            began = clock()
            try:
                yielded = step()
            except StopIteration as end:
                return cast("T", end.value)
            finally:
                stopwatch.seconds += clock() - began
            try:
                sent = yield yielded
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as exc:  # noqa: BLE001 - passes cancellation on too
                step = partial(inner.throw, exc)
            else:
                step = partial(next, inner) if sent is None else partial(inner.send, sent)


class _AsyncSteps(AsyncIterator[T]):
    def __init__(
        self, values: AsyncIterator[T], stopwatch: Stopwatch, done: Callable[[float], None]
    ) -> None:
        self._values = values
        self._stopwatch = stopwatch
        self._done: Callable[[float], None] | None = done

    async def __anext__(self) -> T:
        try:
            return await _Steps(self._values.__anext__(), self._stopwatch)
        except BaseException:  # StopAsyncIteration above all
            done, self._done = self._done, None  # Scrapy may ask again after an exception
            if done is not None:
                done(self._stopwatch.seconds)
            raise
