"""A crawl without its name server, its route or open files waits: real faults."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT
from tests.downloadermiddlewares.crawling import site
from tests.http.helpers import on_reactor
from tests.processes import options
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NAMESPACES = ("unshare", "-rnm")


@pytest.fixture(scope="module")
def _own_network() -> None:
    """Skip where a process may not have a network of its own, as in some containers."""
    command = (*NAMESPACES, "ip", "link", "set", "lo", "up")
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("unshare -rnm is not allowed here")


def crawl(folder: Path, fault: str, seconds: float, *settings: str) -> dict[str, Any]:
    """Crawl 72 pages of 24 sites while ``fault`` lasts for ``seconds``; 0: it never ends."""
    script = (sys.executable, "-m", "tests.away.machine", fault, str(seconds), str(folder))
    command = (*NAMESPACES, *script, *settings)
    subprocess.run(command, check=True, cwd=ROOT, timeout=PATIENCE_S, stderr=subprocess.DEVNULL)
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


@pytest.mark.usefixtures("_own_network")
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("names", "no host name can be resolved"),
        # The first failure may be a look-up, a connection or an answer.
        ("routes", "paused, because "),
    ],
)
def test_no_page_fails_while_the_network_is_away(tmp_path: Path, fault: str, why: str) -> None:
    result = crawl(tmp_path, fault, 6)  # longer than a download may take
    output = result["output"]
    assert result["status"] == 0, output
    assert min(result["answered"].values()) >= 1, output
    assert "The crawl pauses" in output
    assert why in output
    assert "The crawl goes on after a pause of" in output
    assert "paused once without a network" in " ".join(output.split())
    assert "│ failed" not in output
    assert "retry/count" not in output, "an attempt was counted"


@pytest.mark.usefixtures("_own_network")
@pytest.mark.parametrize("fault", ["names", "routes"])
def test_a_crawl_that_can_do_nothing_ends_with_status_1_and_loses_nothing(
    tmp_path: Path, fault: str
) -> None:
    result = crawl(tmp_path, fault, 0, "SITE_PATIENCE=2")
    assert result["status"] == 1, result["output"]
    assert "stopped (network-away); run the same command again" in result["output"]
    assert "│ failed" not in result["output"]


@pytest.mark.usefixtures("_own_network")
def test_good_names_resolve_before_any_of_a_thousand_whose_name_server_is_silent(
    tmp_path: Path,
) -> None:
    script = (sys.executable, "-m", "tests.away.silent_names", str(tmp_path))
    command = (*NAMESPACES, *script)
    ran = subprocess.run(command, check=True, cwd=ROOT, timeout=PATIENCE_S, capture_output=True)
    assert int(ran.stdout) == 0, "silent ones were given up before"


@on_reactor
async def test_a_crawl_with_few_open_files_takes_longer_and_fetches_every_page(
    tmp_path: Path,
) -> None:
    async with site(host="0.0.0.0", latency_s=0.05) as one:
        hosts = range(2, 62)
        urls = [f"http://127.0.0.{n}:{one.port}/{page}" for page in range(3) for n in hosts]
        (tmp_path / "urls.txt").write_text("\n".join(urls))
        settings = {
            "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
            "STORE_URL": f"sqlite:///{tmp_path}/crawl.db",
            "GUARD_ALLOW": "127.0.0.0/8",
            "CONCURRENT_REQUESTS": 64,
        }
        words = ("crawl", "urls", "-a", f"file={tmp_path}/urls.txt", *options(settings))
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'ulimit -n 64; exec "$@"', "sh"),
            *(sys.executable, "-m", "scrapy", *words),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        shown = (await process.communicate())[0].decode()
    assert process.returncode == 0, shown
    assert "The limit of open files has room for only 16 requests" in shown
    assert Counter(path for path, _ in one.asked if path != "/robots.txt") == Counter(
        {f"/{page}": 60 for page in range(3)}
    )
    assert "│ failed" not in shown
