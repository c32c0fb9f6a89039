"""What Scrapy gives comes out with the add-on, too: items, requests, stats, files and notes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT
from tests.differential.shapes import SHAPES

if TYPE_CHECKING:
    from pathlib import Path


def run_shapes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what was seen of each shape, "with" and "without" the add-on; one process each."""
    processes = {}
    for how in ("with", "without"):
        (folder / how).mkdir()
        processes[how] = subprocess.Popen(
            [sys.executable, "-m", "tests.differential.run", how, str(folder / how)],
            cwd=folder / how,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
    seen = {}
    for how, process in processes.items():
        _, logged = process.communicate(timeout=900)  # see run.py
        assert process.returncode == 0, logged
        seen[how] = json.loads((folder / how / "seen.json").read_text())
    return seen


def differences(one: Any, other: Any) -> Any:
    """Return what differs, as (one, other), under the keys where it does."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return (one, other)
    return {
        key: differences(one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }


def take_off_excused(stats: dict[str, int]) -> None:
    """Leave out the requests that were tried again, uncounted, because of others beside them.

    Whether a page that fails was sent with more in flight than its site then bears is a matter of
    milliseconds.
    """
    excused = stats.pop("concurrency/refused", 0)
    for name in ("downloader/request_count", "downloader/request_method_count/GET"):
        if excused and name in stats:
            stats[name] -= excused


@pytest.mark.slow
def test_the_same_comes_out_with_and_without_the_addon(tmp_path: Path) -> None:
    seen = run_shapes(tmp_path)
    assert seen["without"].keys() == SHAPES.keys()
    for shape, found in seen["without"].items():
        assert "raised" not in found, shape
        assert found["asked"], f"{shape} asked for nothing"
        assert found["items"] or found["notes"], f"nothing came out of {shape}"
    for found in seen["with"].values():
        take_off_excused(found.get("stats") or {})
    assert differences(seen["with"], seen["without"]) == {}


def test_there_are_enough_shapes() -> None:
    assert len(SHAPES) >= 89
