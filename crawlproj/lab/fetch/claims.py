"""Common claims about the models, beside the measured figures that support or refute them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.memory_per_request import COMPARED
from crawlproj.lab.report.claim import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

_MANY = 256  # in flight; from here on the CPU of a page shows


class _Cells:
    """The cells of a section whose runs succeeded, by model and in-flight."""

    def __init__(self, section: Row) -> None:
        self.section = section
        self._rows: dict[str, dict[int, Row]] = {}
        for row in section["cells"]:
            if row["pages_per_s"] and not row["failure"]:
                self._rows.setdefault(row["model"], {})[row["in_flight"]] = row

    def of(self, model: str) -> dict[int, Row]:
        """Return {in flight: row}."""
        return self._rows.get(model, {})

    def largest(self, *models: str) -> tuple[int, list[Row]] | None:
        """Return the largest in-flight that all models have, and their rows; None without one."""
        shared = set.intersection(*(set(self.of(model)) for model in models))
        if not shared:
            return None
        return max(shared), [self.of(model)[max(shared)] for model in models]


def claims(section: Row) -> list[Claim]:
    """Return the claims for which a section of measure.py has figures."""
    cells = _Cells(section)
    return [claim for check in _CHECKS for claim in check(cells)]


def _waiting(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("serial"):
        row = found[1][0]
        idle = 1 - _median(row, "cpu_ms") * _median(row, "pages_per_s") / 1000
        yield Claim(
            "A single blocking process wastes its core: it mostly waits",
            f"serial: {_rate(row)}, its core idle {idle:.0%} of the time",
            idle > 0.5,
        )


def _memory(cells: _Cells) -> Iterator[Claim]:
    costs = {row["model"]: row["kb_per_request"] for row in cells.section["memory"]}
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
        yield from _compare_cpu(
            cells, each, pool,
            f"Creating a {unit} (and a connection) per request is costly; a pool avoids it",
            lambda ratio: ratio > 1.2,
        )  # fmt: skip


def _switches(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("thread-pool", "epoll"):
        in_flight, rows = found
        threads, loop = (
            _median(row, "voluntary") + _median(row, "involuntary") for row in rows
        )  # fmt: skip
        yield Claim(
            "The kernel schedules threads, so it interrupts them often",
            f"{in_flight} in flight: {threads:.1f} context switches per page with threads, "
            f"{loop:.1f} with one epoll loop",
            threads > 2 * loop,
        )
    if found := cells.largest("fork", "epoll"):
        in_flight, (processes, loop_row) = found
        kernel = _median(processes, "system_ms") / max(_median(processes, "cpu_ms"), 1e-9)
        yield Claim(
            "Processes cost time in the kernel",
            f"{in_flight} in flight: {_cpu(processes)} of CPU per page, {kernel:.0%} of it in the "
            f"kernel, with a process per request; {_cpu(loop_row)} with one epoll loop",
            _median(processes, "system_ms") > 2 * _median(loop_row, "system_ms"),
        )


def _pollers(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("select", "poll", "epoll"):
        in_flight, rows = found
        select, poll, epoll = (_median(row, "cpu_ms") for row in rows)
        yield Claim(
            "epoll costs less than poll and select because it returns only ready sockets",
            f"{in_flight} in flight, all of them active: select {select:.3f}, poll {poll:.3f}, "
            f"epoll {epoll:.3f} ms of CPU per page",
            epoll < 0.9 * min(select, poll),
        )
    stress = cells.section["stress"]
    if "select" in stress and "epoll" in stress:
        failure = stress["select"]["failure"]
        yield Claim(
            "select is limited to FD_SETSIZE (1,024) descriptors, epoll is not",
            f"{stress['select']['in_flight']:,} in flight: select {failure or 'succeeded'}; "
            f"epoll {stress['epoll']['failure'] or 'succeeded'}",
            bool(failure) and not stress["epoll"]["failure"],
        )


def _pairs(cells: _Cells) -> Iterator[Claim]:
    yield from _compare_cpu(
        cells, "generators", "epoll",
        "Generator coroutines cost hardly more than the callbacks they replace",
        lambda ratio: ratio < 1.3,
    )  # fmt: skip
    yield from _compare_cpu(
        cells, "thread-pool", "gevent-libev",
        "gevent makes unchanged blocking code cheaper",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compare_cpu(
        cells, "asyncio", "uvloop",
        "The same coroutines are cheaper on uvloop",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compare_cpu(
        cells, "epoll", "io-uring",
        "Completion (io_uring) is cheaper than readiness (epoll)",
        lambda ratio: ratio > 1.1,
    )  # fmt: skip
    yield from _compare_cpu(
        cells, "scrapy", "crawlproj",
        "crawlproj costs less CPU per page than stock Scrapy, frontier and store included",
        lambda ratio: ratio > 1.5,
    )  # fmt: skip


def _linear(cells: _Cells) -> Iterator[Claim]:
    rows = cells.of("asyncio")
    if max(rows, default=0) >= _MANY:
        shares = {number: _median(row, "efficiency") for number, row in sorted(rows.items())}
        words = ", ".join(f"{share:.0%} at {number}" for number, share in shares.items())
        yield Claim(
            "The gain is never linear: everything but I/O runs one step at a time",
            f"asyncio, share of the ideal throughput by in-flight: {words}",
            list(shares.values())[-1] < 0.95,
        )


def _workers(cells: _Cells) -> Iterator[Claim]:
    rows = {
        (row["parse_ms"], row["workers"], row["in_flight"]): row
        for row in cells.section["matrix"]
        if row["pages_per_s"] and not row["failure"]
    }
    cores = cells.section["settings"]["cores"]
    for cost in sorted({key[0] for key in rows}):
        totals = [n for p, w, n in rows if p == cost and w == cores and (p, 1, n) in rows]
        if not totals or cores == 1:
            continue
        total = max(totals)
        one, several = rows[cost, 1, total], rows[cost, cores, total]
        yield Claim(
            f"n workers × c beat 1 × (n·c), parsing {cost:g} ms per page",
            f"{cores} × {total // cores}: {_rate(several)}; 1 × {total}: {_rate(one)}: "
            f"{_rate_ratio(several, one)}",
            _verdict(several, one, "pages_per_s", lambda ratio: ratio > 1.15),
        )


def _fleet(cells: _Cells) -> Iterator[Claim]:
    if found := cells.largest("crawlproj", "fleet"):
        in_flight, (one, several) = found
        yield Claim(
            "Several crawlers on one frontier fetch more than one crawler",
            f"{in_flight} in flight: crawlproj {_rate(one)}, fleet of {several['workers']} "
            f"{_rate(several)}, in runs of {_median(several, 'wall_s'):.1f} s: "
            f"{_rate_ratio(several, one)}",
            _verdict(several, one, "pages_per_s", lambda ratio: ratio > 1.15),
        )


def _compare_cpu(
    cells: _Cells, costly: str, cheap: str, statement: str, holds: Callable[[float], bool]
) -> Iterator[Claim]:
    """Compare the CPU per page of two models, at the largest load that both handled."""
    if found := cells.largest(costly, cheap):
        in_flight, (a, b) = found
        ratio = _median(a, "cpu_ms") / max(_median(b, "cpu_ms"), 1e-9)
        yield Claim(
            statement,
            f"{in_flight} in flight: {costly} {_cpu(a)} of CPU per page ({_rate(a)}), "
            f"{cheap} {_cpu(b)} ({_rate(b)}): {ratio:.2f} ×",
            _verdict(a, b, "cpu_ms", holds),
        )


def _verdict(a: Row, b: Row, name: str, holds: Callable[[float], bool]) -> bool | None:
    """Return whether a / b holds for a figure; None if that depends on the rounds compared."""
    lowest = holds(a[name]["low"] / max(b[name]["high"], 1e-9))
    highest = holds(a[name]["high"] / max(b[name]["low"], 1e-9))
    return lowest if lowest == highest else None


def _median(row: Row, name: str) -> float:
    value: float = row[name]["median"]
    return value


def _rate(row: Row) -> str:
    return f"{_median(row, 'pages_per_s'):,.0f} pages/s"


def _rate_ratio(a: Row, b: Row) -> str:
    return f"{_median(a, 'pages_per_s') / _median(b, 'pages_per_s'):.2f} ×"


def _cpu(row: Row) -> str:
    return f"{_median(row, 'cpu_ms'):.2g} ms"


def _kb(size: float) -> str:
    if size < 0.5:
        return "too little to measure"
    return f"{size / 1000:.1f} MB" if size >= 1000 else f"{size:.0f} KB"


_CHECKS: tuple[Callable[[_Cells], Iterator[Claim]], ...] = (
    _waiting, _memory, _creation, _switches, _pollers, _pairs, _linear, _workers, _fleet,
)  # fmt: skip
