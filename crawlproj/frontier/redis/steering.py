"""Commands of the distributed frontier: how a worker gives, reads and obeys them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.command_log import Steered, no_one
from crawlproj.frontier.commands import PREVIEW_GONE, Command, Result, Verb
from crawlproj.frontier.redis.changes import RedisChanges
from crawlproj.frontier.redis.command_log import RedisLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.command_log import OnSkip
    from crawlproj.frontier.entries import Entry, Written
    from crawlproj.frontier.redis.clock import ServerClock
    from crawlproj.frontier.redis.server import RedisServer


class RedisSteering(Steered):
    """The commands of RedisFrontier."""

    _clock: ServerClock
    _prefix: str
    _generation: int

    @property
    @abstractmethod
    def _running(self) -> RedisServer: ...

    @property
    @abstractmethod
    def _keys(self) -> str: ...

    @abstractmethod
    async def write(self, entries: Sequence[Entry], acks: Sequence[Any]) -> Written:
        """See ``Frontier``."""

    @abstractmethod
    async def _run(self, script: str, *args: str | bytes | float) -> Any: ...

    @abstractmethod
    async def _look(self) -> None: ...

    @property
    def _log(self) -> RedisLog:
        return RedisLog(self._running, self._prefix)

    async def append(self, command: Command) -> int:
        return await self._log.append(command)

    async def commands(self, after: int = 0) -> list[Command]:
        return await self._log.commands(after)

    async def waiting(self) -> list[Command]:
        return await self._log.waiting()

    async def change(
        self,
        command: Command,
        worker: str,
        entries: Sequence[Entry] = (),
        on_skip: OnSkip = no_one,
    ) -> Result | None:
        log, note = self._log, ""

        async def alive() -> None:
            await log.take(command.id, worker)

        if not await log.take(command.id, worker):
            return None
        changed = 0
        changes = RedisChanges(self._running, self._keys, self._run, alive, on_skip)
        if command.generation != self._generation:
            note = "its generation has ended"
        elif command.verb is Verb.ADD:
            changed = (await self.write(entries, [])).new
        elif command.verb is not Verb.REQUEUE:
            await changes.sift(command)
        elif (keys := await log.previewed(command.token)) is not None:
            await changes.requeue(command, keys)
        else:
            note = PREVIEW_GONE
        await self._look()
        changed += await log.changed(command.id)
        result = Result(command.id, worker, self._clock.now(), changed, note)
        await log.acknowledge(result)
        return result

    async def acknowledge(self, result: Result) -> None:
        await self._log.acknowledge(result)

    async def publish(self, worker: str, at: float, document: str, tick: str) -> None:
        await self._log.publish(worker, at, document, tick)

    async def withdraw(self, worker: str) -> None:
        await self._log.withdraw(worker)
