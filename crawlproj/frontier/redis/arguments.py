"""Leases, entries and acks as arguments of the scripts in ``lua/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.redis.rows import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.frontier.base import Ack, Entry

    Args = list[str | bytes | float]

_NUMBERS = 2**32  # numbers wrap around: the leases that had the old ones ended long ago


def lease_id_of(owner: int, number: int) -> int:
    """Return the id of a worker's ``number``-th lease, as ``lua/claim.lua`` numbers them."""
    return owner * _NUMBERS + number % _NUMBERS


def text_of(lease_id: int) -> str:
    """Return a lease id in the server's form, ``owner:number``."""
    owner, number = divmod(lease_id, _NUMBERS)
    return f"{owner}:{number}"


def id_of(text: bytes) -> int:
    """Return the lease id that ``text_of`` turned into ``text``."""
    owner, number = text.split(b":")
    return lease_id_of(int(owner), int(number))


def entry_args(entries: Sequence[Entry], to_server: Callable[[float], str]) -> Args:
    """Return ``entries`` as ``lua/write.lua`` takes them: grouped by site and priority.

    to_server: converts a local time to the server's microseconds.
    """
    unique: dict[int, Entry] = {}
    for entry in entries:
        unique.setdefault(entry.key, entry)  # before grouping, which may change the order
    groups: dict[tuple[str, int], list[Entry]] = {}
    for entry in unique.values():
        groups.setdefault((entry.site, entry.priority), []).append(entry)
    args: Args = [len(groups)]
    for (site, priority), group in groups.items():
        args += (site, priority, len(group))
        for entry in group:
            args += (entry.key, pack(entry), to_server(entry.not_before))
    return args


def ack_args(acks: Sequence[Ack], to_server: Callable[[float], str]) -> Args:
    """Return ``acks`` as ``lua/write.lua`` takes them, after the entries."""
    args: Args = [len(acks)]
    for ack in acks:
        args += (
            text_of(ack.lease_id), int(ack.state), ack.reason,
            int(ack.count_attempt), int(ack.forget), int(ack.entry is not None),
        )  # fmt: skip
        if (back := ack.entry) is not None:
            args += (back.priority, back.key, pack(back), to_server(back.not_before))
    return args
