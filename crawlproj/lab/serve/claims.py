"""Common claims about serving, beside the measured figures that support or refute them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.report.claim import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_MUCH = 2.0  # times the p99, from which slow queries delay the short ones
_LITTLE = 1.2


def claims(rows: list[Row]) -> Iterator[Claim]:
    """Yield the claims for which the rows of measure.py have figures."""
    p99 = {
        row["model"]: (row["alone_p99_s"]["median"], row["mixed_p99_s"]["median"])
        for row in rows
        if not row["failure"]
    }
    for name, statement in (
        ("thread-pool", "Slow queries delay short ones if there are few threads"),
        ("gunicorn-sync", "Slow queries delay short ones if there are few processes"),
    ):
        if name in p99:
            alone, mixed = p99[name]
            yield Claim(
                statement,
                f"{name}: p99 of short queries {_ms(alone)} without slow ones, {_ms(mixed)} with",
                mixed > _MUCH * alone,
            )
    for name, other, statement in (
        ("two-lanes", "thread-pool", "With a lane of their own, slow queries delay no short ones"),
        ("uvicorn", "gunicorn-sync", "On an event loop, slow queries delay no short ones"),
        ("nginx", "gunicorn-sync", "Behind a proxy, slow queries delay no short ones"),
    ):
        if name in p99 and other in p99:
            mine, theirs = p99[name][1], p99[other][1]
            yield Claim(statement, _compare(name, mine, other, theirs), mine * _LITTLE < theirs)
    if "reuseport" in p99 and "master" in p99:
        kernel, master = p99["reuseport"][1], p99["master"][1]
        yield Claim(
            "The kernel (SO_REUSEPORT) distributes connections as well as a master process",
            _compare("reuseport", kernel, "master", master),
            kernel < _LITTLE * master,
        )


def _compare(name: str, mine: float, other: str, theirs: float) -> str:
    return f"p99 of short queries: {name} {_ms(mine)}, {other} {_ms(theirs)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
