"""Common claims about scheduling and the GIL, beside the measured figures. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.report.claim import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_BLOCKED = 0.8  # share of the hog's time that a task was late, from which the hog blocked it
_NOT_BLOCKED = 0.5
_GAIN = 1.2  # times the work of one worker, from which a second core was used


def claims(rows: list[Row], gil: list[Row]) -> Iterator[Claim]:
    """Yield the claims for which the rows of measure.py and gil.py have figures."""
    known = {row["model"]: row for row in rows if not row["failure"]}
    if found := [known[name] for name in ("asyncio", "gevent", "twisted") if name in known]:
        yield Claim(
            "With cooperative scheduling, a task that never yields blocks all others",
            _late(found, "during_max_s", "maximum"),
            all(_share(row, "during_max_s") > _BLOCKED for row in found),
        )
    if found := [known[name] for name in ("processes", "threads") if name in known]:
        yield Claim(
            "With pre-emptive scheduling, no task blocks the others",
            _late(found, "during_p99_s", "p99"),
            all(_share(row, "during_p99_s") < _NOT_BLOCKED for row in found),
        )
    with_gil = [row for row in gil if row["interpreter"] and row["gil"]]
    speedups = {(row["kind"], row["unit"]): max(row["speedup"].items()) for row in with_gil}
    for kind, statement, gains in (
        ("python", "The GIL lets only one thread run byte code at a time", False),
        ("hash", "C code can release the GIL, as hashlib does, and use all cores", True),
    ):
        if (kind, "threads") in speedups and (kind, "processes") in speedups:
            workers, threads = speedups[kind, "threads"]
            _, processes = speedups[kind, "processes"]
            yield Claim(
                statement,
                f"in the time of one worker, {workers} threads did {threads:.2f} times its work, "
                f"{workers} processes {processes:.2f} times",
                (threads > _GAIN) == gains if processes > _GAIN else None,
            )


def _share(row: Row, name: str) -> float:
    share: float = row[name]["median"] / row["hog_wall_s"]["median"]
    return share


def _late(rows: list[Row], name: str, kind: str) -> str:
    figures = (f"{row['model']} {_ms(row[name])} of {_ms(row['hog_wall_s'])}" for row in rows)
    return f"lateness of short tasks ({kind}), of the ms that the hog ran: {', '.join(figures)}"


def _ms(figure: Row) -> str:
    return f"{figure['median'] * 1000:.0f}"
