"""The processes that the lab measures end: by Ctrl-C, by time, with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from threading import Event

import pytest

from crawlproj.lab.system.subprocesses import Interrupted, failure_reason, run_to_end, running
from tests.waiting import PATIENCE_S, until

MARK = "LAB_INTERRUPT_TEST"


def marked(mark: str) -> set[int]:
    """Return the pids of processes with this mark in their environment."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue  # it has ended, or belongs to another user
            if f"{MARK}={mark}".encode() in environment.split(b"\0"):
                found.add(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize(("name", "children"), [("serve", 6), ("fetch", 2), ("hog", 8)])
def test_ctrl_c_ends_a_measurement_and_all_of_its_processes(
    name: str, children: int, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "scrapy", "lab", name, "--quick", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command,
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # leads a process group, like a job of a shell
    )
    try:
        until(lambda: len(marked(mark)) > children)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_S)
        until(lambda: not marked(mark))
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)

    assert errors == f"interrupted: nothing was written for {name}\n"
    assert process.returncode == 130
    assert output == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_processes_forked_by_a_child_end_with_it() -> None:
    fork = "import os, time; print(os.fork(), flush=True); time.sleep(60)"

    with running([sys.executable, "-c", fork], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        grandchild = int(process.stdout.readline())

    def has_ended() -> bool:
        try:
            return Path(f"/proc/{grandchild}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    until(has_ended)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_another_thread_can_stop_a_child() -> None:
    stop = Event()
    stop.set()

    with pytest.raises(Interrupted):
        run_to_end([sys.executable, "-c", "import time; time.sleep(60)"], 60.0, stop)


@pytest.mark.slow
def test_a_child_is_killed_after_its_timeout() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_to_end([sys.executable, "-c", "import time; time.sleep(60)"], 0.2)


@pytest.mark.slow
def test_the_output_of_a_child_is_returned() -> None:
    done = run_to_end([sys.executable, "-c", "print('output'); raise SystemExit(3)"], 30.0, Event())

    assert (done.stdout, done.returncode) == ("output\n", 3)


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("Traceback:\n  File x\nValueError: too large\n", "ValueError: too large"),
        ("KeyError: 'x'\n  | in a group\n+--- 1 ---\n", "KeyError: 'x'"),
        ("\n", "it printed nothing"),
    ],
)
def test_the_reason_of_a_failure_is_the_last_line_outside_of_tracebacks(
    log: str, reason: str
) -> None:
    assert failure_reason(log, "it printed nothing") == reason
