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
    from collections.abc import Awaitable, Callable

    from scrapy.signalmanager import SignalManager

    Receiver = Callable[..., Any]

logger = logging.getLogger("scrapy.utils.signal")  # where Scrapy logs a receiver's error

_TAKES_ALL = 8  # the code flag of **kwargs


def has_listener(manager: SignalManager, signal: object) -> bool:
    """Return whether anyone listens to ``signal``."""
    connections = dispatcher.connections
    for sender in (manager.sender, dispatcher.Any):
        receivers = connections.get(id(sender))
        if receivers and (receivers.get(signal) or receivers.get(dispatcher.Any)):
            return True
    return False


class QuickSignals:
    """Does what the methods of ``manager`` do, for the same receivers in the same order."""

    def __init__(self, manager: SignalManager) -> None:
        self._manager = manager
        # A crawl has few receivers, and they live as long as it does.
        self._parameters: dict[Receiver, frozenset[str] | None] = {}

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
        sender, silent, spider = self._taken_out(named)
        results = []
        for receiver in _receivers(sender, signal):
            result: Any
            try:
                result = self._call(receiver, named, signal, sender)
            except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
                result = Failure()  # type: ignore[no-untyped-call]
                if not isinstance(exc, (*silent, StopDownload)):
                    _log_error(receiver, exc, spider)
            else:
                if isinstance(result, Deferred):
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
        sender, silent, spider = self._taken_out(named)
        results: list[tuple[Any, Any]] = []
        waits: dict[int, Awaitable[Any]] = {}
        for receiver in _receivers(sender, signal):
            result: Any
            try:
                result = self._call(receiver, named, signal, sender)
            except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
                result = exc
                if not isinstance(exc, silent):
                    _log_error(receiver, exc, spider)
            else:
                if isinstance(result, Deferred) or isawaitable(result):
                    waits[len(results)] = _outcome(receiver, result, silent, spider)
            results.append((receiver, result))
        if waits:
            outcomes = await asyncio.gather(*waits.values(), return_exceptions=True)
            for index, outcome in zip(waits, outcomes, strict=True):
                results[index] = results[index][0], outcome
        return results

    def _taken_out(self, named: dict[str, Any]) -> tuple[object, tuple[type[Exception], ...], Any]:
        silent = named.pop("dont_log", ())
        if not isinstance(silent, (tuple, list)):
            silent = (silent,)
        return named.pop("sender", self._manager.sender), tuple(silent), named.get("spider")

    def _call(
        self, receiver: Receiver, named: dict[str, Any], signal: object, sender: object
    ) -> Any:
        # What pydispatch's robustApply does, which reads the function's code on every call.
        function = getattr(receiver, "__func__", receiver)
        try:
            accepted = self._parameters[function]
        except KeyError:
            accepted = self._parameters[function] = _parameters(receiver)
        named = {**named, "signal": signal, "sender": sender}
        if accepted is None:
            return receiver(**named)
        return receiver(**{name: named[name] for name in accepted if name in named})


def _parameters(receiver: Receiver) -> frozenset[str] | None:
    """Return the names of the arguments that ``receiver`` takes; None if it takes any."""
    _, code, bound = robustapply.function(receiver)
    if code.co_flags & _TAKES_ALL:
        return None
    return frozenset(code.co_varnames[bound : code.co_argcount])


def _receivers(sender: object, signal: object) -> list[Receiver]:
    return list(dispatcher.liveReceivers(dispatcher.getAllReceivers(sender, signal)))


async def _outcome(
    receiver: Receiver, result: Any, silent: tuple[type[Exception], ...], spider: Any
) -> Any:
    try:
        return await ensure_awaitable(result, _warn=global_object_name(receiver))
    except Exception as exc:  # noqa: BLE001 - one receiver must not keep it from others
        if not isinstance(exc, silent):
            _log_error(receiver, exc, spider)
        return exc


def _log_error(receiver: Receiver, exc: Exception, spider: Any) -> None:
    logger.error(
        "Error caught on signal handler: %(receiver)s",
        {"receiver": receiver},
        exc_info=exc,
        extra={"spider": spider},
    )
