"""``scrapy lab`` and ``scrapy lab fetch`` on the command line."""

from __future__ import annotations

import argparse
import json
import re
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.command import add_options, plan_of
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import UrlTarget
from tests.processes import scrapy

if TYPE_CHECKING:
    from pathlib import Path


def fetch(*words: str, folder: Path) -> tuple[int, str]:
    """Run ``scrapy lab fetch``; returns its exit status and what it printed."""
    return scrapy("lab", "fetch", *words, "--out", str(folder))


@pytest.mark.slow
def test_without_a_subcommand_it_lists_the_subcommands_and_their_models() -> None:
    status, shown = scrapy("lab")

    assert status == 0
    for words in ("scrapy lab fetch", "io-uring", "gunicorn-sync", "--url URL"):
        assert words in shown


@pytest.mark.slow
def test_a_measurement_is_printed_and_written(tmp_path: Path) -> None:
    code, shown = fetch(
        "--models", "epoll,prefork", "--in-flight", "2,4", "--requests", "12",
        "--latency", "fixed:5ms", "--rounds", "2", folder=tmp_path,
    )  # fmt: skip

    assert code == 0, shown
    assert "4 in flight" in shown
    section = json.loads((tmp_path / "lab.json").read_text())["fetch"]
    assert len(section["cells"]) == 4
    assert {cell["pages"]["median"] for cell in section["cells"]} == {12}
    assert (tmp_path / "lab.html").exists()


@pytest.mark.slow
def test_quick_compares_the_memory_of_processes_threads_and_coroutines(tmp_path: Path) -> None:
    code, shown = fetch(
        "--quick", "--models", "prefork,thread-pool,greenlets,generators,asyncio",
        "--latency", "fixed:50ms", folder=tmp_path,
    )  # fmt: skip

    assert code == 0, shown
    section = json.loads((tmp_path / "lab.json").read_text())["fetch"]
    assert {cell["in_flight"] for cell in section["cells"]} == {64}
    assert {row["model"] for row in section["memory"]} == {
        "prefork", "thread-pool", "greenlets", "generators",
    }  # fmt: skip
    assert "costs more memory than a" in shown


@pytest.mark.slow
def test_pages_can_be_fetched_from_the_users_site(tmp_path: Path) -> None:
    with LabSite() as site:
        site.serve(Latency("fixed", 0.005), 50, 1000)
        url = f"http://{site.host}:{site.port}/page/{{n}}"
        code, shown = fetch(
            "--models", "asyncio", "--in-flight", "4", "--requests", "20",
            "--rounds", "1", "--url", url, folder=tmp_path,
        )  # fmt: skip
        counts = site.counts()

    assert code == 0, shown
    assert counts.max_in_flight <= 4
    (cell,) = json.loads((tmp_path / "lab.json").read_text())["fetch"]["cells"]
    assert cell["max_connections"] is None
    # Not more: the machine may have been busier when the latency was measured to compare with.
    assert cell["efficiency"]["median"] > 0


@pytest.mark.slow
def test_the_error_about_an_unknown_option_names_the_help() -> None:
    status, shown = scrapy("lab", "fetch", "--nonsense")

    assert status == 2
    assert "unknown option '--nonsense'; see: scrapy lab fetch -h" in shown


@pytest.mark.slow
def test_a_site_that_does_not_answer_is_reported_without_a_traceback(tmp_path: Path) -> None:
    code, shown = fetch("--url", "http://127.0.0.1:1/", "--in-flight", "1", folder=tmp_path)

    assert code == 2
    assert "the site cannot be measured" in shown
    assert "Connection refused" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--models nginx", "--models: there is no model 'nginx'"),
        ("--in-flight 0", "--in-flight must be whole numbers from 1 to 8192"),
        ("--in-flight many", "not 'many'"),
        ("--latency slow", "--latency: a latency is fixed:100ms"),
        ("--latency fixed:0ms", "--latency must be above 0"),
        ("--url http://127.0.0.1:1/", "--url requires --in-flight"),
        ("--parse-ms -1", "--parse-ms must be at least 0"),
    ],
)
def test_the_error_names_the_wrong_option(words: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        plan_of(options(words))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://localhost:8000/page/{n}", "/page/{n}"),
        ("http://localhost:8000", "/?page={n}"),
        ("http://localhost:8000/a?b=c", "/a?b=c&page={n}"),
    ],
)
def test_the_url_contains_the_number_of_the_page(url: str, path: str) -> None:
    assert UrlTarget(url).prefix == path


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "nonsense", "http://x:y/"])
def test_the_error_names_a_wrong_url(url: str) -> None:
    with pytest.raises(ConfigError, match="--url"):
        UrlTarget(url)


def test_quick_measures_one_round_unless_options_say_otherwise() -> None:
    assert plan_of(options("--quick")).rounds == 1
    assert plan_of(options("--quick --rounds 2 --in-flight 7")).in_flight == [7]
    assert plan_of(options("")).in_flight == [1, 8, 64, 512]


def options(words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words.split())
