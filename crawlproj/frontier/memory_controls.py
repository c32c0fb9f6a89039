"""Commands of the reference frontier: the plainest reading of command_log.py."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Entry, State
from crawlproj.frontier.command_log import Controls, Steered, no_one
from crawlproj.frontier.commands import (
    MAX_COMMANDS,
    PREVIEW_GONE,
    SKIPPED_BY_COMMAND,
    Record,
    Result,
    Sampler,
    Verb,
)
from crawlproj.frontier.fate import Fate
from crawlproj.frontier.live import TICKS_KEPT, Tick, WorkerNews

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawlproj.frontier.base import Clock
    from crawlproj.frontier.command_log import OnSkip
    from crawlproj.frontier.commands import Command, Preview, Selection


@dataclass(slots=True)
class MemoryRecord:
    """An entry and what became of it."""

    entry: Entry
    seq: int
    state: State = State.PENDING
    reason: str = ""
    attempts: int = 0
    lease_id: int = 0
    deadline: float = 0.0


class MemorySteering(Steered, Controls):
    """The commands of MemoryFrontier, which is its own Controls: it has only one process."""

    _clock: Clock
    _job: str
    _records: dict[int, MemoryRecord]
    _generations: dict[str, int]
    _finished: set[str]

    def __init__(self) -> None:
        self._logs: dict[str, list[Record]] = {}
        self._previews: dict[str, list[int]] = {}
        self._news: dict[str, WorkerNews] = {}
        self._ticks: dict[str, deque[Tick]] = {}

    @property
    def _log(self) -> list[Record]:
        return self._logs.setdefault(self._job, [])

    async def append(self, command: Command) -> int:
        log = self._log
        number = log[-1].command.id + 1 if log else 1
        log.append(Record(replace(command, id=number, generation=self._generations[self._job])))
        del log[:-MAX_COMMANDS]
        if command.reopens:
            self._finished.discard(self._job)
        return number

    async def commands(self, after: int = 0) -> list[Command]:
        return [record.command for record in self._log if record.command.id > after]

    async def log(self) -> list[Command]:
        return await self.commands()

    async def waiting(self) -> list[Command]:
        return [each.command for each in self._log if each.command.changes and not each.results]

    async def change(
        self,
        command: Command,
        worker: str,
        entries: Sequence[Entry] = (),
        on_skip: OnSkip = no_one,
    ) -> Result | None:
        urls, note = 0, ""
        if command.generation != self._generations[self._job]:
            note = "its generation has ended"
        else:
            match command.verb:
                case Verb.REQUEUE:
                    urls, note = self._requeue(command.token)
                case Verb.ADD:
                    urls = self._add(entries)
                case Verb.SKIP:
                    urls = await self._skip(command.selection, on_skip)
                case _:
                    urls = self._prioritize(command.selection, int(command.arguments["priority"]))
        result = Result(command.id, worker, self._clock(), urls, note)
        await self.acknowledge(result)
        return result

    @abstractmethod
    def _add(self, entries: Sequence[Entry]) -> int:
        """Put entries; returns how many are new."""

    def _requeue(self, token: str) -> tuple[int, str]:
        keys = self._previews.get(token)
        if keys is None:
            return 0, PREVIEW_GONE
        urls = 0
        for record in map(self._records.get, keys):
            if record is not None and record.state is State.FAILED:
                record.state, record.reason, record.attempts = State.PENDING, "", 0
                record.entry = replace(record.entry, not_before=0.0)
                urls += 1
        return urls, ""

    async def _skip(self, selection: Selection, on_skip: OnSkip) -> int:
        chosen = list(self._selected(State.PENDING, selection))
        await on_skip([record.entry for record in chosen])
        still = [record for record in chosen if record.state is State.PENDING]
        for record in still:
            record.state, record.reason = State.SKIPPED, SKIPPED_BY_COMMAND
        return len(still)

    def _prioritize(self, selection: Selection, priority: int) -> int:
        urls = 0
        for record in self._selected(State.PENDING, selection):
            if record.entry.priority != priority:
                record.entry = replace(record.entry, priority=priority)
                urls += 1
        return urls

    def _selected(self, state: State, selection: Selection) -> Iterator[MemoryRecord]:
        matches = selection.url_matcher()
        for record in self._records.values():
            if (
                record.state is state
                and (state is State.PENDING or selection.reason in ("", record.reason))
                and selection.takes_site(record.entry.site)
                and matches(record.entry.url)
            ):
                yield record

    async def acknowledge(self, result: Result) -> None:
        for number, record in enumerate(self._log):
            known = {each.worker for each in record.results}
            if record.command.id == result.command and result.worker not in known:
                self._log[number] = replace(record, results=(*record.results, result))

    async def preview(self, verb: Verb, selection: Selection) -> Preview:
        sampler = Sampler(keep=verb is Verb.REQUEUE)
        state = State.FAILED if verb is Verb.REQUEUE else State.PENDING
        for record in self._selected(state, selection):
            sampler.add(record.entry.key, record.entry.site, record.entry.url)
        token = secrets.token_hex(12)
        self._previews[token] = sampler.keys
        return sampler.preview(token)

    async def history(self, limit: int = 100) -> list[Record]:
        return self._log[::-1][:limit]

    async def record(self, command: int) -> Record | None:
        return next((each for each in self._log if each.command.id == command), None)

    async def generation(self) -> tuple[int, bool]:
        if self._job not in self._generations:
            raise FrontierError(f"there is no job {self._job!r}")
        return self._generations[self._job], self._job in self._finished

    async def known_sites(self) -> set[str]:
        return {record.entry.site for record in self._records.values()}

    async def known_reasons(self) -> set[str]:
        records = self._records.values()
        return {record.reason for record in records if record.state is State.FAILED}

    async def publish(self, worker: str, at: float, document: str, tick: str) -> None:
        self._news[worker] = WorkerNews(worker, at, document)
        self._ticks.setdefault(worker, deque(maxlen=TICKS_KEPT)).append(Tick(at, tick))

    async def withdraw(self, worker: str) -> None:
        self._news.pop(worker, None)

    async def workers(self, since: float) -> list[WorkerNews]:
        return [news for news in self._news.values() if news.at >= since]

    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        recent = {
            worker: [tick for tick in ticks if tick.at >= since]
            for worker, ticks in self._ticks.items()
        }
        return {worker: ticks for worker, ticks in recent.items() if ticks}

    async def fate(self, url: str, key: int, site: str) -> Fate | None:  # noqa: ARG002 - the key says all
        record = self._records.get(key)
        if record is None:
            return None
        entry, pending = record.entry, record.state is State.PENDING
        now = self._clock()
        delayed = pending and entry.not_before > now
        order = (-entry.priority, record.seq)
        return Fate(
            url=entry.url,
            site=entry.site,
            state="delayed" if delayed else record.state.name.lower(),
            reason=record.reason,
            attempts=record.attempts,
            priority=entry.priority,
            not_before=entry.not_before if delayed else None,
            lease_until=record.deadline if record.state is State.LEASED else None,
            ahead=sum(
                (-other.entry.priority, other.seq) < order
                for other in self._records.values()
                if other.state is State.PENDING
                and other.entry.site == entry.site
                and other.entry.not_before <= now
            )
            if pending and not delayed
            else None,
            payload=entry.payload,
        )
