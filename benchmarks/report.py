"""The figures of a comparison, as a table and as JSON."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.cases import IN_FLIGHT, SIDES
from crawlproj.plural import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cases import Case, Side
    from benchmarks.crawls import Run


@dataclass(frozen=True, slots=True)
class Compared:
    """The runs of a case, in the order of the rounds.

    start_ups_s: CPU seconds of the same command on a site of one page, for each round.
    """

    case: Case
    pages: int
    start_ups_s: dict[Side, list[float]]
    runs: dict[Side, list[Run]]

    def cpu_ms(self, side: Side) -> list[float]:
        """Return the CPU milliseconds per page of each round, without start-up."""
        pairs = zip(self.runs[side], self.start_ups_s[side], strict=True)
        return [(run.cpu_s - start_up_s) / (self.pages - 1) * 1e3 for run, start_up_s in pairs]

    @property
    def ratio(self) -> float:
        """Stock Scrapy's CPU per page divided by ours: the median over the rounds."""
        pairs = zip(self.cpu_ms("stock"), self.cpu_ms("ours"), strict=True)
        return median(stock / ours for stock, ours in pairs)

    @property
    def reached(self) -> bool:
        """Whether the medians reach the target."""
        return self.case.reached(self.ratio, median(self.cpu_ms("ours")))


def table_of(all_compared: Sequence[Compared], rounds: int) -> Table:
    """Return the table of all cases."""
    title = f"{IN_FLIGHT} in flight; median (min–max) of {counted(rounds, 'round')}"
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("case", overflow="fold")
    table.add_column("crawler")
    for heading in (
        *("pages", "CPU ms/page", "pages/s\nper core", "ratio", "target"),
        *("pages/s\nwall", "peak RSS\nMB", "server\nms/page"),
    ):
        table.add_column(heading, justify="right")
    for compared in all_compared:
        for side in SIDES:
            runs, cpu_ms = compared.runs[side], compared.cpu_ms(side)
            ours = side == "ours"
            verdict = "reached" if compared.reached else "[bold red]missed[/]"
            table.add_row(
                "" if ours else compared.case.name,
                "crawlproj" if ours else "stock Scrapy",
                f"{compared.pages:,}",
                f"{median(cpu_ms):.2f} ({min(cpu_ms):.2f}–{max(cpu_ms):.2f})",
                f"{1000 / median(cpu_ms):,.0f}",
                f"{compared.ratio:.1f}×" if ours else "",
                f"{compared.case.target} {verdict}" if ours else "",
                f"{compared.pages / median(run.wall_s for run in runs):,.0f}",
                f"{median(run.rss_mb for run in runs):,.0f}",
                f"{median(run.server_cpu_s for run in runs) / compared.pages * 1e3:.2f}",
            )
        table.add_section()
    return table


def measured_on() -> dict[str, Any]:
    """Return the versions and the machine, on which figures depend too."""
    packages = ("scrapy", "twisted", "aiohttp", "uvloop", "turbohtml")
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "packages": {name: version(name) for name in packages},
    }


def as_json(all_compared: Sequence[Compared]) -> dict[str, Any]:
    """Return the figures of all runs, with versions and machine."""
    return {
        **measured_on(),
        "in_flight": IN_FLIGHT,
        "cases": [
            {
                "case": asdict(compared.case),
                "pages": compared.pages,
                "start_ups_s": compared.start_ups_s,
                "cpu_ms_per_page": {side: compared.cpu_ms(side) for side in SIDES},
                "ratio": compared.ratio,
                "reached": compared.reached,
                "runs": {side: [asdict(run) for run in compared.runs[side]] for side in SIDES},
            }
            for compared in all_compared
        ],
    }
