"""Events are made once for all who watch the same page, and for nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from crawlproj.serve.dashboard import feeds
from crawlproj.serve.dashboard.feeds import Feeds
from crawlproj.serve.web.problems import Problem
from tests.frontier.virtual import run_virtually

if TYPE_CHECKING:
    from collections.abc import Mapping


class Maker:
    """Makes a fragment that counts, and one that stays."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self) -> Mapping[str, str]:
        self.made += 1
        return {"count": str(self.made), "title": "same"}


def read(event: bytes) -> dict[str, str]:
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    found: dict[str, str] = json.loads(event[6:])
    return found


def test_the_first_event_has_everything_and_the_next_ones_what_changed() -> None:
    async def watch() -> None:
        stream = Feeds(0.0).watch("page", Maker())
        first, second = read(await anext(stream)), read(await anext(stream))
        assert first.keys() == {"count", "title"}
        assert second.keys() == {"count"}
        await stream.aclose()

    run_virtually(watch())


def test_five_viewers_cost_as_much_as_one() -> None:
    async def watch() -> None:
        maker, shared = Maker(), Feeds(3600.0)
        streams = [shared.watch("page", maker) for _ in range(5)]
        events = [read(await anext(stream)) for stream in streams]
        assert events == [{"count": "1", "title": "same"}] * 5
        for stream in streams:
            await stream.aclose()

    run_virtually(watch())


def test_nothing_is_made_once_nobody_watches() -> None:
    async def watch() -> None:
        maker, shared = Maker(), Feeds(0.0)
        stream = shared.watch("page", maker)
        await anext(stream)
        await stream.aclose()
        made = maker.made
        await asyncio.sleep(0.25)
        assert maker.made == made

    run_virtually(watch())


def test_streams_end_when_the_server_does() -> None:
    async def watch() -> None:
        shared = Feeds(3600.0)
        stream = shared.watch("page", Maker())
        await anext(stream)
        rest = asyncio.ensure_future(anext(stream, b"ended"))
        await asyncio.sleep(0)
        shared.end()
        assert await rest == b"ended"

    run_virtually(watch())


def test_too_many_viewers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_VIEWERS", 1)

    async def watch() -> None:
        shared = Feeds(3600.0)
        stream = shared.watch("page", Maker())
        await anext(stream)
        with pytest.raises(Problem, match="1 pages are watched already"):
            await anext(shared.watch("page", Maker()))
        await stream.aclose()
        again = shared.watch("page", Maker())
        await anext(again)
        await again.aclose()

    run_virtually(watch())


def test_a_feed_goes_on_after_a_frontier_that_could_not_be_read() -> None:
    calls = 0

    async def make() -> Mapping[str, str]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Problem(503, "no-frontier", "x")  # type: ignore[arg-type]
        return {"a": "b"}

    async def watch() -> None:
        stream = Feeds(0.0).watch("page", make)
        assert read(await anext(stream)) == {"a": "b"}
        await stream.aclose()

    run_virtually(watch())
