"""The log of commands in Redis, and what workers publish there; ``lua/common.lua`` has the keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.commands import MAX_COMMANDS, Command, Record, Result, Verb
from crawlproj.frontier.live import TICKS_KEPT, Tick, WorkerNews

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from crawlproj.frontier.redis.server import RedisServer

_TAKEN_S = 10  # a worker that applies a command says so at least as often
_RESULTS_KEPT_S = 30 * 86400
_PREVIEW_KEPT_S = 86400
_PUBLISHED_KEPT_S = 900


class RedisLog:
    """The log of the job whose keys begin with ``prefix``."""

    def __init__(self, server: RedisServer, prefix: str) -> None:
        self._server = server
        self._prefix = prefix

    async def _ask(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        return await self._server.ask(lambda: ask(self._server.redis))

    async def append(self, command: Command) -> int:
        """Append a command; returns its id. Raises FrontierError if there is no such job."""
        number = await self._server.run(
            "append", self._prefix, "", "", "", str(command.verb), command.data(), command.who,
            repr(command.at), command.token, int(command.changes), int(command.reopens),
            MAX_COMMANDS,
        )  # fmt: skip
        if not number:
            raise FrontierError("the job does not exist: run a crawl first")
        return int(number)

    async def commands(self, after: int = 0) -> list[Command]:
        """Return the commands after an id, oldest first."""
        start = f"{after + 1}-0"
        rows = await self._ask(lambda redis: redis.xrange(f"{self._prefix}commands", start, "+"))
        return [_command(*row) for row in rows]

    async def latest(self, limit: int) -> list[Command]:
        """Return the latest commands, newest first."""
        key = f"{self._prefix}commands"
        rows = await self._ask(lambda redis: redis.xrevrange(key, count=limit))
        return [_command(*row) for row in rows]

    async def command(self, number: int) -> Command | None:
        """Return one command."""
        key, at = f"{self._prefix}commands", f"{number}-0"
        rows = await self._ask(lambda redis: redis.xrange(key, at, at))
        return _command(*rows[0]) if rows else None

    async def waiting(self) -> list[Command]:
        """Return the commands that change entries and have no result, oldest first."""
        found = await self._ask(lambda redis: redis.smembers(f"{self._prefix}waiting"))
        commands = [await self.command(number) for number in sorted(map(int, found))]
        return [command for command in commands if command is not None]

    async def take(self, command: int, worker: str) -> bool:
        """Let ``worker`` apply a command for the next while; False if another one does."""
        key = f"{self._prefix}taken:{command}"
        if await self._ask(lambda redis: redis.set(key, worker, nx=True, ex=_TAKEN_S)):
            return True
        if await self._ask(lambda redis: redis.get(key)) != worker.encode():
            return False
        await self._ask(lambda redis: redis.expire(key, _TAKEN_S))
        return True

    async def changed(self, command: int) -> int:
        """Return how many URLs a command has changed so far."""
        return int(await self._ask(lambda redis: redis.hget(f"{self._prefix}urls", command)) or 0)

    async def acknowledge(self, result: Result) -> None:
        """Keep the first result of a worker for a command."""
        text = json.dumps([result.at, result.urls, result.note])
        key = f"{self._prefix}ack:{result.command}"

        async def send(redis: Any) -> None:
            pipe = redis.pipeline()
            pipe.hsetnx(key, result.worker, text)
            pipe.expire(key, _RESULTS_KEPT_S)
            pipe.srem(f"{self._prefix}waiting", result.command)
            pipe.hdel(f"{self._prefix}urls", result.command)
            pipe.delete(f"{self._prefix}taken:{result.command}")
            await pipe.execute()

        await self._ask(send)

    async def record(self, command: Command) -> Record:
        """Return a command with its results."""
        key = f"{self._prefix}ack:{command.id}"
        found = await self._ask(lambda redis: redis.hgetall(key))
        results = [
            Result(command.id, worker.decode(), *json.loads(text)) for worker, text in found.items()
        ]
        return Record(command, tuple(sorted(results, key=lambda one: (one.at, one.worker))))

    async def keep_preview(self, token: str, keys: bytes) -> None:
        """Keep the keys of a preview for a day."""
        key = f"{self._prefix}preview:{token}"
        await self._ask(lambda redis: redis.set(key, keys, ex=_PREVIEW_KEPT_S))

    async def previewed(self, token: str) -> bytes | None:
        """Return the keys of a preview; None if it is not kept any more."""
        found = await self._ask(lambda redis: redis.get(f"{self._prefix}preview:{token}"))
        return None if found is None else bytes(found)

    async def publish(self, worker: str, at: float, document: str, tick: str) -> None:
        """Replace a worker's document, and add its tick."""
        live, ticks = f"{self._prefix}live", f"{self._prefix}ticks:{worker}"

        async def send(redis: Any) -> None:
            pipe = redis.pipeline()
            pipe.set(f"{live}:{worker}", document, ex=_PUBLISHED_KEPT_S)
            pipe.zadd(live, {worker: at})
            pipe.zremrangebyscore(live, "-inf", at - _PUBLISHED_KEPT_S)
            pipe.lpush(ticks, json.dumps([at, tick]))
            pipe.ltrim(ticks, 0, TICKS_KEPT - 1)
            pipe.expire(ticks, _PUBLISHED_KEPT_S)
            await pipe.execute()

        await self._ask(send)

    async def withdraw(self, worker: str) -> None:
        """Forget a worker's document; its ticks stay until they expire."""
        await self._ask(lambda redis: redis.delete(f"{self._prefix}live:{worker}"))

    async def news(self, since: float) -> list[WorkerNews]:
        """Return the documents that were published since a time."""
        live = f"{self._prefix}live"
        found = await self._ask(
            lambda redis: redis.zrangebyscore(live, since, "+inf", withscores=True)
        )
        news = []
        for name, at in sorted(found):
            worker = name.decode()
            text = await self._ask(lambda redis: redis.get(f"{live}:{worker}"))  # noqa: B023
            if text is not None:
                news.append(WorkerNews(worker, at, text.decode()))
        return news

    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        """Return the ticks of each worker since a time, oldest first."""
        live = f"{self._prefix}live"
        workers = await self._ask(lambda redis: redis.zrangebyscore(live, since, "+inf"))
        found = {}
        for name in sorted(workers):
            key = f"{self._prefix}ticks:{name.decode()}"
            rows = await self._ask(lambda redis: redis.lrange(key, 0, -1))  # noqa: B023
            ticks = [Tick(*json.loads(row)) for row in reversed(rows)]
            found[name.decode()] = [tick for tick in ticks if tick.at >= since]
        return {worker: ticks for worker, ticks in found.items() if ticks}


def _command(number: bytes, fields: Mapping[bytes, bytes]) -> Command:
    text = {name.decode(): value.decode() for name, value in fields.items()}
    return Command(
        Verb(text["verb"]), json.loads(text["arguments"]), text["who"], float(text["at"]),
        text["token"], int(number.partition(b"-")[0]), int(text["generation"]),
    )  # fmt: skip
