"""Which lane a query takes, and what everybody can see of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.limits.base import Bounds
from crawlproj.limits.fixed import Fixed
from crawlproj.serve.database.base import SQLITE, Database, DatabaseError, NotThere, Pool, Refused
from crawlproj.serve.lanes.demotions import Demotions
from crawlproj.serve.lanes.lane import Lane
from crawlproj.serve.lanes.lanes import Lanes
from crawlproj.serve.web.problems import Problem
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawlproj.serve.database.base import Connection
    from tests.frontier.helpers import Now


class Name(str):
    """A connection that is only its name."""

    __slots__ = ()

    def lag_s(self) -> float:
        return 0.0


class NamedPool(Pool):
    """Its connections are only its name."""

    def __init__(self, name: str) -> None:
        self.name: Any = Name(name)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self.name

    async def close(self) -> None: ...


def lanes(now: Now) -> Lanes:
    def lane(limit_s: float) -> Lane:
        limit = Fixed(Bounds(start=2, min=1, max=2))
        return Lane(
            limit, queue=1, patience_s=30.0, limit_s=limit_s, heavy=False, clock=time.monotonic
        )

    database = Database(SQLITE, NamedPool("fast"), NamedPool("slow"))
    return Lanes(database, lane(0.02), lane(30.0), Demotions(now))


async def name_of(connection: Any) -> str:
    return str(connection)


async def overrun(connection: Any) -> str:
    if connection == "fast":
        await asyncio.Event().wait()
    return str(connection)


def test_a_shape_that_keeps_overrunning_is_demoted_and_everybody_sees_it(now: Now) -> None:
    both = lanes(now)

    async def scene() -> None:
        for _ in range(3):
            with pytest.raises(Problem, match=r"cancelled after 0\.02 s") as raised:
                await both.fast("pages(status)", overrun)
            assert raised.value.status == 504
            assert raised.value.headers["Crawlproj-Lane"] == "fast"
        result, ran = await both.fast("pages(status)", overrun)
        assert (result, ran.headers) == ("slow", {"Crawlproj-Lane": "slow; demoted"})
        assert both.state()["demoted"] == [
            {"shape": "pages(status)", "overruns": 3, "until": now.time + 60}
        ]
        result, ran = await both.fast("pages(site)", name_of)
        assert (result, ran.headers) == ("fast", {"Crawlproj-Lane": "fast"})
        now.time += 60
        assert (await both.fast("pages(status)", name_of))[0] == "fast"
        assert both.state()["demoted"] == []

    run(scene())


def test_a_shape_that_seldom_overruns_stays_in_its_lane(now: Now) -> None:
    both = lanes(now)

    async def scene() -> None:
        for work in (overrun, overrun, *[name_of] * 19, overrun):
            with suppress(Problem):
                await both.fast("pages(status)", work)
        assert not both.is_demoted("pages(status)")

    run(scene())


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (NotThere("run a crawl"), 503, "not-there"),
        (Refused("no such column"), 400, "refused"),
        (DatabaseError("ask again"), 503, "database"),
    ],
)
def test_an_error_of_the_database_is_a_problem_that_says_what_to_do(
    now: Now, error: Exception, status: int, name: str
) -> None:
    async def fail(_: Any) -> None:
        raise error

    with pytest.raises(Problem) as raised:
        run(lanes(now).slow(fail))
    assert (raised.value.status, raised.value.name) == (status, name)
    assert raised.value.detail == str(error)
    assert ("Retry-After" in raised.value.headers) == (status == 503)


def test_a_full_lane_says_when_to_ask_again(now: Now) -> None:
    both = lanes(now)

    async def scene() -> None:
        go = asyncio.Event()

        async def wait(_: Any) -> None:
            await go.wait()

        waiting = [asyncio.ensure_future(both.slow(wait)) for _ in range(3)]
        for _ in range(3):
            await asyncio.sleep(0)  # two run, one waits
        with pytest.raises(Problem) as raised:
            await both.slow(wait)
        assert raised.value.name == "lane-full"
        assert raised.value.headers == {"Retry-After": "1", "Crawlproj-Lane": "slow"}
        go.set()
        await asyncio.gather(*waiting)

    run(scene())
