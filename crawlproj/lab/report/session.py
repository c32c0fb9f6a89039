"""One run of a command of the lab: measure, print the tables, write the files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console

from crawlproj.lab.report.claim import undecided
from crawlproj.lab.report.results_file import ResultsFile
from crawlproj.lab.report.terminal import progress
from crawlproj.lab.system.machine import cpu_share_in_use, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from crawlproj.lab.report.terminal import ReportProgress

    Section = dict[str, Any]
    Measure = Callable[[ReportProgress], Section]
    MakeTables = Callable[[Section], Iterable[RenderableType]]

_INTERRUPTED = 130  # 128 + SIGINT


def measure_and_report(name: str, out: str, measure: Measure, tables: MakeTables) -> None:
    """Measure a section, print its tables, and write it to the folder ``out``.

    On Ctrl-C, prints a line and exits with a shell's status for it. Raises ConfigError.
    """
    try:
        _measure_and_report(name, out, measure, tables)
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted: nothing was written for {name}\n")
        raise SystemExit(_INTERRUPTED) from None


def _measure_and_report(name: str, out: str, measure: Measure, tables: MakeTables) -> None:
    results = ResultsFile(out)
    before = cpu_share_in_use()
    console = Console(markup=False)  # else it takes the extra in "crawlproj[lab]" for markup
    with progress() as report_progress:
        section = measure(report_progress)
    after = cpu_share_in_use()
    machine = describe(None if before is None or after is None else max(before, after))
    if machine["busy"] and "claims" in section:
        section = {**section, "claims": undecided(section["claims"])}
    for table in tables(section):
        console.print(table)
        console.print()
    if machine["busy"]:
        console.print(
            f"Other programs used {machine['others']:.0%} of this machine just before or after the "
            "measurement: the figures are provisional."
        )
    written = results.add(name, section, machine)
    console.print(f"Written: {' and '.join(map(str, written))}", soft_wrap=True)
    if len(written) == 1:
        console.print("To get a page of plots as well: pip install 'crawlproj[lab]'")
