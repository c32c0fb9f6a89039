"""scrapy-redis's own tests, from its source distribution, run on crawlproj's parts."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from tests import ROOT
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Redis

VERSION = version("scrapy-redis")

# Deliberate differences; docs/how-to/come-from-scrapy-redis.md has a row for each reason.
DIFFERENT = {
    "TestRFPDupeFilter::test_overridable_request_fingerprinter": "key of a request",
    "TestRFPDupeFilter::test_clear_deletes": "how long URLs stay known",
    "TestRFPDupeFilter::test_close_calls_clear": "a worker that closes must not forget",
    "test_log_dupes": "duplicates in the log",
    "TestFromMethods::test_from_settings": "there is no separate dupefilter",
    "TestFromMethods::test_from_crawler": "there is no separate dupefilter",
    "TestBaseQueue::test_custom_serializer": "a payload is JSON",
    "LifoQueueTest::test_queue": "the requests of a site go by priority, then oldest first",
    "ConnectionTest::test_redis_default": "127.0.0.1, which needs no resolver",
}
# The tests that run on crawlproj's parts. The others run scrapy-redis's own classes, which
# RedisSpiders still use.
OF_OURS = (
    "TestRFPDupeFilter::test_request_seen", "DupeFilterTest", "TestBaseQueue", "FifoQueueTest",
    "PriorityQueueTest", "LifoQueueTest", "SchedulerTest", "ConnectionTest",
    "test_consume_urls_from_redis",
)  # fmt: skip


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests of the installed version of scrapy-redis."""
    folder = tmp_path_factory.mktemp("scrapy-redis")
    got = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
         "--no-build-isolation", "--dest", str(folder), f"scrapy-redis=={VERSION}"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"no package registry has the sources of scrapy-redis {VERSION}: {got.stderr}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.glob("*/tests")
    return found


def outcomes(suite: Path, server: Redis, report: Path) -> tuple[dict[str, bool], str]:
    """Run the tests; returns whether each passed, and the output."""
    at = urlsplit(server.url())
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", str(suite), "-p", "tests.scrapy_redis.ours",
         "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"],
        cwd=suite.parent, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REDIS_HOST": str(at.hostname),
             "REDIS_PORT": str(at.port)},
    )  # fmt: skip
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        within = case.attrib["classname"].rpartition(".")[2]
        name = case.attrib["name"]
        found[name if within.startswith("test_") else f"{within}::{name}"] = not len(case)
    return found, finished.stdout


def test_the_tests_of_scrapy_redis_pass_except_for_documented_differences(
    suite: Path, server: Redis, tmp_path: Path
) -> None:
    found, output = outcomes(suite, server, tmp_path / "report.xml")
    failed = {name for name, passed in found.items() if not passed}
    assert failed == set(DIFFERENT), output
    on_ours = [name for name in found if name.startswith(OF_OURS) and name not in DIFFERENT]
    assert (len(found), len(on_ours)) == (49, 22), on_ours


def test_every_difference_is_documented_with_its_reason() -> None:
    documented = (ROOT / "docs/how-to/come-from-scrapy-redis.md").read_text()
    assert [reason for reason in DIFFERENT.values() if reason not in documented] == []
