"""Sends signals at the cost of their receivers.

Scrapy looks up a signal's receivers, and the parameters of each, anew every time, and makes a task
for each receiver of an asynchronous signal.
"""

from __future__ import annotations

import asyncio
import logging
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from pydispatch import dispatcher, robustapply  # type: ignore[import-untyped]
from scrapy.exceptions import StopDownload
from scrapy.utils.defer import ensure_awaitable
from scrapy.utils.python import global_object_name
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import CodeType

    from scrapy.signalmanager import SignalManager

    Receiver = Callable[..., Any]

logger = logging.getLogger("scrapy.utils.signal")  # where Scrapy logs a receiver's error

_TAKES_ALL = 8  # the code flag of **kwargs


def has_listener(manager: SignalManager, signal: object) -> bool:
    """Return whether anyone listens to ``signal``."""
    own = dispatcher.connections.get(id(manager.sender))
    if own and (own.get(signal) or own.get(dispatcher.Any)):
        return True
    of_all = dispatcher.connections.get(id(dispatcher.Any))
    return bool(of_all and (of_all.get(signal) or of_all.get(dispatcher.Any)))


class QuickSignals:
    """Does what the methods of ``manager`` do, for the same receivers in the same order."""

    def __init__(self, manager: SignalManager) -> None:
        self._manager = manager
        # By the id of the receiver's code and whether it is a method. The code is kept, so that no
        # other gets its id; the receiver is not: SignalManager.wait_for makes a new one per call.
        self._parameters: dict[tuple[int, bool], tuple[CodeType, frozenset[str] | None]] = {}

    def install(self) -> None:
        """Replace the manager's methods for sending."""
        manager = self._manager
        manager.send_catch_log = self.send  # type: ignore[method-assign]
        manager.send_catch_log_async = self.send_async  # type: ignore[method-assign]

    def send(self, signal: object, **named: Any) -> list[tuple[Any, Any]]:
        """Send ``signal``; return each receiver and its result, or the Failure of what it raised.

        dont_log: an exception class, or several, which are not logged.
        """
        if "sender" not in named and not has_listener(self._manager, signal):
            return []
        sender, silent, named = self._taken_out(signal, named)
        spider = named.get("spider")
        results = []
        for receiver in _receivers(sender, signal):
            result: Any
            try:
                result = self._call(receiver, named)
            except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
                result = Failure()  # type: ignore[no-untyped-call]
                if not isinstance(exc, (*silent, StopDownload)):
                    _log_error(receiver, exc, spider)
            else:
                if result is not None and isinstance(result, Deferred):
                    logger.error(
                        "Cannot return deferreds from signal handler: %(receiver)s",
                        {"receiver": receiver},
                        extra={"spider": spider},
                    )
            results.append((receiver, result))
        return results

    async def send_async(self, signal: object, **named: Any) -> list[tuple[Any, Any]]:
        """Send ``signal`` and wait for all receivers; errors are returned as exceptions.

        dont_log: an exception class, or several, which are not logged.
        """
        if "sender" not in named and not has_listener(self._manager, signal):
            return []
        sender, silent, named = self._taken_out(signal, named)
        spider = named.get("spider")
        # Everyone who listens now is called, even if a receiver disconnects another.
        receivers = list(_receivers(sender, signal))
        outcomes: list[Any] = []
        waits: list[Awaitable[Any]] = []
        for receiver in receivers:
            if waits:
                # As in Scrapy, it is called after the first step of the coroutines before it.
                later = self._call_later(receiver, named)
                waits.append(_outcome(receiver, later, silent, spider))
                continue
            try:
                outcome = self._call(receiver, named)
            except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
                outcome = exc
                if not isinstance(exc, silent):
                    _log_error(receiver, exc, spider)
            if outcome is None or not (isinstance(outcome, Deferred) or isawaitable(outcome)):
                outcomes.append(outcome)  # as nearly all
            else:
                waits.append(_outcome(receiver, outcome, silent, spider))
        if waits:
            outcomes += await asyncio.gather(*waits, return_exceptions=True)
        return list(zip(receivers, outcomes, strict=True))

    def _taken_out(
        self, signal: object, named: dict[str, Any]
    ) -> tuple[object, tuple[type[Exception], ...], dict[str, Any]]:
        """Return the sender, what is not logged, and all that receivers may ask for."""
        silent = named.pop("dont_log", ())
        if isinstance(silent, type):
            silent = (silent,)
        sender = named.pop("sender", self._manager.sender)
        return sender, tuple(silent), {"signal": signal, "sender": sender, **named}

    def _call(self, receiver: Receiver, named: dict[str, Any]) -> Any:
        # As pydispatch's robustApply does, which looks at the receiver anew on every call.
        function = getattr(receiver, "__func__", receiver)
        code = getattr(function, "__code__", None)
        if code is None:
            return robustapply.robustApply(receiver, **named)
        is_method = function is not receiver
        try:
            _, accepted = self._parameters[id(code), is_method]
        except KeyError:
            accepted = _parameters(code, is_method)
            self._parameters[id(code), is_method] = code, accepted
        if accepted is None:
            return receiver(**named)
        return receiver(**{name: named[name] for name in accepted if name in named})

    async def _call_later(self, receiver: Receiver, named: dict[str, Any]) -> Any:
        return await _awaitable(receiver, self._call(receiver, named))


def _parameters(code: CodeType, is_method: bool) -> frozenset[str] | None:
    """Return the names of the arguments that ``code`` takes; None if it takes any."""
    if code.co_flags & _TAKES_ALL:
        return None
    return frozenset(code.co_varnames[is_method : code.co_argcount])


def _receivers(sender: object, signal: object) -> Iterator[Receiver]:
    """Yield those whom pydispatch would call, in its order."""
    own = dispatcher.connections.get(id(sender))
    if own and dispatcher.Any not in own and id(dispatcher.Any) not in dispatcher.connections:
        references = own.get(signal, ())  # as nearly always: nobody listens to all
    else:
        references = dispatcher.getAllReceivers(sender, signal)
    receivers: Iterator[Receiver] = dispatcher.liveReceivers(references)
    return receivers


async def _outcome(
    receiver: Receiver, result: Any, silent: tuple[type[Exception], ...], spider: Any
) -> Any:
    try:
        return await _awaitable(receiver, result)
    except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
        if not isinstance(exc, silent):
            _log_error(receiver, exc, spider)
        return exc


def _awaitable(receiver: Receiver, result: Any) -> Awaitable[Any]:
    # Scrapy asks for the name each time, so a receiver without one (an object with __call__) fails.
    name = global_object_name(receiver) if isinstance(result, Deferred) else None
    return ensure_awaitable(result, _warn=name)


def _log_error(receiver: Receiver, exc: Exception, spider: Any) -> None:
    logger.error(
        "Error caught on signal handler: %(receiver)s",
        {"receiver": receiver},
        exc_info=exc,
        extra={"spider": spider},
    )
