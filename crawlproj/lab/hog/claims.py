"""What is said of scheduling and the GIL beside what was measured. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

_STOOD_STILL = 0.8  # of the hog's time that somebody was late
_HARDLY = 0.5
_GAIN = 1.2  # times the work of one, from which a second core was used


def claims(rows: list[Row], gil: list[Row]) -> Iterator[Claim]:
    """Yield what the rows of measure.py and of gil.py can speak to."""
    known = {row["model"]: row for row in rows if not row["broke"]}
    if found := [known[name] for name in ("asyncio", "gevent", "twisted") if name in known]:
        yield Claim(
            "A cooperative scheduler waits until a task lets go: a busy loop stops everybody",
            _late(found, "during_max_s"),
            all(_share(row, "during_max_s") > _STOOD_STILL for row in found),
        )
    if found := [known[name] for name in ("processes", "threads") if name in known]:
        yield Claim(
            "A pre-emptive scheduler interrupts anything",
            _late(found, "during_p99_s"),
            all(_share(row, "during_p99_s") < _HARDLY for row in found),
        )
    locked = [row for row in gil if row["interpreter"] and row["gil"]]
    most = {(row["kind"], row["unit"]): max(row["speedup"].items()) for row in locked}
    for kind, statement, gains in (
        ("python", "The GIL lets one thread run byte code at a time", False),
        ("hash", "C code can let go of the GIL (hashlib does)", True),
    ):
        if (kind, "threads") in most and (kind, "processes") in most:
            workers, threads = most[kind, "threads"]
            _, processes = most[kind, "processes"]
            yield Claim(
                statement,
                f"{workers} threads did {threads:.2f} times the work of one, processes "
                f"{processes:.2f}",
                (threads > _GAIN) == gains if processes > _GAIN else None,
            )


def _share(row: Row, name: str) -> float:
    share: float = row[name]["median"] / row["hog_wall_s"]["median"]
    return share


def _late(rows: list[Row], name: str) -> str:
    figures = (f"{row['model']} {_ms(row[name])} of {_ms(row['hog_wall_s'])}" for row in rows)
    kind = "most" if name == "during_max_s" else "p99"
    return f"lateness ({kind}) of the others, of the ms that the hog ran: {', '.join(figures)}"


def _ms(figure: Row) -> str:
    return f"{figure['median'] * 1000:.0f}"
