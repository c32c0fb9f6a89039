"""Admission by shape: named, bounded queries take the fast lane, all others the slow one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from crawlproj.serve.database.base import DatabaseError, NotThere, Refused
from crawlproj.serve.lanes.lane import LaneBusy, OutOfTime
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawlproj.serve.database.base import Connection, Database, Pool
    from crawlproj.serve.lanes.demotions import Demotions
    from crawlproj.serve.lanes.lane import Lane

T = TypeVar("T")
LaneName = Literal["fast", "slow"]


@dataclass(frozen=True, slots=True)
class Ran:
    """Where a query ran. demoted: it has a fast shape, which keeps overrunning."""

    lane: LaneName
    demoted: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The response headers that show it."""
        return {"Crawlproj-Lane": f"{self.lane}; demoted" if self.demoted else self.lane}


class Lanes:
    """The two lanes of a database, and which shapes are demoted."""

    def __init__(self, database: Database, fast: Lane, slow: Lane, demotions: Demotions) -> None:
        self.database = database
        self._fast = fast
        self._slow = slow
        self._demotions = demotions

    async def fast(self, shape: str, work: Callable[[Connection], Awaitable[T]]) -> tuple[T, Ran]:
        """Return the result of ``work`` with a connection of the fast lane, and where it ran.

        A shape that is demoted runs in the slow lane.

        shape: what kinds of queries are told apart: an endpoint and which of its filters are given.

        Raises Problem if it is not admitted, out of time, or the database refuses.
        """
        if self._demotions.is_demoted(shape):
            return await self._run(Ran("slow", demoted=True), work)
        try:
            ended = await self._run(Ran("fast"), work)
        except Problem as exc:
            if isinstance(exc.__cause__, OutOfTime):
                self._demotions.ran(shape, overran=True)
            raise
        self._demotions.ran(shape, overran=False)
        return ended

    def is_demoted(self, shape: str) -> bool:
        """Return whether ``shape`` takes the slow lane now."""
        return self._demotions.is_demoted(shape)

    async def slow(
        self, work: Callable[[Connection], Awaitable[T]], *, ahead: bool = False
    ) -> tuple[T, Ran]:
        """Return the result of ``work`` with a connection of the slow lane; as ``fast``.

        ahead: for the server's own work, such as counts that many clients wait for.
        """
        return await self._run(Ran("slow"), work, ahead=ahead)

    async def _run(
        self, where: Ran, work: Callable[[Connection], Awaitable[T]], *, ahead: bool = False
    ) -> tuple[T, Ran]:
        try:
            if where.lane == "fast":
                return await _turn(self._fast, self.database.fast, work), where
            return await _turn(self._slow, self.database.slow, work, ahead=ahead), where
        except Problem as exc:
            exc.headers |= where.headers
            raise

    def state(self) -> dict[str, Any]:
        """Return both lanes and the demoted shapes, in JSON's types."""
        return {
            "fast": asdict(self._fast.state()),
            "slow": asdict(self._slow.state()),
            "demoted": [
                {"shape": each.shape, "overruns": each.overruns, "until": each.until}
                for each in self._demotions.now()
            ],
        }


async def _turn(
    lane: Lane, pool: Pool, work: Callable[[Connection], Awaitable[T]], *, ahead: bool = False
) -> T:
    try:
        async with lane.turn(ahead=ahead), pool.connection() as connection:
            # Connecting is not the query's fault, so it does not count.
            return await lane.run(lambda: work(connection), connection.lag_s)
    except LaneBusy as exc:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "lane-full",
            "the queue is full; ask again after the time in Retry-After",
            retry_after_s=exc.retry_after_s,
        ) from exc
    except OutOfTime as exc:
        raise Problem(
            HTTPStatus.GATEWAY_TIMEOUT,
            "out-of-time",
            f"the query was cancelled after {lane.limit_s:g} s; ask for less: fewer rows, a "
            "prefix or a site, other filters",
        ) from exc
    except NotThere as exc:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "not-there", str(exc), retry_after_s=5
        ) from exc
    except Refused as exc:
        raise Problem(HTTPStatus.BAD_REQUEST, "refused", str(exc)) from exc
    except DatabaseError as exc:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "database", str(exc), retry_after_s=1
        ) from exc


LANE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [
        *("running", "waiting", "limit", "limit_s", "longest_s"),
        *("done", "out_of_time", "refused", "abandoned"),
    ],
    "properties": {
        "running": {"type": "integer"},
        "waiting": {"type": "integer"},
        "limit": {"type": "number", "description": "how many may run, as the estimator finds it"},
        "limit_s": {"type": "number", "description": "how long one may run"},
        "longest_s": {"type": "number", "description": "how long one ran at most"},
        "done": {"type": "integer"},
        "out_of_time": {"type": "integer"},
        "refused": {"type": "integer"},
        "abandoned": {"type": "integer"},
    },
}
STATE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["fast", "slow", "demoted"],
    "properties": {
        "fast": LANE_SCHEMA,
        "slow": LANE_SCHEMA,
        "demoted": {
            "type": "array",
            "description": "fast shapes that take the slow lane, because they keep overrunning",
            "items": {
                "type": "object",
                "required": ["shape", "overruns", "until"],
                "properties": {
                    "shape": {"type": "string"},
                    "overruns": {"type": "integer"},
                    "until": {"type": "number", "description": "unix seconds"},
                },
            },
        },
    },
}
