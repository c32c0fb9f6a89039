"""``scrapy lab``, as typed."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.command import add_options, plan_of
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import ForeignSite

if TYPE_CHECKING:
    from pathlib import Path


def scrapy(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrapy", "lab", *words]
    if folder is not None:
        command += ["--out", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_alone_it_lists_what_there_is() -> None:
    done = scrapy()

    assert done.returncode == 0
    assert "scrapy lab fetch" in done.stdout


def test_a_small_measurement_is_printed_and_written(tmp_path: Path) -> None:
    done = scrapy(
        "fetch", "--models", "epoll,prefork", "--in-flight", "2,4", "--requests", "12",
        "--latency", "fixed:5ms", "--rounds", "2", folder=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "4 in flight" in done.stdout
    section = json.loads((tmp_path / "lab.json").read_text())["fetch"]
    assert len(section["cells"]) == 4
    assert {cell["pages"]["median"] for cell in section["cells"]} == {12}
    assert (tmp_path / "lab.html").exists()


def test_quick_too_compares_the_memory_of_processes_threads_and_coroutines(tmp_path: Path) -> None:
    done = scrapy(
        "fetch", "--quick", "--models", "prefork,thread-pool,greenlets,generators,asyncio",
        "--latency", "fixed:50ms", folder=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    section = json.loads((tmp_path / "lab.json").read_text())["fetch"]
    assert {cell["in_flight"] for cell in section["cells"]} == {64}
    assert {row["model"] for row in section["memory"]} == {
        "prefork", "thread-pool", "greenlets", "generators",
    }  # fmt: skip
    assert "costs more memory than a" in done.stdout


def test_a_site_of_the_users_own_is_fetched_from(tmp_path: Path) -> None:
    with LabSite() as site:
        site.serve(Latency("fixed", 0.005), 50, 1000)
        url = f"http://{site.host}:{site.port}/page/{{n}}"
        done = scrapy(
            "fetch", "--models", "asyncio", "--in-flight", "4", "--requests", "20",
            "--rounds", "1", "--url", url, folder=tmp_path,
        )  # fmt: skip
        account = site.account()

    assert done.returncode == 0, done.stderr
    assert account.in_flight <= 4
    (cell,) = json.loads((tmp_path / "lab.json").read_text())["fetch"]["cells"]
    assert cell["connections"] is None
    assert 0.2 < cell["efficiency"]["median"] <= 1.2


def test_what_the_command_does_not_know_is_told_with_where_to_look() -> None:
    done = scrapy("fetch", "--nonsense")

    assert done.returncode == 2
    assert "'--nonsense' is no option; see: scrapy lab fetch -h" in done.stderr


def test_a_site_that_does_not_answer_is_told_in_a_line(tmp_path: Path) -> None:
    done = scrapy("fetch", "--url", "http://127.0.0.1:1/", "--in-flight", "1", folder=tmp_path)

    assert done.returncode == 2
    assert "the site cannot be measured" in done.stderr
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--models nginx", "--models: there is no model 'nginx'"),
        ("--in-flight 0", "--in-flight must be whole numbers from 1 to 8192"),
        ("--in-flight many", "not 'many'"),
        ("--latency slow", "--latency: a latency is fixed:100ms"),
        ("--latency fixed:0ms", "something to wait for"),
        ("--url http://127.0.0.1:1/", "--url needs --in-flight"),
        ("--parse-ms -1", "--parse-ms must be at least 0"),
    ],
)
def test_a_wrong_option_is_named(words: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        plan_of(options(words))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://localhost:8000/page/{n}", "/page/{n}"),
        ("http://localhost:8000", "/?page={n}"),
        ("http://localhost:8000/a?b=c", "/a?b=c&page={n}"),
    ],
)
def test_the_number_of_a_page_goes_into_its_url(url: str, path: str) -> None:
    assert ForeignSite(url).prefix == path


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "nonsense", "http://x:y/"])
def test_a_wrong_url_is_named(url: str) -> None:
    with pytest.raises(ConfigError, match="--url"):
        ForeignSite(url)


def test_quick_is_one_short_round_unless_told() -> None:
    assert plan_of(options("--quick")).rounds == 1
    assert plan_of(options("--quick --rounds 2 --in-flight 7")).in_flight == [7]
    assert plan_of(options("")).in_flight == [1, 8, 64, 512]


def options(words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words.split())
