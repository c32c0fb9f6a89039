"""The pictures of docs/explanation/concurrency.md.

Run ``python -m benchmarks.pictures FILE...``, with files that ``benchmarks.weather_http --json``
(scenario ``step``) or ``benchmarks.weather --random N --json`` wrote: each gives one picture. The
second shows those of the policies knee, best-fixed, aimd, gradient, vegas and throttle that ran.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter

from crawlproj.demo.weather import Weather, capacity

DOCS = Path(__file__).parent.parent / "docs/explanation"
_STEP_SIDES = {
    "ours": ("crawlproj", "#0b6e4f", 2.2),
    "stock-64": ("stock Scrapy, 64 in flight", "#c05621", 1.2),
    "stock-8": ("stock Scrapy, 8 in flight", "#718096", 1.2),
    "autothrottle": ("AutoThrottle", "#805ad5", 1.2),
}
_POLICIES = {
    "knee": ("crawlproj", "#0b6e4f", 2.4),
    "best-fixed": ("best fixed limit, in hindsight", "#c05621", 1.2),
    "aimd": ("AIMD", "#2b6cb0", 1.2),
    "gradient": ("gradient", "#b7791f", 1.2),
    "vegas": ("Vegas", "#718096", 1.2),
    "throttle": ("AutoThrottle", "#805ad5", 1.2),
}


def main() -> None:
    """Draw the picture of each file named on the command line."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    mpl.rc("font", size=10, family="sans-serif")
    mpl.rc("axes.spines", top=False, right=False)
    mpl.rc("svg", hashsalt="crawlproj", fonttype="none")
    for name in sys.argv[1:]:
        data = json.loads(Path(name).read_text())
        if "sites" in data:
            _sites(data["sites"])
        else:
            _step(next(one for one in data["results"] if one["scenario"]["name"] == "step"))


def _step(result: dict[str, Any]) -> None:
    scenario = result["scenario"]
    weather = Weather.from_dict(scenario["groups"][0]["weather"])
    seconds = range(int(scenario["duration_s"]))
    figure, (pages, flight) = plt.subplots(
        2, 1, figsize=(8, 5.4), sharex=True, height_ratios=(3, 2), layout="tight"
    )
    could = [capacity(weather, second, second + 1) for second in seconds]
    pages.fill_between(seconds, could, step="post", color="#e2e8f0", label="capacity of the site")
    for side, (label, colour, width) in _STEP_SIDES.items():
        run = result["runs"][side][0]
        style = {"label": label, "color": colour, "linewidth": width}
        pages.plot(seconds, _smoothed(run["served"][: len(seconds)]), **style)
        flight.plot(seconds, run["in_flight"][: len(seconds)], **style)
    pages.set_ylabel("pages/s")
    pages.set_ylim(0, 260)
    pages.legend(loc="upper center", ncols=3, frameon=False, fontsize=8.5)
    flight.set_ylabel("in flight at the site")
    flight.set_xlabel("seconds")
    flight.set_xlim(0, seconds[-1])
    flight.set_ylim(0)
    _save(figure, "concurrency-step.svg")


def _sites(sites: list[dict[str, Any]]) -> None:
    """Draw the goodput / ceiling of every single site, sorted, with a line for each policy."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
    constant = [site for site in sites if site["family"] == "constant"]
    changing = [site for site in sites if site["family"] != "constant"]
    titles = ("nothing changes", "capacity or speed changes")
    for axes, title, group in zip(panels, titles, (constant, changing), strict=True):
        for policy, (label, colour, width) in _POLICIES.items():
            if policy not in group[0]["figures"]:
                continue
            shares = sorted(
                site["figures"][policy]["goodput"] / site["figures"]["ceiling"]["goodput"]
                for site in group
            )
            percent = [100 * (number + 0.5) / len(shares) for number in range(len(shares))]
            axes.plot(percent, shares, label=label, color=colour, linewidth=width)
        axes.set_title(f"{title}: {len(group)} sites", fontsize=10)
        axes.set_xlabel("% of the sites, worst first")
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 1.1)
        axes.grid(color="#e2e8f0")
    panels[0].set_ylabel("pages, as a share of the ceiling")
    panels[0].yaxis.set_major_formatter(PercentFormatter(1))
    lines = panels[0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=3, frameon=False)
    _save(figure, "concurrency-sites.svg")


def _smoothed(values: list[float]) -> list[float]:
    return [fmean(values[max(0, n - 1) : n + 2]) for n in range(len(values))]


def _save(figure: Any, name: str) -> None:
    # Without a date, the same figures give the same file.
    figure.savefig(DOCS / name, metadata={"Date": None}, facecolor="white")
    plt.close(figure)
    print(f"docs/explanation/{name}")


if __name__ == "__main__":
    main()
