"""Commands that change entries in Redis: in steps, each a script that also counts what it changed.

Patterns are matched here and not on the server, which knows no regular expressions. A queue is
turned around once: each step looks at its first rows, and puts those that stay at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Verb
from crawlproj.frontier.redis.rows import unpack
from crawlproj.frontier.redis.scan import queues_of, scan, sites_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from crawlproj.frontier.base import Entry
    from crawlproj.frontier.command_log import OnSkip
    from crawlproj.frontier.commands import Selection
    from crawlproj.frontier.redis.server import RedisServer

ROWS = 500  # looked at in one step
_SITES = 500  # whose queues are asked for at once
_TRIES = 200  # of a step while other workers claim from the same queue
_KEY = 8  # bytes


class RedisChanges:
    """Applies commands to the generation whose keys begin with ``keys``.

    run: runs a script with these arguments. alive: called before each step. on_skip: awaited with
        the entries that a step is about to skip.
    """

    def __init__(
        self,
        server: RedisServer,
        keys: str,
        run: Callable[..., Awaitable[Any]],
        alive: Callable[[], Awaitable[None]],
        on_skip: OnSkip,
    ) -> None:
        self._server = server
        self._keys = keys
        self._run = run
        self._alive = alive
        self._on_skip = on_skip

    async def requeue(self, command: Command, keys: bytes) -> None:
        """Put the failed entries with these keys back."""
        size = ROWS * _KEY
        for at in range(0, len(keys), size):
            await self._alive()
            chunk = keys[at : at + size]
            few = [chunk[n : n + _KEY] for n in range(0, len(chunk), _KEY)]
            await self._run("requeue", command.id, *few)

    async def sift(self, command: Command) -> None:
        """Skip the selected pending entries, or change their priority."""
        selection = command.selection
        reason, to = SKIPPED_BY_COMMAND, "0"
        if command.verb is Verb.PRIORITIZE:
            reason, to = "", str(int(command.arguments["priority"]))
        async for site, queue in pending_queues(self._server, self._keys, selection):
            priority = _priority_of(queue)
            if (reason or priority != to) and await self._any(site, queue, selection):
                await self._turn(command, site, queue, reason, to)
        await self._sift_delayed(command, reason, to)

    async def _any(self, site: str, queue: str, selection: Selection) -> bool:
        """Return whether any row of a queue is selected: most queues need not be turned around."""
        matches, at = selection.url_matcher(), 0
        while rows := await self._rows(queue, at):
            if any(matches(url_of(site, row)) for row in rows):
                return True
            at += len(rows)
        return False

    async def _turn(self, command: Command, site: str, queue: str, reason: str, to: str) -> None:
        matches = command.selection.url_matcher()
        left = int(await self._server.ask(lambda: self._server.redis.llen(queue)))
        tries = 0
        while left > 0 and tries < _TRIES:
            await self._alive()
            rows = (await self._rows(queue, 0))[:left]
            if not rows:
                return
            chosen = [matches(url_of(site, row)) for row in rows]
            if reason:
                priority = int(_priority_of(queue))
                await self._on_skip(
                    [
                        unpack(site, priority, row)[0]
                        for row, skipped in zip(rows, chosen, strict=True)
                        if skipped
                    ]
                )
            step = (reason, to, rows[0], rows[-1], "".join("01"[one] for one in chosen))
            if await self._run("sieve", command.id, site, _priority_of(queue), *step) < 0:
                tries += 1  # a worker has claimed some of them
                continue
            tries = 0
            left -= len(rows)

    async def _sift_delayed(self, command: Command, reason: str, to: str) -> None:
        selection = command.selection
        matches = selection.url_matcher()
        chosen: list[tuple[bytes, Entry]] = []
        async for key, pack in scan(self._server, "hscan", f"{self._keys}ddata"):
            site, priority, row = pack.split(b"\0", 2)
            name = site.decode()
            if selection.takes_site(name) and matches(url_of(name, row)):
                chosen.append((key, unpack(name, int(priority), row)[0]))
        for at in range(0, len(chosen), ROWS):
            await self._alive()
            some = chosen[at : at + ROWS]
            if reason:
                await self._on_skip([entry for _, entry in some])
            await self._run("sieve_delayed", command.id, reason, to, *(key for key, _ in some))

    async def _rows(self, queue: str, at: int) -> Sequence[bytes]:
        redis: Any = self._server.redis
        rows: list[bytes] = await self._server.ask(lambda: redis.lrange(queue, at, at + ROWS - 1))
        return rows


async def pending_queues(
    server: RedisServer, keys: str, selection: Selection
) -> AsyncIterator[tuple[str, str]]:
    """Yield the queues of the selected sites, each after its site."""
    names = [site for site in await sites_of(server, keys) if selection.takes_site(site.decode())]
    for at in range(0, len(names), _SITES):
        for site, queue in await queues_of(server, keys, names[at : at + _SITES]):
            yield site.decode(), queue


def url_of(site: str, row: bytes) -> str:
    """Return the URL in a row; "" if it is malformed, which its worker will notice."""
    try:
        return unpack(site, 0, row)[0].url
    except FrontierError:
        return ""


def _priority_of(queue: str) -> str:
    """Return the priority in a queue's name, ``…:q:PRIORITY:SITE``."""
    return queue.partition("}:")[2].split(":", 3)[2]
