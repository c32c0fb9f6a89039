"""The pictures of docs/explanation/concurrency.md.

Run ``python -m benchmarks.pictures HTTP.json SIMULATED.json``, with the files that
``benchmarks.weather_http --json`` and ``benchmarks.weather --json`` write.
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


def main() -> None:
    """Draw both pictures from the two files named on the command line."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    mpl.rc("font", size=10, family="sans-serif")
    mpl.rc("axes.spines", top=False, right=False)
    mpl.rc("svg", hashsalt="crawlproj", fonttype="none")
    http, simulated = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    _step(next(one for one in http["results"] if one["scenario"]["name"] == "step"))
    _policies(simulated["summary"]["held-out"])


def _step(result: dict[str, Any]) -> None:
    scenario = result["scenario"]
    weather = Weather.from_dict(scenario["groups"][0]["weather"])
    seconds = range(int(scenario["duration_s"]))
    figure, (pages, flight) = plt.subplots(
        2, 1, figsize=(8, 5.4), sharex=True, height_ratios=(3, 2)
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


def _policies(summary: dict[str, Any]) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.2))
    for policy, figures in summary.items():
        ours = policy == "knee"
        at = figures["goodput"]["mean"], figures["errors"]["mean"]
        axes.scatter(*at, s=90 if ours else 45, color="#0b6e4f" if ours else "#718096", zorder=3)
        name = {
            "knee": "crawlproj",
            "throttle": "AutoThrottle",
            "throttle-16": "AutoThrottle, tuned",
        }
        left = at[0] > 0.85 and not ours
        axes.annotate(
            name.get(policy, policy),
            at,
            xytext=(-8 if left else 8, -14 if policy == "throttle" else 4),
            textcoords="offset points",
            ha="right" if left else "left",
            weight="bold" if ours else "normal",
        )
    axes.set_xlabel("pages, as a share of the sites' capacity")
    axes.set_ylabel("errors, as a share of requests")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0.1, 1.06)
    axes.set_ylim(-0.025, 0.55)
    axes.grid(color="#e2e8f0")
    _save(figure, "concurrency-policies.svg")


def _smoothed(values: list[float]) -> list[float]:
    return [fmean(values[max(0, n - 1) : n + 2]) for n in range(len(values))]


def _save(figure: Any, name: str) -> None:
    figure.tight_layout()
    # Without a date, the same figures give the same file.
    figure.savefig(DOCS / name, metadata={"Date": None}, facecolor="white")
    plt.close(figure)
    print(f"docs/explanation/{name}")


if __name__ == "__main__":
    main()
