"""What is said of the models beside what was measured, also where that says otherwise. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.memory_per_request import COMPARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

_MANY = 256  # in flight, from which what a page costs shows


@dataclass(frozen=True, slots=True)
class Claim:
    """statement: as it is commonly made. figure: what was measured.

    holds: whether that agrees; None if the rounds differ about it.
    """

    statement: str
    figure: str
    holds: bool | None


class _Cells:
    """The cells of a section that got through, by model and in-flight."""

    def __init__(self, section: Row) -> None:
        self.section = section
        self._rows: dict[str, dict[int, Row]] = {}
        for row in section["cells"]:
            if row["pages_per_s"] and not row["broke"]:
                self._rows.setdefault(row["model"], {})[row["in_flight"]] = row

    def of(self, model: str) -> dict[int, Row]:
        """Return in-flight → row."""
        return self._rows.get(model, {})

    def largest(self, *models: str) -> tuple[int, list[Row]] | None:
        """Return the largest in-flight that all have, and their rows there; None without one."""
        shared = set.intersection(*(set(self.of(model)) for model in models))
        if not shared:
            return None
        return max(shared), [self.of(model)[max(shared)] for model in models]


def claims(section: Row) -> list[Claim]:
    """Return what the section of fetch.py can speak to."""
    cells = _Cells(section)
    return [claim for make in _MAKERS for claim in make(cells)]


def _waiting(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("serial"):
        row = found[1][0]
        idle = 1 - _mid(row, "cpu_ms") * _mid(row, "pages_per_s") / 1000
        yield Claim(
            "One blocking process uses its resources badly: it waits",
            f"serial: {_rate(row)}, its core idle {idle:.0%} of the time",
            idle > 0.5,
        )


def _memory(cells: _Cells) -> Iterator[Claim]:
    costs = {row["model"]: row["kb_per_unit"] for row in cells.section["memory"]}
    if all(model in costs for model in COMPARED):
        process, thread, greenlet, generator = (costs[model] for model in COMPARED)
        yield Claim(
            "A process costs more memory than a thread, a thread more than a coroutine",
            f"per request in flight: process {_kb(process)}, thread {_kb(thread)}, greenlet "
            f"{_kb(greenlet)}, generator {_kb(generator)}",
            process > thread > max(greenlet, generator),
        )


def _creation(cells: _Cells) -> Iterator[Claim]:
    for each, pool, unit in (("fork", "prefork", "process"), ("thread", "thread-pool", "thread")):
        yield from _compared(
            cells, each, pool,
            f"A {unit} per request costs its creation (and a connection); a pool removes that",
            lambda ratio: ratio > 1.2,
        )  # fmt: skip


def _switches(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("thread-pool", "epoll"):
        in_flight, (threads, loop) = found
        mine, theirs = (
            _mid(row, "voluntary") + _mid(row, "involuntary") for row in (threads, loop)
        )
        yield Claim(
            "Threads are scheduled by the kernel: many interruptions",
            f"at {in_flight} in flight: {mine:.1f} context switches a page with threads, "
            f"{theirs:.1f} with one epoll loop",
            mine > 2 * theirs,
        )
    if found := cells.largest("fork", "epoll"):
        in_flight, rows = found
        shares = [_mid(row, "system_ms") / max(_mid(row, "cpu_ms"), 1e-9) for row in rows]
        yield Claim(
            "Processes cost time in the kernel",
            f"at {in_flight} in flight: {_cpu(rows[0])} of CPU a page, {shares[0]:.0%} of it in "
            f"the kernel, with a process per request; {_cpu(rows[1])} with one epoll loop",
            _mid(rows[0], "system_ms") > 2 * _mid(rows[1], "system_ms"),
        )


def _pollers(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("select", "poll", "epoll"):
        in_flight, rows = found
        select, poll, epoll = (_mid(row, "cpu_ms") for row in rows)
        yield Claim(
            "epoll costs less than poll and select, since it returns only what is ready",
            f"at {in_flight} in flight, all of them active: select {select:.3f}, poll {poll:.3f}, "
            f"epoll {epoll:.3f} ms of CPU a page",
            epoll < 0.9 * min(select, poll),
        )
    reach = cells.section["reach"]
    if "select" in reach and "epoll" in reach:
        broke = reach["select"]["broke"]
        yield Claim(
            "select is bounded by FD_SETSIZE (1,024 descriptors), epoll is not",
            f"at {reach['select']['in_flight']:,} in flight: select {broke or 'got through'}; "
            f"epoll {reach['epoll']['broke'] or 'got through'}",
            bool(broke) and not reach["epoll"]["broke"],
        )


def _pairs(cells: _Cells) -> Iterator[Claim]:
    yield from _compared(
        cells, "generators", "epoll",
        "Generator coroutines cost hardly more than the callbacks they replace",
        lambda ratio: ratio < 1.3,
    )  # fmt: skip
    yield from _compared(
        cells, "thread-pool", "gevent-libev",
        "gevent makes blocking code cheaper as it is",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compared(
        cells, "asyncio", "uvloop",
        "The same coroutines are cheaper on uvloop",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compared(
        cells, "epoll", "io-uring",
        "Completions (io_uring) are cheaper than readiness (epoll)",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compared(
        cells, "scrapy", "crawlproj",
        "crawlproj costs less CPU a page than stock Scrapy, with frontier and store",
        lambda ratio: ratio > 1.5,
    )  # fmt: skip


def _linear(cells: _Cells) -> Iterator[Claim]:
    rows = cells.of("asyncio")
    if max(rows, default=0) >= _MANY:
        shares = {number: _mid(row, "efficiency") for number, row in sorted(rows.items())}
        words = ", ".join(f"{number}: {share:.0%}" for number, share in shares.items())
        yield Claim(
            "The gain is never linear: code that is not I/O runs one after another",
            f"asyncio, share of what waiting alone allows, by in flight: {words}",
            list(shares.values())[-1] < 0.95,
        )


def _workers(cells: _Cells) -> Iterator[Claim]:
    rows = {
        (row["parse_ms"], row["workers"], row["in_flight"]): row
        for row in cells.section["matrix"]
        if row["pages_per_s"] and not row["broke"]
    }
    cores = cells.section["settings"]["cores"]
    for cost in sorted({key[0] for key in rows}):
        totals = [n for p, w, n in rows if p == cost and w == cores and (p, 1, n) in rows]
        if not totals or cores == 1:
            continue
        total = max(totals)
        one, several = rows[cost, 1, total], rows[cost, cores, total]
        ratio = _mid(several, "pages_per_s") / _mid(one, "pages_per_s")
        yield Claim(
            f"n workers × c beat 1 × (n·c), parsing {cost:g} ms a page",
            f"{cores} × {total // cores}: {_rate(several)}; 1 × {total}: {_rate(one)}: "
            f"{ratio:.2f} ×",
            _verdict(several, one, "pages_per_s", lambda ratio: ratio > 1.15),
        )


def _fleet(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("crawlproj", "fleet"):
        in_flight, (one, several) = found
        ratio = _mid(several, "pages_per_s") / _mid(one, "pages_per_s")
        yield Claim(
            "Several crawlers on one frontier fetch more than one",
            f"at {in_flight} in flight: crawlproj {_rate(one)}, fleet of {several['workers']} "
            f"{_rate(several)}, in runs of {_mid(several, 'wall_s'):.1f} s: {ratio:.2f} ×",
            _verdict(several, one, "pages_per_s", lambda ratio: ratio > 1.15),
        )


def _compared(
    cells: _Cells, dear: str, cheap: str, statement: str, holds: Callable[[float], bool]
) -> Iterator[Claim]:
    """Compare CPU per page of two models at the largest load that both bore."""
    if found := cells.largest(dear, cheap):
        in_flight, (a, b) = found
        ratio = _mid(a, "cpu_ms") / max(_mid(b, "cpu_ms"), 1e-9)
        yield Claim(
            statement,
            f"at {in_flight} in flight: {dear} {_cpu(a)} of CPU a page ({_rate(a)}), "
            f"{cheap} {_cpu(b)} ({_rate(b)}): {ratio:.2f} ×",
            _verdict(a, b, "cpu_ms", holds),
        )


def _verdict(a: Row, b: Row, name: str, holds: Callable[[float], bool]) -> bool | None:
    """Whether the ratio of two figures holds, whichever of the rounds are compared."""
    least = holds(a[name]["low"] / max(b[name]["high"], 1e-9))
    most = holds(a[name]["high"] / max(b[name]["low"], 1e-9))
    return least if least == most else None


def _mid(row: Row, name: str) -> float:
    value: float = row[name]["median"]
    return value


def _rate(row: Row) -> str:
    return f"{_mid(row, 'pages_per_s'):,.0f} pages/s"


def _cpu(row: Row) -> str:
    return f"{_mid(row, 'cpu_ms'):.2g} ms"


def _kb(size: float) -> str:
    if size < 0.5:
        return "too little to measure"
    return f"{size / 1000:.1f} MB" if size >= 1000 else f"{size:.0f} KB"


_MAKERS: tuple[Callable[[_Cells], Iterator[Claim]], ...] = (
    _waiting, _memory, _creation, _switches, _pollers, _pairs, _linear, _workers, _fleet,
)  # fmt: skip
