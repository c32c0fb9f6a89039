"""The description of the machine, and the memory of a process tree."""

from __future__ import annotations

import json
import os

import pytest

from crawlproj.lab.fetch.toolkit.job import burn
from crawlproj.lab.system.machine import busy_s, cpu_share_in_use, describe
from crawlproj.lab.system.process_memory import descendants, parent_of, pss_bytes


def test_the_machine_is_described() -> None:
    machine = describe()

    assert machine["cores"] >= 1
    assert machine["python"].startswith("CPython 3.")
    json.dumps(machine, allow_nan=False)


def test_figures_are_provisional_if_other_programs_used_5_percent_of_the_machine() -> None:
    assert not describe()["busy"]
    assert not describe(0.04)["busy"]
    assert describe(0.06)["busy"]


@pytest.mark.skipif(not busy_s(), reason="the system does not provide the CPU use of all processes")
def test_the_cpu_use_of_a_program_is_seen() -> None:
    assert (cpu_share_in_use(burn) or 0) >= 0.9 / (os.cpu_count() or 1)


def test_memory_is_measured_for_a_running_process() -> None:
    mine = pss_bytes(os.getpid())

    assert mine is None or mine > 1_000_000
    assert pss_bytes(2**30) is None


def test_descendants_are_found_whatever_their_order() -> None:
    parents = {9: 8, 8: 7, 7: 1, 6: 5, 5: 1}

    assert descendants(parents, 7) == {7, 8, 9}


def test_a_process_can_have_any_name() -> None:
    assert parent_of("12 (a) S (b) R 34 12 12 0 -1") == 34
