"""scrapy-redis's own tests, from its source distribution, with our parts in the place of theirs."""

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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Redis

VERSION = version("scrapy-redis")

# What does not agree, on purpose; docs/how-to/come-from-scrapy-redis.md has a row for each reason.
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
# Where theirs are replaced: the tests that say something about ours. The others run their own
# classes, which RedisSpiders go on using.
OF_OURS = (
    "TestRFPDupeFilter::test_request_seen", "DupeFilterTest", "TestBaseQueue", "FifoQueueTest",
    "PriorityQueueTest", "LifoQueueTest", "SchedulerTest", "ConnectionTest",
    "test_consume_urls_from_redis",
)  # fmt: skip


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their tests, of the version that is installed."""
    folder = tmp_path_factory.mktemp("scrapy-redis")
    got = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
         "--no-build-isolation", "--dest", str(folder), f"scrapy-redis=={VERSION}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"no package registry has the sources of scrapy-redis {VERSION}: {got.stderr}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.glob("*/tests")
    return found


def outcomes(suite: Path, server: Redis, report: Path) -> tuple[dict[str, bool], str]:
    """Run them; returns whether each passed, and what was printed."""
    at = urlsplit(server.url())
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", str(suite), "-p", "tests.scrapy_redis.ours",
         "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"],
        cwd=suite.parent, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REDIS_HOST": str(at.hostname),
             "REDIS_PORT": str(at.port)},
    )  # fmt: skip
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        within = case.attrib["classname"].rpartition(".")[2]
        name = case.attrib["name"]
        found[name if within.startswith("test_") else f"{within}::{name}"] = not len(case)
    return found, finished.stdout


def test_their_tests_pass_on_ours_where_behaviour_is_meant_to_agree(
    suite: Path, server: Redis, tmp_path: Path
) -> None:
    found, shown = outcomes(suite, server, tmp_path / "report.xml")
    failed = {name for name, passed in found.items() if not passed}
    assert failed == set(DIFFERENT), shown
    on_ours = [name for name in found if name.startswith(OF_OURS) and name not in DIFFERENT]
    assert (len(found), len(on_ours)) == (49, 22), on_ours


def test_each_difference_is_in_the_docs_with_its_reason() -> None:
    documented = (ROOT / "docs/how-to/come-from-scrapy-redis.md").read_text()
    assert [reason for reason in DIFFERENT.values() if reason not in documented] == []
