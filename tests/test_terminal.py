"""A crawl on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawlproj.stop_signals import COPY_S
from tests import ROOT
from tests.processes import options


@pytest.mark.slow
def test_a_second_ctrl_c_takes_the_display_away_and_prints_the_summary(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        settings = {
            "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db",
            "STORE_URL": "",
            "GUARD_ALLOW": "127.0.0.0/8",
            "LOG_LEVEL": "INFO",
        }
        terminal, end = pty.openpty()
        crawl = subprocess.Popen(
            [
                *(sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"url={url}"),
                *options(settings),
            ],
            cwd=ROOT, stdin=end, stdout=end, stderr=end, start_new_session=True,
        )  # fmt: skip
        os.close(end)
        shown = b""
        for sign in ("╰", "Received SIGINT"):  # each Ctrl-C once the one before is heard
            while sign.encode() not in shown:
                shown += os.read(terminal, 65536)
            time.sleep(COPY_S)  # a second one that comes sooner is a copy
            crawl.send_signal(signal.SIGINT)
        while True:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
        crawl.wait(30)
    text = shown.decode()
    _, _, after = text.rpartition("╰")
    assert "\x1b[2K" in after, "the last panel is erased"
    assert "stopped (interrupted twice)" in after
    assert "left for the next run" in after


@pytest.mark.slow
def test_start_urls_as_a_list_pass_the_linter() -> None:
    spider = (
        '"""A spider."""\n\nfrom scrapy import Spider\n\n\nclass Own(Spider):\n'
        '    """A spider."""\n\n    name = "own"\n    start_urls = ["https://example.org/"]\n'
    )
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run(
        [ruff, "check", "--stdin-filename", "crawlproj/spiders/own.py", "-"],
        cwd=ROOT, input=spider.encode(), check=True, capture_output=True,
    )  # fmt: skip
