"""How long a crawl of one page takes: ``python -m benchmarks.start``.

Stock Scrapy and crawlproj crawl and store the same page, in turns, each in a fresh process.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.cases import CASES, SIDES
from benchmarks.crawls import Crawls
from benchmarks.processes import ROOT, WrongResult, stop_when_terminated
from benchmarks.sites import served


def main() -> int:
    """Measure and print medians, min and max of wall time and CPU; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="crawls of each (default: 9)")
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds must be at least 1")
    stop_when_terminated()
    # As pip does when it installs them. A checkout compiles them when they are first imported,
    # and with PYTHONDONTWRITEBYTECODE at every start.
    for package in ("crawlproj", "benchmarks"):
        compileall.compile_dir(ROOT / package, quiet=1)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with served(CASES["plain"], 1, folder) as sites:
                crawls = Crawls(CASES["plain"], sites, 1, folder)
                for side in SIDES:  # the first one finds cold caches
                    crawls.run(side, "one")
                turns = [[crawls.run(side, "one") for side in SIDES] for _ in range(rounds)]
    except WrongResult as exc:
        print(f"no figures, because the results are wrong: {exc}", file=sys.stderr)
        return 1
    for side, runs in zip(SIDES, zip(*turns, strict=True), strict=True):
        wall, cpu = ([run.wall_s for run in runs], [run.cpu_s for run in runs])
        print(f"{side:6} wall {_spread(wall)}   CPU {_spread(cpu)}")
    return 0


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f})"


if __name__ == "__main__":
    sys.exit(main())
