"""Compare policies: ``python -m benchmarks.refresh``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from random import Random
from statistics import mean

from benchmarks.refresh.policies import Chooser, OfCrawlproj, Oracle, Uniform
from benchmarks.refresh.sitemaps import SITEMAPS
from benchmarks.refresh.web import DAY_S, WEBS, Crawler, WebPage, freshness, pages_of

Make = Callable[[int], Chooser]
"""Makes a policy for a budget of checks a run."""

MIN_OF_ORACLE = 0.95
MIN_OF_UNIFORM = 1.3
"""The freshness at least, where the oracle reaches that much more."""
MIN_OF_PLAIN = 0.97
"""The freshness with a sitemap at least, compared with that without one."""
SHARES = 0.03, 0.1
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


def compare(
    web: str, share: float, makes: Sequence[Make], number: int, days: int, seeds: int
) -> list[float]:
    """Return the freshness that each of some policies reaches on the same webs."""
    budget = max(1, round(number * share / PER_DAY))
    found = []
    for make in makes:
        runs = []
        for seed in range(seeds):
            pages = pages_of(Random(seed), web, number, days)  # noqa: S311 - a simulation
            runs.append(freshness_of(make(budget), pages, seed, days, budget))
        found.append(mean(runs))
    return found


def main() -> None:
    """Print two tables; exit with status 1 if a target is missed that can be reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    sizes = given.pages, given.days, given.seeds
    missed = False
    print("| web | checks a day | crawlproj | oracle | uniform | of oracle | × uniform |")
    print("|---|---|---|---|---|---|---|")
    plain: dict[tuple[str, float], float] = {}
    for web, share in product(WEBS, SHARES):
        ours, oracle, uniform = compare(web, share, _COMPARED, *sizes)
        plain[web, share] = ours
        reachable = MIN_OF_UNIFORM * uniform <= MIN_OF_ORACLE * oracle
        missed |= ours < MIN_OF_ORACLE * oracle
        missed |= reachable and ours < MIN_OF_UNIFORM * uniform
        _print(web, share, [ours, oracle, uniform, ours / oracle, ours / uniform])
    print("\n| web | checks a day | no sitemap | " + " | ".join(SITEMAPS) + " |")
    print("|---|---|---|" + "---|" * len(SITEMAPS))
    for web, share in product(WEBS, SHARES):
        found = compare(web, share, [_ours(says) for says in SITEMAPS], *sizes)
        missed |= min(found) < MIN_OF_PLAIN * plain[web, share]
        _print(web, share, [plain[web, share], *found])
    raise SystemExit(int(missed))


def _print(web: str, share: float, found: Iterable[float]) -> None:
    columns = " | ".join(f"{each:.3f}" for each in found)
    print(f"| {web} | {share:.0%} of the pages | {columns} |", flush=True)


def _ours(sitemap: str) -> Make:
    return lambda budget: OfCrawlproj(budget * PER_DAY, sitemap)


_COMPARED: tuple[Make, ...] = (_ours(""), lambda _: Oracle(), lambda _: Uniform())


if __name__ == "__main__":
    main()
