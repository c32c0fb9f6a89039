"""What is said of serving beside what was measured, also where that says otherwise. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_MUCH = 2.0  # times as late
_LITTLE = 1.2


def claims(rows: list[Row]) -> Iterator[Claim]:
    """Yield what the rows of measure.py can speak to."""
    p99 = {
        row["model"]: (row["alone_p99_s"]["median"], row["short_p99_s"]["median"])
        for row in rows
        if not row["broke"]
    }
    for name, statement in (
        ("thread-pool", "Slow queries hold up the short ones where places are few"),
        ("gunicorn-sync", "So they do with a process for each place"),
    ):
        if name in p99:
            alone, mixed = p99[name]
            yield Claim(
                statement,
                f"{name}: p99 of the short ones {_ms(alone)} without the slow, {_ms(mixed)} with",
                mixed > _MUCH * alone,
            )
    for name, other, statement in (
        ("two-lanes", "thread-pool", "A lane of their own keeps slow queries off the short ones"),
        ("uvicorn", "gunicorn-sync", "On an event loop slow queries hold up nobody"),
        ("nginx", "gunicorn-sync", "A proxy in front keeps slow queries off the short ones"),
    ):
        if name in p99 and other in p99:
            mine, theirs = p99[name][1], p99[other][1]
            yield Claim(statement, _compared(name, mine, other, theirs), mine * _LITTLE < theirs)
    if "reuseport" in p99 and "master" in p99:
        kernel, master = p99["reuseport"][1], p99["master"][1]
        yield Claim(
            "The kernel shares connections out as well as a master does (SO_REUSEPORT)",
            _compared("reuseport", kernel, "master", master),
            kernel < _LITTLE * master,
        )


def _compared(name: str, mine: float, other: str, theirs: float) -> str:
    return f"p99 of the short ones: {name} {_ms(mine)}, {other} {_ms(theirs)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
