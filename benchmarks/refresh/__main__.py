"""Compare policies: ``python -m benchmarks.refresh``."""

from __future__ import annotations

import argparse
from random import Random
from statistics import mean

from benchmarks.refresh.policies import Chooser, OfCrawlproj, Oracle, Uniform
from benchmarks.refresh.web import DAY_S, WEBS, Crawler, WebPage, freshness, pages_of

MIN_OF_ORACLE = 0.95
PER_DAY = 1  # runs


def freshness_of(
    chooser: Chooser, pages: list[WebPage], seed: int, days: int, budget: int
) -> float:
    """Return the mean freshness over the second half of ``days``, with ``budget`` checks a run."""
    crawler = Crawler(Random(seed))  # noqa: S311 - a simulation
    seen = []
    for turn in range(1, days * PER_DAY):
        now = turn * DAY_S / PER_DAY
        for page in chooser.choose(pages, now, budget):
            crawler.check(page, now)
        if turn > days * PER_DAY / 2:
            # Between two runs, so that what was checked last is as old as it is on average.
            seen.append(freshness(pages, now + DAY_S / PER_DAY / 2))
    return mean(seen)


def compare(web: str, share: float, number: int, days: int, seeds: int) -> tuple[float, ...]:
    """Return the freshness of crawlproj, of the oracle and of uniform revisiting."""
    budget = max(1, round(number * share / PER_DAY))
    makes = (lambda: OfCrawlproj(budget * PER_DAY), Oracle, Uniform)
    return tuple(
        mean(
            freshness_of(make(), pages_of(Random(seed), web, number, days), seed, days, budget)  # noqa: S311
            for seed in range(seeds)
        )
        for make in makes
    )


def main() -> None:
    """Print a table; exit with status 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    missed = False
    print("| web | checks a day | crawlproj | oracle | uniform | of the oracle | × uniform |")
    print("|---|---|---|---|---|---|---|")
    for web in WEBS:
        for share in (0.03, 0.1):
            ours, oracle, uniform = compare(web, share, given.pages, given.days, given.seeds)
            missed |= ours / oracle < MIN_OF_ORACLE
            print(
                f"| {web} | {share:.0%} of the pages | {ours:.3f} | {oracle:.3f} | {uniform:.3f} "
                f"| {ours / oracle:.3f} | {ours / uniform:.2f} |",
                flush=True,
            )
    raise SystemExit(int(missed))


if __name__ == "__main__":
    main()
