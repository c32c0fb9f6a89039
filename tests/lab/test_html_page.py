"""The page in a browser; skipped if none is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.lab.fetch.claims import claims
from crawlproj.lab.report.html_page import render_page
from crawlproj.lab.system.machine import describe
from tests.lab.sections import advise_section, hog_section, row, section, serve_section
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
# Stands in for Plotly: writes into each figure what it would draw, and errors into the page.
STUB = """
addEventListener("error", (event) => document.body.append("ERROR " + event.message));
const Plotly = { react(place, traces, layout) {
  if (JSON.stringify([traces, layout]).includes("Infinity")) throw new Error("Infinity");
  place.textContent = `DRAWN ${traces.length} traces`;
} };
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no browser on PATH")]


def shown(folder: Path, **sections: dict[str, Any]) -> str:
    """Return the body of the page after its scripts have run, without data and scripts."""
    machine = describe()
    for each in sections.values():
        each["machine"] = machine
    text = render_page(json.dumps({"schema": 1, "machine": machine, **sections}), STUB)
    (folder / "lab.html").write_text(text)
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=2000", "--dump-dom",
        (folder / "lab.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    body = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)
    assert "ERROR" not in body, body[-500:]
    return body


def figures(body: str) -> list[str]:
    """Return the titles of the figures that were drawn."""
    return re.findall(r"<figcaption>(.*?)<small>.*?DRAWN [1-9]", body)


def test_the_page_has_all_sections_with_claims_and_a_table_of_contents(tmp_path: Path) -> None:
    slopes = {"prefork": 1000, "thread-pool": 50, "greenlets": 10, "generators": 4}
    cells = [
        row(name, n, pss_mb=20 + n * kb / 1000) for name, kb in slopes.items() for n in (1, 64)
    ]
    matrix = [
        row("workers", total, workers=n, parse_ms=cost)
        for cost in (0.0, 2.0, 10.0) for total in (8, 128) for n in (1, 2, 4)
    ]  # fmt: skip
    fetch = section([*cells, row("workers", 128)], matrix=matrix)
    fetch["claims"] = [asdict(claim) for claim in claims(fetch)]

    body = shown(
        tmp_path, fetch=fetch, serve=serve_section("fork"), hog=hog_section("asyncio", "threads")
    )

    assert figures(body) == [
        "Memory of one more request in flight", "128 in flight in all", "Parsing 0 ms per page",
        "Parsing 2 ms per page", "Parsing 10 ms per page", "Throughput", "Memory", "CPU per page",
        "Latency, 99th percentile", "Efficiency", "CPU per page", "Context switches per page",
        "Latency of short queries", "Latency of slow queries", "Memory",
        "Lateness of the short tasks", "Pure Python", "C code that releases the GIL",
    ]  # fmt: skip
    assert "A process costs more memory than a thread" in body
    assert all(f"parsing {cost} ms per page" in body for cost in (0, 2, 10))
    links = re.findall(r'<a href="#([^"]+)"', body)
    assert len(links) > 8
    assert all(f'id="{link}"' in body for link in links)


def test_a_single_load_of_fetching_is_drawn_as_bars(tmp_path: Path) -> None:
    body = shown(tmp_path, fetch=section([row("epoll", 64), row("asyncio", 64)]))

    assert figures(body) == [
        "Throughput", "CPU per page", "Context switches per page", "Latency, 99th percentile",
        "Memory",
    ]  # fmt: skip
    assert "Serving" not in body


def test_the_advice_is_shown_with_its_settings(tmp_path: Path) -> None:
    body = shown(tmp_path, advise=advise_section())

    assert figures(body) == ["Predicted pages per second"]
    for words in ("Recommended: 1 × 32 in flight", "measured 300", "+7%", "REQUESTS = 32"):
        assert words in body


def test_a_section_in_which_every_model_failed_has_the_reasons(tmp_path: Path) -> None:
    hog = hog_section("asyncio", "gevent", rows=[{"model": "asyncio", "failure": "it crashed"}])
    hog["models"]["gevent"]["unavailable"] = "gevent is not installed"
    serve = serve_section("nginx", rows=[])
    serve["models"]["nginx"]["unavailable"] = "nginx is not on PATH"

    body = shown(
        tmp_path, hog=hog, serve=serve, fetch=section([row("select", 64, failure="out of range")])
    )

    assert figures(body) == ["Pure Python", "C code that releases the GIL"]
    for words in (
        "failed: it crashed", "unavailable: gevent is not installed", "unavailable: no python3.13t",
        "unavailable: nginx is not on PATH", "failed: with 64 in flight: out of range",
    ):  # fmt: skip
        assert words in body
