"""Leases and acks as the scripts in ``lua/`` have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import State
from crawlproj.frontier.redis.rows import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.frontier.base import Ack


_NUMBERS = 2**32  # then they begin anew: who had the old ones has ended long ago


def lease_id_of(owner: int, number: int) -> int:
    """Return the id of a worker's ``number``-th lease, as ``lua/claim.lua`` has it."""
    return owner * _NUMBERS + number % _NUMBERS


def text_of(lease_id: int) -> str:
    """Return a lease id as the server has it: the worker, the number."""
    owner, number = divmod(lease_id, _NUMBERS)
    return f"{owner}:{number}"


def id_of(text: bytes) -> int:
    """Return the lease id of which ``text_of`` made ``text``."""
    owner, number = text.split(b":")
    return lease_id_of(int(owner), int(number))


def ack_args(acks: Sequence[Ack], until: Callable[[float], str]) -> list[str | bytes | float]:
    """Return what ``lua/write.lua`` takes for ``acks``; raises FrontierError for a wrong one.

    until: a time of the caller's in the server's microseconds.
    """
    args: list[str | bytes | float] = [len(acks)]
    for ack in acks:
        _check(ack)
        args += (
            text_of(ack.lease_id), int(ack.state), ack.reason,
            int(ack.count_attempt), int(ack.entry is not None),
        )  # fmt: skip
        if (back := ack.entry) is not None:
            args += (back.priority, back.key, pack(back), until(back.not_before))
    return args


def _check(ack: Ack) -> None:
    """Refuse an ack that would break the books."""
    if ack.state is State.LEASED:
        raise FrontierError(f"ack of lease {ack.lease_id}: LEASED is no outcome")
    if ack.state in {State.FAILED, State.SKIPPED} and not ack.reason:
        raise FrontierError(f"ack of lease {ack.lease_id}: {ack.state.name} needs a reason")
