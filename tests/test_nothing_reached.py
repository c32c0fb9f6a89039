"""A crawl that could do nothing ends with status 1, so that whoever started it notices."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.base import Totals
from crawlproj.reasons import nothing_reached
from tests.downloadermiddlewares.crawling import Answer, site
from tests.http.helpers import on_reactor
from tests.processes import Scrapy, options, scrapy
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def test_a_crawl_without_a_page_whose_sites_could_not_be_reached_did_nothing() -> None:
    why = nothing_reached(Totals(failed={"dns": 2, "tls": 1}, skipped={"redirected": 1}))
    assert why == "Nothing was fetched, because no site could be reached (dns 2, tls 1)"


@pytest.mark.parametrize(
    "totals",
    [
        Totals(),
        Totals(done=1, failed={"dns": 100}),
        Totals(failed={"dns": 1, "http-404": 1}),
        Totals(failed={"malformed-response": 1}),
        Totals(failed={"callback-error": 1}),
        Totals(skipped={"robots": 1}),
        Totals(failed={"dns": 1}, skipped={"robots": 1}),
    ],
)
def test_any_answer_is_something(totals: Totals) -> None:
    assert nothing_reached(totals) == ""


def start(folder: Path, url: str, settings: Mapping[str, object], command: str = "crawl") -> Scrapy:
    more = {
        "FRONTIER_URL": f"sqlite:///{folder}/crawl.db",
        "STORE_URL": f"sqlite:///{folder}/crawl.db",
        "GUARD_ALLOW": "127.0.0.0/8",
        "RETRY_TIMES": 0,
        "SITE_PATIENCE": 1,
    }
    return Scrapy(command, "site", "-a", f"url={url}", *options({**more, **settings}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "settings", "reason"),
    [
        ("http://127.0.0.1:PORT", {"ROBOTSTXT_OBEY": 0}, "connection-refused"),
        ("http://no-such-host.invalid", {}, "dns"),
        ("http://10.0.0.1", {}, "guard"),
    ],
)
def test_a_start_page_that_cannot_be_reached_ends_with_status_1(
    tmp_path: Path, url: str, settings: dict[str, object], reason: str
) -> None:
    process = start(tmp_path, url.replace("PORT", str(free_port())), settings)
    assert process.wait() == 1, process.output()
    # Without a name server, the network is away.
    network = "stopped (network-away)" in process.output()
    assert f"no site could be reached ({reason} 1)" in process.output() or network
    assert ("finished (generation 1)" in process.output()) is not network


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        ("a b\nhttp://\n", 1, "no line of the list is a URL"),
        ("a b\nhttp://127.0.0.1:9\n", 1, "no site could be reached (guard 1)"),
        ("# nothing today\n", 0, "finished"),
    ],
)
def test_a_list_with_malformed_lines_only_ends_with_status_1(
    lines: str, status: int, said: str
) -> None:
    nothing = options({"FRONTIER_URL": "memory:", "STORE_URL": ""})
    code, output = scrapy("crawl", "urls", "-a", "file=-", *nothing, stdin=lines.encode())
    assert code == status, output
    assert said in output


@pytest.mark.slow
@pytest.mark.parametrize("answer", [(404, ""), (500, "")])
@on_reactor
async def test_an_error_page_is_an_answer(tmp_path: Path, answer: Answer) -> None:
    async with site(lambda path, _: (404, "") if path == "/robots.txt" else answer) as one:
        process = start(tmp_path, one.url, {})
        status = await asyncio.to_thread(process.wait)
    assert status == 0, process.output()


@pytest.mark.slow
def test_a_fleet_that_reached_nothing_ends_with_status_1_and_restarts_no_worker(
    tmp_path: Path,
) -> None:
    settings = {"FLEET_DIR": tmp_path / "fleet", "FRONTIER_URL": ""}
    process = start(tmp_path, f"http://127.0.0.1:{free_port()}", settings, "fleet")
    assert process.wait() == 1, process.output()
    assert "no site could be reached (robots-unreachable 1)" in process.output()
    assert "no restarts" in process.output()
