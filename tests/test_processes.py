"""Forked processes behave as ``python -m scrapy`` would, and only marked tests may start them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.processes import Scrapy, options, scrapy


@pytest.mark.slow
def test_a_process_has_its_own_output_and_exit_status() -> None:
    assert scrapy("list") == (0, "archived\nsite\nurls\nwatch\n")
    code, output = scrapy("crawl", "nothing")
    assert code == 2
    assert "nothing" in output


@pytest.mark.slow
def test_a_process_has_its_own_environment() -> None:
    words = ("settings", "--get", "CONCURRENT_REQUESTS")
    default = scrapy(*words)
    assert scrapy(*words, env={"CRAWLPROJ_CONCURRENT_REQUESTS": "7"}) == (0, "7\n")
    assert scrapy(*words) == default != (0, "7\n")


@pytest.mark.slow
def test_a_process_reads_what_it_is_given_and_no_more() -> None:
    nothing = options({"FRONTIER_URL": "memory:", "STORE_URL": ""})
    code, output = scrapy("crawl", "urls", "-a", "file=-", *nothing, stdin=b"{broken\n")
    assert code == 1
    assert "line 1" in output


@pytest.mark.slow
def test_a_process_is_ended_by_a_signal_or_when_it_takes_too_long() -> None:
    nothing = options({"FRONTIER_URL": "memory:", "STORE_URL": ""})
    shell = ("shell", "--nolog", "-c", "__import__('time').sleep(60)", *nothing)
    killed = Scrapy(*shell)
    assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    with pytest.raises(subprocess.TimeoutExpired):
        scrapy(*shell, timeout_s=2.0)


def test_a_test_without_a_mark_cannot_start_a_process() -> None:
    with pytest.raises(RuntimeError, match="give it the mark slow"):
        subprocess.run([sys.executable, "-c", ""], check=False)
    with pytest.raises(RuntimeError, match="give it the mark slow"):
        scrapy("version")
