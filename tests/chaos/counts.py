"""The state counts of a job in Redis, compared with its keys in one atomic step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis as Client
from redis.exceptions import ConnectionError as Away

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNT = """
local G, call = KEYS[1], redis.call
local function sum(pattern, of)
  local all = 0
  for _, key in ipairs(call('KEYS', G .. pattern)) do all = all + of(key) end
  return all
end
local function length(key) return call('LLEN', key) end
local function size(key) return call('SCARD', key) end
local function values(key)
  local all = 0
  for _, value in ipairs(call('HVALS', key)) do all = all + value end
  return all
end
return {
  call('HGETALL', G .. 'count'), sum('q:*', length), call('ZCARD', G .. 'delayed'),
  call('HLEN', G .. 'ddata'), call('ZCARD', G .. 'lease'), call('HLEN', G .. 'ldata'),
  sum('n:*', values), sum('seen:*', size), call('ZCARD', G .. 'owners'),
}
"""


class Counts:
    """The keys of generation 1 of a job, counted.

    counters: as the frontier keeps them. All other attributes are counted from the keys.
    """

    def __init__(self, answer: Sequence[int | list[bytes]]) -> None:
        flat, *numbers = answer
        assert isinstance(flat, list)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        self.counters = {name.decode(): int(value) for name, value in pairs}
        counted = [number for number in numbers if isinstance(number, int)]
        queued, delayed, due, leases, leased, held, self.seen, self.owners = counted
        self.pending = queued + delayed
        self.leased = leases
        self._consistent = delayed == due and leases == leased == held

    @property
    def done(self) -> int:
        return self.counters.get("done", 0)

    @property
    def ended(self) -> int:
        """Entries in a terminal state."""
        return self.done + sum(n for name, n in self.counters.items() if name[:2] in {"f:", "s:"})

    def check(self) -> None:
        """Assert I1: every URL seen is in exactly one state, and the counters agree."""
        assert self._consistent, vars(self)
        assert self.pending == self.counters.get("pending", 0), vars(self)
        assert self.leased == self.counters.get("leased", 0), vars(self)
        assert self.seen == self.counters.get("seen", 0), vars(self)
        assert self.seen == self.pending + self.leased + self.ended, vars(self)


class CountsReader:
    """Reads the counts of ``job``; call close() at the end."""

    def __init__(self, url: str, job: str) -> None:
        self._client = Client.from_url(url, socket_timeout=5)
        self._prefix = f"crawlproj:{{{job}}}:1:"

    def read(self) -> Counts | None:
        """Return the counts; None while the server is unreachable."""
        try:
            return Counts(self._client.eval(_COUNT, 1, self._prefix))
        except (Away, TimeoutError):
            return None

    def leases_of(self, owner: int) -> int:
        """Return how many leases a worker has."""
        return sum(map(int, self._client.hvals(f"{self._prefix}n:{owner}")))

    def close(self) -> None:
        self._client.close()
