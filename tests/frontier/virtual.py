"""An event loop whose clock jumps to the next timer, so that hours of waiting pass at once."""

from __future__ import annotations

import asyncio
import selectors
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Advances the clock where an event loop would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("all tasks wait, and no timer will wake one")
            self.now += max(0.0, timeout)
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def pass_time(self, seconds: float) -> None:
        self._jumping.now += seconds


def now() -> float:
    """Return the time of the running loop."""
    return asyncio.get_running_loop().time()


def stall(seconds: float) -> None:
    """Let time pass as if a callback had kept the running loop busy."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _VirtualLoop)
    loop.pass_time(seconds)


def run_virtually(coroutine: Coroutine[None, None, T]) -> T:
    """Run ``coroutine`` in such a loop, in a thread of its own as ``helpers.run`` does."""

    def work() -> T:
        with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
            return runner.run(coroutine)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
