"""The behaviour that scrapyd, container engines and Kubernetes rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests import ROOT
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_worker_reads_its_environment_and_reports_by_exit_status_and_log_file(
    tmp_path: Path,
) -> None:
    place, log = f"sqlite:///{tmp_path}/crawl.db", tmp_path / "job.log"
    variables = {
        "CRAWLPROJ_FRONTIER_URL": place,
        "CRAWLPROJ_STORE_URL": place,
        "CRAWLPROJ_GUARD_ALLOW": "127.0.0.0/8",
        "CRAWLPROJ_STOPPED_EXIT_STATUS": "75",
        "CRAWLPROJ_LOG_FILE": str(log),
    }
    with DemoWeb([SiteSpec("slow", "slow", 160)], tmp_path / "access.log") as web:
        command = [sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"url={web.url('slow')}"]

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command, cwd=ROOT, env=os.environ | variables, stderr=subprocess.PIPE
            )

        worker = start()
        until(lambda: len(web.log()) >= 60)
        worker.send_signal(signal.SIGTERM)
        _, errors = worker.communicate(timeout=PATIENCE_S)
        assert (worker.returncode, errors) == (75, b"")
        assert "left for the next run" in log.read_text()
        worker = start()
        _, errors = worker.communicate(timeout=PATIENCE_S)
        assert (worker.returncode, errors) == (0, b"")
        assert "finished (generation 1)" in log.read_text()
