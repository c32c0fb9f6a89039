"""No page costs more than seconds, and some hundred megabytes, with all fields that there are."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.content.largest_pages import shapes

# They take some 2 s, and 230 MB; a machine may be busy.
MOST_S, MOST_MB = 5.0, 300


@pytest.mark.slow
def test_the_largest_hostile_pages_take_bounded_time_and_memory() -> None:
    words = [sys.executable, "-m", "tests.content.largest_pages"]
    output = subprocess.run(words, capture_output=True, check=True).stdout
    costs = [json.loads(line) for line in output.splitlines()]
    assert len(costs) == len(shapes())
    assert [cost for cost in costs if cost[1] > MOST_S or cost[2] > MOST_MB] == []
