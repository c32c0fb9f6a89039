"""The jobs of a frontier, each with a connection that all pages share."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, TypeVar

from crawlproj.errors import ConfigError, FrontierError
from crawlproj.frontier.finding import controls_of, jobs_at
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawlproj.frontier.command_log import Controls
    from crawlproj.frontier.finding import Job
    from crawlproj.serve.config import ServeConfig

T = TypeVar("T")


class Crawls(Protocol):
    """A frontier, as the dashboard needs it. Methods raise Problem if it cannot be reached."""

    async def jobs(self) -> list[Job]:
        """Return the jobs, by name."""
        ...

    async def use(self, job: str, work: Callable[[Controls], Awaitable[T]]) -> T:
        """Return the result of ``work`` with the controls of a job."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


class FrontierCrawls:
    """The crawls of the frontier that the configuration names."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self._controls: dict[str, Controls] = {}
        self._turn = asyncio.Lock()  # controls serve one at a time

    async def jobs(self) -> list[Job]:
        try:
            return await jobs_at(self._config.frontier_url, self._config.redis_params)
        except (FrontierError, ConfigError) as exc:
            raise _unreachable(exc) from exc

    async def use(self, job: str, work: Callable[[Controls], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                if job not in self._controls:
                    config = self._config
                    self._controls[job] = controls_of(config.frontier_url, job, config.redis_params)
                return await work(self._controls[job])
            except (FrontierError, ConfigError) as exc:
                # The file may be a new one: connect again next time.
                if (controls := self._controls.pop(job, None)) is not None:
                    await controls.close()
                raise _unreachable(exc) from exc

    async def close(self) -> None:
        async with self._turn:
            for controls in self._controls.values():
                await controls.close()
            self._controls.clear()


def _unreachable(exc: Exception) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no-frontier", str(exc), retry_after_s=5)
