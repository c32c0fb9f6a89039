"""``scrapy lab advise`` on the command line."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import ConfigError
from crawlproj.lab.advise.command import add_options, run
from crawlproj.lab.advise.crawls.sample import Sample
from crawlproj.lab.advise.crawls.user_site import UserSiteCrawls
from crawlproj.lab.fetch.loads import Load
from crawlproj.latency.histogram import Histogram
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--in-flight 0", "--in-flight must be from 1 to 1024"),
        ("--latency slow", "--latency: a latency is fixed:100ms"),
        ("--latency fixed:0ms", "--latency must be above 0"),
        ("--parse-ms -1", "--parse-ms must be at least 0"),
        ("--rounds -1", "--rounds must be at least 0"),
        ("--url https://a.example --pages 5", "--pages must be at least 20"),
        ("--url ftp://a.example", "--url: 'ftp://a.example' is not an http or https URL"),
        ("--url https://a.example -s NAME", "-s must be given as NAME=VALUE"),
        (
            "--url https://a.example -s CONCURRENCY_MAX_PER_SITE=x",
            "CONCURRENCY_MAX_PER_SITE must be a whole number",
        ),
    ],
)
def test_the_error_names_the_wrong_option(words: str, message: str) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)

    with pytest.raises(ConfigError, match=re.escape(message)):
        run(parser.parse_args(words.split(), argparse.Namespace(set=[])))


def test_the_settings_limit_the_requests_in_flight_for_each_site() -> None:
    settings = Settings({"CONCURRENCY_MAX_PER_SITE": 8})
    url = "https://a.example/x,https://a.example/y,https://b.example"
    settings.set("CONCURRENCY_SITES", {"b.example": {"delay": 2}})

    runs = UserSiteCrawls(url, settings, {}, (60, 300))

    known = Histogram()
    known.record(0.1)
    sample = Sample(60, 20.0, 0.001, 0.0, known, {}, {}, {})
    assert runs.max_in_flight == 9
    assert runs.sites_per_s(sample, 0.1) == pytest.approx(80 + 0.5, rel=0.03)
    assert "CONCURRENCY_MAX_PER_SITE = 8" in "\n".join(runs.snippet(Load(9)))


def scrapy(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrapy", "lab", "advise", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def checked(done: subprocess.CompletedProcess[str], folder: Path) -> dict[str, Any]:
    """Check the output; return the recommendation in lab.json."""
    assert done.returncode == 0, done.stderr
    assert "recommended: " in done.stdout
    assert "CONCURRENT_REQUESTS = " in done.stdout
    section: dict[str, Any] = json.loads((folder / "lab.json").read_text())["advise"]
    assert all(cost["worker_ms"] > 0 for cost in section["sampled"]["costs"])
    assert 0 < section["sampled"]["latency_p50_s"] <= section["sampled"]["latency_p99_s"]
    best: dict[str, Any] = section["recommended"]
    assert best["pages_per_s"] > 0
    assert best["measured_per_s"] > 0
    return best


@pytest.mark.slow
def test_advice_for_the_labs_site(tmp_path: Path) -> None:
    done = scrapy(
        "--latency", "fixed:100ms", "--in-flight", "4", "--rounds", "1", "--out", str(tmp_path)
    )

    best = checked(done, tmp_path)

    assert best["in_flight"] <= 4


@pytest.mark.slow
def test_advice_for_the_users_site_keeps_to_its_limit(tmp_path: Path) -> None:
    with DemoWeb([SiteSpec("a", "small", pages=100, latency_s=0.03)], tmp_path / "log") as web:
        done = scrapy(
            "--url", web.url("a"), "-s", "GUARD_ALLOW=127.0.0.0/8", "-s",
            "CONCURRENCY_MAX_PER_SITE=6", "--sample-pages", "20", "--pages", "40", "--out",
            str(tmp_path),
        )  # fmt: skip
        log = web.log()

    best = checked(done, tmp_path)

    assert best["workers"] == 1
    assert max(line.in_flight for line in log) <= 6
    assert len(log) <= 20 + 20 + 40 + 3 * 10  # robots.txt, and pages in flight at the end


@pytest.mark.slow
def test_a_site_that_does_not_answer_is_reported_without_a_traceback(tmp_path: Path) -> None:
    words = ("--url", "http://127.0.0.1:1/", "-s", "GUARD_ALLOW=127.0.0.0/8")

    done = scrapy(*words, "--out", str(tmp_path))

    assert done.returncode == 2
    assert "--url http://127.0.0.1:1/: Nothing was fetched, because no site could be" in done.stderr
    assert "Traceback" not in done.stderr
