from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawlproj.fleet.crash import how_it_ended, last_words

if TYPE_CHECKING:
    from pathlib import Path

INFO = "2026-11-25 07:10:32 [crawlproj.scheduler] INFO: Continuing job 'site'\n"
VERSIONS = "2026-11-25 07:10:32 [scrapy.utils.log] INFO: Versions:\n{'lxml': '6.1.3',\n 'a': 'b'}\n"
ERROR = "2026-11-25 07:10:33 [crawlproj.x] ERROR: The disk is full\n"
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "a.py", line 1, in parse\n'
    "    raise ValueError\n"
    "ValueError: no such thing\n"
)
USAGE = (
    "Usage\n=====\n  scrapy crawl [options] <spider>\n__main__.py: error: X must be a number\n\n"
)


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", ""),
        (INFO + VERSIONS, ""),
        (INFO + ERROR + INFO + VERSIONS, "The disk is full"),
        (INFO + ERROR + TRACEBACK + INFO, "ValueError: no such thing"),
        (TRACEBACK + ERROR, "The disk is full"),
        (INFO + VERSIONS + USAGE, "X must be a number"),
        ("python: can't open file 'x'\n", "python: can't open file 'x'"),
        (INFO + ERROR.replace("full", "f" * 900), "The disk is " + "f" * 288 + "…"),
    ],
)
def test_the_last_words_are_those_that_may_tell_why(tmp_path: Path, log: str, told: str) -> None:
    path = tmp_path / "log"
    path.write_text(log)
    assert last_words(path) == told


def test_what_an_earlier_process_said_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(ERROR + INFO)
    assert last_words(path, len(ERROR)) == ""
    assert last_words(tmp_path / "missing") == ""


@pytest.mark.slow
def test_a_crash_in_c_is_told_with_the_line_that_led_to_it(tmp_path: Path) -> None:
    script = tmp_path / "spider.py"
    script.write_text("import ctypes\ndef parse():\n    ctypes.string_at(0)\nparse()\n")
    with (tmp_path / "log").open("wb") as log:
        status = subprocess.call(
            [sys.executable, "-X", "faulthandler", str(script)], stdout=log, stderr=log
        )
    assert how_it_ended(status) == "was killed by SIGSEGV"
    words = last_words(tmp_path / "log")
    assert words.startswith("Segmentation fault in ")
    assert "string_at" in words


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (-9, "was killed by SIGKILL"),
        (-36, "was killed by signal 36"),
    ],
)
def test_an_exit_is_told_by_its_status_or_signal(status: int, told: str) -> None:
    assert how_it_ended(status) == told
