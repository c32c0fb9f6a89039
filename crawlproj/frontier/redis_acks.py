"""Leases and acks as the scripts in ``lua/`` have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import State
from crawlproj.frontier.redis_rows import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.frontier.base import Ack


def text_of(lease_id: int) -> str:
    """Return a lease id as the server has it: the worker, the number."""
    return f"{lease_id >> 32}:{lease_id & 0xFFFFFFFF}"


def id_of(text: bytes) -> int:
    """Return the lease id of which ``text_of`` made ``text``."""
    worker, number = text.split(b":")
    return (int(worker) << 32) + int(number)


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
