"""The steps in which a callback's code runs: a function, generator, coroutine or async generator.

Between its steps, code awaits something, or waits to be asked for its next value.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence

T = TypeVar("T")


class Watch(Protocol):
    """Learns when the code of one callback runs."""

    def begin(self) -> None:
        """A step begins."""

    def end(self) -> None:
        """The step has ended."""

    def close(self) -> None:
        """The last step has ended; called once."""


class Steps:
    """Runs the code of one callback, and lets ``watches`` know; the first is the outermost."""

    __slots__ = ("_begins", "_closes", "_ends")

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._begins = [watch.begin for watch in watches]
        self._ends = [watch.end for watch in reversed(watches)]
        self._closes = [watch.close for watch in reversed(watches)]

    def begin(self) -> None:
        """A step begins."""
        for begin in self._begins:
            begin()

    def end(self) -> None:
        """The step has ended."""
        for end in self._ends:
            end()

    def close(self) -> None:
        """The code has ended."""
        for close in self._closes:
            close()

    def called(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        """Call ``function`` in one step."""
        self.begin()
        try:
            return function(*args, **named)
        finally:
            self.end()

    def awaited(self, awaitable: Awaitable[T]) -> Awaitable[T]:
        """Wrap ``awaitable``."""
        return _Awaited(awaitable, self)

    def iterated(self, values: Iterable[T]) -> Iterator[T]:
        """Yield ``values``, each in a step, and close."""
        begins, ends = self._begins, self._ends
        try:
            iterator = iter(values)
            while True:
                for begin in begins:
                    begin()
                try:
                    value = next(iterator)
                except StopIteration:
                    return
                finally:
                    for end in ends:
                        end()
                yield value
        finally:
            self.close()

    def async_iterated(self, values: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield ``values`` and close."""
        return _AsyncIterated(values, self)


class _Awaited(Generic[T]):
    def __init__(self, awaitable: Awaitable[T], steps: Steps) -> None:
        self._awaitable = awaitable
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, T]:
        """Do what ``yield from`` does (PEP 380), in steps."""
        inner = self._awaitable.__await__()
        step: Callable[[], Any] = partial(next, inner)
        while True:
            try:
                yielded = self._steps.called(step)
            except StopIteration as end:
                return cast("T", end.value)
            try:
                sent = yield yielded
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as exc:  # noqa: BLE001 - passes cancellation on too
                step = partial(inner.throw, exc)
            else:
                step = partial(next, inner) if sent is None else partial(inner.send, sent)


class _AsyncIterated(AsyncIterator[T]):
    def __init__(self, values: AsyncIterator[T], steps: Steps) -> None:
        self._values = values
        self._steps = steps
        self._closed = False

    async def __anext__(self) -> T:
        try:
            return await self._steps.awaited(self._values.__anext__())
        except BaseException:  # StopAsyncIteration above all
            if not self._closed:  # Scrapy may ask again after an exception
                self._closed = True
                self._steps.close()
            raise
