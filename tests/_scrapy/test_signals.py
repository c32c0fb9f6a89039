"""Signals, sent by Scrapy's functions and by QuickSignals to the same receivers."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydispatch import dispatcher  # type: ignore[import-untyped]
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.signalmanager import SignalManager
from twisted.internet.defer import succeed
from twisted.python.failure import Failure

from crawlproj._scrapy.signals import QuickSignals, has_listener
from tests.frontier.helpers import run
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

# Scrapy warns about a receiver that returns a Deferred.
pytestmark = pytest.mark.filterwarnings("ignore::scrapy.exceptions.ScrapyDeprecationWarning")


class Listeners:
    """Receivers of each kind, which note what they are called with."""

    def __init__(self, connections: list[Connection]) -> None:
        self.manager = SignalManager(self)
        self.signal = object()
        self.seen: list[object] = []
        self.connected: list[tuple[Any, dict[str, Any]]] = []
        for number, connection in enumerate(connections):
            receiver = self._kinds(number)[connection.kind]
            to = {
                "signal": dispatcher.Any if connection.any_signal else self.signal,
                "sender": dispatcher.Any if connection.any_sender else self,
                "weak": connection.weak or connection.kind == "dead",
            }
            dispatcher.connect(receiver, **to)
            # A receiver that nobody keeps dies, if it is connected weakly.
            self.connected.append((None if connection.kind == "dead" else receiver, to))

    def disconnect(self, number: int) -> None:
        receiver, to = self.connected[number]
        if receiver is not None:
            dispatcher.disconnect(receiver, **to)
            self.connected[number] = (None, to)

    def _note(self, number: int, **named: object) -> int:
        own = {id(self): "sender", id(self.signal): "signal"}
        self.seen.append((number, [(name, own.get(id(it), it)) for name, it in named.items()]))
        return number

    def _kinds(self, number: int) -> dict[str, Callable[..., Any]]:
        note = functools.partial(self._note, number)

        class Methods:
            def some(self, item: object, spider: object) -> object:
                return note(item=item, spider=spider)

        def everything(**named: object) -> object:
            return note(**named)

        def some(item: object, sender: object, signal: object) -> object:
            return note(item=item, sender=sender, signal=signal)

        def keyword_only(item: object, *, spider: object = "not given") -> object:
            return note(item=item, spider=spider)

        def missing(page: object) -> object:
            return note(page=page)

        def raises(item: object) -> object:
            note(item=item)
            raise ValueError(number)

        def ignores() -> object:
            note()
            raise IgnoreRequest(str(number))

        def stops() -> object:
            raise StopDownload(fail=False)

        def deferred() -> object:
            note()
            return succeed(number)

        def disconnects() -> object:
            note()
            if number + 1 < len(self.connected):
                self.disconnect(number + 1)
            return None

        async def coroutine(item: object) -> object:
            note(item=item)
            await asyncio.sleep(0)
            return note(item="again")

        async def coroutine_raises() -> object:
            note()
            await asyncio.sleep(0)
            raise KeyError(number)

        async def coroutine_ignores() -> object:
            raise IgnoreRequest(str(number))

        return {
            "everything": everything,
            "some": some,
            "dead": some,
            "keyword only": keyword_only,
            "missing": missing,
            "method": Methods().some,
            "partial": functools.partial(everything),
            "raises": raises,
            "ignores": ignores,
            "stops": stops,
            "deferred": deferred,
            "disconnects": disconnects,
            "coroutine": coroutine,
            "coroutine raises": coroutine_raises,
            "coroutine ignores": coroutine_ignores,
        }


KINDS = sorted(Listeners([])._kinds(0))


@dataclass(frozen=True)
class Connection:
    """The kind of a receiver, and what it is connected to."""

    kind: str
    weak: bool = True
    any_sender: bool = False
    any_signal: bool = False


connections = st.lists(
    st.builds(Connection, st.sampled_from(KINDS), *[st.booleans()] * 3), max_size=6
)
extras = st.sampled_from(
    [{}, {"dont_log": IgnoreRequest}, {"dont_log": [ValueError, KeyError]}, {"spider": "other"}]
)


class Logged(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[object] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        self.lines.append((shown(text), record.levelname, shown(error), vars(record)["spider"]))


def shown(outcome: object) -> str:
    """Return what ``outcome`` says, without the addresses of objects."""
    if isinstance(outcome, Failure):
        outcome = ["a failure", outcome.value]
    return re.sub(r"0x[0-9a-f]+|current result: .*", "", repr(outcome))


async def observed(
    listed: list[Connection], extra: dict[str, Any], *, quick: bool, asynchronous: bool
) -> list[object]:
    """Return what is called, returned and logged, for a signal that is sent twice."""
    listeners = Listeners(listed)
    if quick:
        QuickSignals(listeners.manager).install()
    logged = Logged()
    logger = logging.getLogger("scrapy.utils.signal")
    logger.addHandler(logged)
    results = []
    try:
        for item in ("first", "second"):
            named = {"item": item, "spider": "spider", **extra}
            if asynchronous:
                sent = await listeners.manager.send_catch_log_async(listeners.signal, **named)
            else:
                sent = listeners.manager.send_catch_log(listeners.signal, **named)
            names = [getattr(receiver, "__qualname__", "") for receiver, _ in sent]
            results.append((names, [shown(outcome) for _, outcome in sent]))
            for _, outcome in sent:
                if asyncio.iscoroutine(outcome):
                    outcome.close()
    finally:
        logger.removeHandler(logged)
        for number in range(len(listed)):
            listeners.disconnect(number)
    return [listeners.seen, results, logged.lines]


@examples(100)
@given(listed=connections, extra=extras, asynchronous=st.booleans())
def test_receivers_are_called_and_their_errors_logged_as_by_scrapy(
    listed: list[Connection], extra: dict[str, Any], asynchronous: bool
) -> None:
    scrapys = run(observed(listed, extra, quick=False, asynchronous=asynchronous))
    assert run(observed(listed, extra, quick=True, asynchronous=asynchronous)) == scrapys


def test_a_receiver_is_called_after_the_first_step_of_the_coroutine_before_it() -> None:
    listed = [Connection("coroutine"), Connection("everything")]
    seen, *_ = run(observed(listed, {}, quick=True, asynchronous=True))
    assert isinstance(seen, list)
    assert [number for number, _ in seen[:3]] == [0, 1, 0]


def test_a_receiver_that_is_gone_is_not_kept_alive() -> None:
    listeners = Listeners([])
    QuickSignals(listeners.manager).install()
    for _ in range(3):
        held: list[object] = []

        def closure(item: object, held: list[object] = held) -> None:
            held.append(item)

        listeners.manager.connect(closure, listeners.signal)
        assert len(listeners.manager.send_catch_log(listeners.signal, item=1)) == 1
        assert held == [1]
        del closure
    assert listeners.manager.send_catch_log(listeners.signal, item=1) == []


def test_an_object_that_can_be_called_is_a_receiver_of_either_kind_of_signal() -> None:
    class Receiver:
        async def __call__(self, item: object) -> object:
            return item

    listeners, receiver = Listeners([]), Receiver()
    QuickSignals(listeners.manager).install()
    listeners.manager.connect(receiver, listeners.signal)
    sending: Coroutine[Any, Any, Any] = listeners.manager.send_catch_log_async(
        listeners.signal, item=7
    )
    assert run(sending) == [(receiver, 7)]


def test_a_signal_has_a_listener_only_while_one_is_connected_to_it_or_to_any() -> None:
    listeners = Listeners([])
    assert not has_listener(listeners.manager, listeners.signal)
    for connection in (
        Connection("some"),
        Connection("some", any_sender=True),
        Connection("some", any_signal=True),
        Connection("some", any_sender=True, any_signal=True),
    ):
        heard = Listeners([connection])
        assert has_listener(heard.manager, heard.signal)
        heard.disconnect(0)
        assert not has_listener(heard.manager, heard.signal)
