"""A child process is asked line by line, and ends when nobody asks any more."""

from __future__ import annotations

import sys

import pytest

from crawlproj.errors import CrawlprojError
from crawlproj.fleet.asked_process import AskedProcess

pytestmark = pytest.mark.slow

ECHO = """
import json, sys
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    if line == "end\\n":
        sys.exit(3)
    print(json.dumps({"heard": line.strip()}), flush=True)
"""


def child() -> AskedProcess:
    process = AskedProcess([sys.executable, "-c", ECHO], "the echo")
    assert process.read() == "ready"
    return process


def test_each_line_is_answered() -> None:
    process = child()
    try:
        assert process.ask("one") == {"heard": "one"}
        assert process.ask() == {"heard": ""}
    finally:
        process.close()


def test_a_process_that_has_ended_is_named_with_its_status_however_often_it_is_asked() -> None:
    process = child()
    try:
        for _ in range(2):
            with pytest.raises(CrawlprojError, match="the echo ended with status 3"):
                process.ask("end")
    finally:
        process.close()
