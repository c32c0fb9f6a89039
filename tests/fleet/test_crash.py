from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawlproj.fleet.crash import describe_exit, last_error

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
    ("log", "error"),
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
def test_the_last_error_in_a_log_is_found(tmp_path: Path, log: str, error: str) -> None:
    path = tmp_path / "log"
    path.write_text(log)
    assert last_error(path) == error


def test_errors_of_an_earlier_process_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(ERROR + INFO)
    assert last_error(path, len(ERROR)) == ""
    assert last_error(tmp_path / "missing") == ""


@pytest.mark.slow
def test_a_crash_in_c_is_described_with_the_function_that_caused_it(tmp_path: Path) -> None:
    script = tmp_path / "spider.py"
    script.write_text("import ctypes\ndef parse():\n    ctypes.string_at(0)\nparse()\n")
    with (tmp_path / "log").open("wb") as log:
        status = subprocess.call(
            [sys.executable, "-X", "faulthandler", str(script)], stdout=log, stderr=log
        )
    assert describe_exit(status) == "was killed by SIGSEGV"
    words = last_error(tmp_path / "log")
    assert words.startswith("Segmentation fault in ")
    assert "string_at" in words


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (-9, "was killed by SIGKILL"),
        (-36, "was killed by signal 36"),
    ],
)
def test_an_exit_is_described_by_its_status_or_signal(status: int, description: str) -> None:
    assert describe_exit(status) == description
