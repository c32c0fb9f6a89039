"""One job on Redis, as a process sees and steers it that is not one of its workers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.command_log import Controls
from crawlproj.frontier.commands import Sampler, Verb
from crawlproj.frontier.fate import Fate
from crawlproj.frontier.redis.changes import ROWS, pending_queues, url_of
from crawlproj.frontier.redis.clock import US
from crawlproj.frontier.redis.command_log import RedisLog
from crawlproj.frontier.redis.keys import prefix_of
from crawlproj.frontier.redis.rows import unpack
from crawlproj.frontier.redis.scan import queues_of, scan, sites_of
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawlproj.frontier.commands import Command, Preview, Record, Selection
    from crawlproj.frontier.live import Tick, WorkerNews
    from crawlproj.frontier.redis.connection import RedisConfig


class RedisControls(Controls):
    """Reads the job, and appends to its log; its workers apply what is there."""

    def __init__(self, config: RedisConfig, job: str) -> None:
        """Configure it; the first call connects."""
        self._job = job
        self._prefix = prefix_of(job)
        self._server = RedisServer(config, lambda: None)
        self._log = RedisLog(self._server, self._prefix)

    async def append(self, command: Command) -> int:
        await self.generation()
        return await self._log.append(command)

    async def preview(self, verb: Verb, selection: Selection) -> Preview:
        sampler = Sampler(keep=False)
        keys: list[bytes] = []
        matches = selection.url_matcher()
        entries = self._failed(selection) if verb is Verb.REQUEUE else self._pending(selection)
        async for key, site, row in entries:
            url = url_of(site, row)
            if matches(url):
                sampler.add(0, site, url)
                keys.append(key)
        token = secrets.token_hex(12)
        if verb is Verb.REQUEUE:
            await self._log.keep_preview(token, b"".join(keys))
        return sampler.preview(token)

    async def _failed(self, selection: Selection) -> AsyncIterator[tuple[bytes, str, bytes]]:
        """Yield key, site and row of the failed entries that the selection may take."""
        async for key, reason, site, row in self._all_failed():
            if selection.reason in ("", reason) and selection.takes_site(site):
                yield key, site, row

    async def _all_failed(self) -> AsyncIterator[tuple[bytes, str, str, bytes]]:
        """Yield key, reason, site and row of the failed entries."""
        keys = await self._keys()
        async for key, found in scan(self._server, "hscan", f"{keys}failed"):
            reason, site, _, row = found.split(b"\0", 3)
            yield key, reason.decode(), site.decode(), row

    async def _pending(self, selection: Selection) -> AsyncIterator[tuple[bytes, str, bytes]]:
        keys = await self._keys()
        async for site, queue in pending_queues(self._server, keys, selection):
            async for row in self._rows(queue):
                yield row[2:10], site, row
        async for _, pack in scan(self._server, "hscan", f"{keys}ddata"):
            name, _, row = pack.split(b"\0", 2)
            if selection.takes_site(name.decode()):
                yield row[2:10], name.decode(), row

    async def _rows(self, queue: str) -> AsyncIterator[bytes]:
        redis: Any = self._server.redis
        at = 0
        while rows := await self._server.ask(lambda: redis.lrange(queue, at, at + ROWS - 1)):  # noqa: B023
            for row in rows:
                yield row
            at += len(rows)

    async def known_sites(self) -> set[str]:
        return {name.decode() for name in await sites_of(self._server, await self._keys())}

    async def known_reasons(self) -> set[str]:
        return {reason async for _, reason, _, _ in self._all_failed()}

    async def history(self, limit: int = 100) -> list[Record]:
        return [await self._log.record(command) for command in await self._log.latest(limit)]

    async def record(self, command: int) -> Record | None:
        found = await self._log.command(command)
        return await self._log.record(found) if found is not None else None

    async def log(self) -> list[Command]:
        return await self._log.commands()

    async def generation(self) -> tuple[int, bool]:
        redis: Any = self._server.redis
        key = f"{self._prefix}job"
        number, finished = await self._server.ask(
            lambda: redis.hmget(key, "generation", "finished")
        )
        if number is None:
            raise FrontierError(f"there is no job {self._job!r} in this Redis")
        return int(number), finished != b"0"

    async def workers(self, since: float) -> list[WorkerNews]:
        return await self._log.news(since)

    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        return await self._log.ticks(since)

    async def fate(self, url: str, key: int, site: str) -> Fate | None:
        raw = key.to_bytes(8, "big", signed=True)
        found = await self._leased(raw) or await self._delayed(key) or await self._lost(raw)
        for place in dict.fromkeys((site, registrable_domain(site))):
            found = found or await self._queued(raw, place)
        if found is None and await self._seen(key):
            return Fate(url, site, "ended")
        return found

    async def _leased(self, raw: bytes) -> Fate | None:
        redis: Any = self._server.redis
        keys = await self._keys()
        async for lease, pack in scan(self._server, "hscan", f"{keys}ldata"):
            site, priority, row = pack.split(b"\0", 2)
            if row[2:10] == raw:
                until = await self._server.ask(lambda: redis.zscore(f"{keys}lease", lease))  # noqa: B023
                worker = lease.partition(b":")[0].decode()
                lease_until = float(until) / US if until else None
                return _fate(site, priority, row, "leased", worker=worker, lease_until=lease_until)
        return None

    async def _delayed(self, key: int) -> Fate | None:
        redis: Any = self._server.redis
        keys = await self._keys()
        pack = await self._server.ask(lambda: redis.hget(f"{keys}ddata", key))
        if pack is None:
            return None
        due = await self._server.ask(lambda: redis.zscore(f"{keys}delayed", key))
        not_before = float(due) / US if due else None
        site, priority, row = pack.split(b"\0", 2)
        return _fate(site, priority, row, "delayed", not_before=not_before)

    async def _lost(self, raw: bytes) -> Fate | None:
        redis: Any = self._server.redis
        keys = await self._keys()
        found = await self._server.ask(lambda: redis.hget(f"{keys}failed", raw))
        if found is None:
            return None
        reason, site, priority, row = found.split(b"\0", 3)
        return _fate(site, priority, row, "failed", reason=reason.decode())

    async def _queued(self, raw: bytes, site: str) -> Fate | None:
        ahead = 0
        queues = await queues_of(self._server, await self._keys(), [site.encode()])
        for _, queue in reversed(queues):  # the highest priority is claimed first
            async for row in self._rows(queue):
                if row[2:10] == raw:
                    priority = queue.partition("}:")[2].split(":", 3)[2].encode()
                    return _fate(site.encode(), priority, row, "pending", ahead=ahead)
                ahead += 1
        return None

    async def _seen(self, key: int) -> bool:
        """Return whether the entry was ever put; ``lua/write.lua`` says in which bucket it is."""
        redis: Any = self._server.redis
        keys = await self._keys()
        found = await self._server.ask(lambda: redis.hmget(f"{keys}count", "level", "split"))
        level, split = (int(value or 0) for value in found)
        bucket = key % 2**level
        if bucket < split:
            bucket = key % 2 ** (level + 1)
        return bool(await self._server.ask(lambda: redis.sismember(f"{keys}seen:{bucket}", key)))

    async def _keys(self) -> str:
        number, _ = await self.generation()
        return f"{self._prefix}{number}:"

    async def close(self) -> None:
        await self._server.close()


def _fate(site: bytes, priority: bytes, row: bytes, state: str, **more: Any) -> Fate:
    entry, attempts = unpack(site.decode(), int(priority), row)
    return Fate(
        url=entry.url,
        site=entry.site,
        state=state,
        attempts=attempts,
        priority=entry.priority,
        payload=entry.payload,
        **more,
    )
